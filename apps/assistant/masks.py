"""What of a text is somebody's phone, e-mail, document or account, and how it is hidden and told again.

Amounts, dates, times, ages and the codes of courses are none of these. Where both readings are possible it is hidden:
a mask can be taken off, a number that was told cannot be taken back.
"""

import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from apps.people.models import HOME, canonical_number


class Personal(StrEnum):
    """What is hidden; the value is what its mask says."""

    TEXT = "dato"  #: words that look like a mask of ours
    EMAIL = "correo"
    ACCOUNT = "cuenta"  #: CBU, CVU
    CARD = "tarjeta"
    TAX_ID = "CUIT"
    DOCUMENT = "documento"
    PHONE = "teléfono"
    ALIAS = "alias"  #: of an account


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that is personal, and where it stands."""

    kind: Personal
    start: int
    end: int
    words: str

    @property
    def key(self) -> str:
        """Return what is the same however it is written."""
        return _key(self.kind, self.words)


def _key(kind: str, words: str) -> str:
    match kind:
        case Personal.PHONE:
            return f"{kind}:{canonical_number(words, region=HOME)}"
        case Personal.TEXT | Personal.EMAIL | Personal.ALIAS:
            return f"{kind}:{words.casefold()}"
        case _:
            return f"{kind}:{''.join(letter for letter in words if letter.isalnum()).casefold()}"


_TAKEN = "\0"
_NONE: Mapping[str, Personal] = MappingProxyType({})
_MASK = re.compile(rf"\[(?:{'|'.join(Personal)}) \d+\]", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_ACCOUNT = re.compile(r"(?<!\d)(?:\d(?:[ .-]{0,2}\d){21}|\d{18,26})(?!\d)")
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|3[47]\d{2}[ -]\d{6}[ -]\d{5}|\d{14,19})(?!\d)")
_TAX_ID = re.compile(r"(?<!\d)(?:2[03-7]|3[034])[ -]?\d{2}\.?\d{3}\.?\d{3}[ -]?\d(?!\d)")
_NAMED_DOCUMENT = re.compile(
    r"\b(?:d\.?n\.?i\.?|documentos?|doc|l\.?[ec]\.?|c[ée]dula|pasaporte)\b[^\d\n]{0,25}?"
    r"(?P<it>[A-Z]{0,3}\d(?:[ .-]?\d){5,8})(?!\d)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"(?<![\w.,+])(?<!\d[ -])\d{2}(?P<gap>[. ])\d{3}(?P=gap)\d{3}(?![ .-]?\d|,\d)")
_BARE_DOCUMENT = re.compile(r"(?<![\w.,])(?<![A-Za-z][-_/])\d{8}(?![.,]?\d)")
_PHONE = re.compile(r"(?<!\d)(?<!\d[.,])(?:\+[ \t]?)?\(?\d(?:[ \t\u00a0().-]{0,3}\d){5,16}(?!\d)")
_NUMBER = re.compile(r"(?<!\d)\+?\d(?:[ ().-]{0,2}\d){5,14}(?!\d)")
_TWO_PHONES = re.compile(r"(?<![\d+])(?:\d[().-]?[ ]?){9}\d(?= \(?\d(?:[ ().-]{0,2}\d){5,})")
"""The first of several in a row."""
_ALIAS = re.compile(
    r"(?<![\w@./-])(?=[\w.-]{6,20}(?![\w@]))[a-z0-9ñ-]+\.[a-z0-9ñ-]+\.[a-z0-9ñ-]+(?![\w@/])", re.IGNORECASE
)
_NAMED_ALIAS = re.compile(
    r"\balias\b(?:\s+(?:es|cbu|cvu|mp|de mp))?\s*(?P<colon>[:=]?)\s*(?P<it>[\w.-]{6,20})(?![\w@])", re.IGNORECASE
)

_AMOUNT = re.compile(
    r"(?:\$|\bARS|\bUSD|\bU\$[SD]|\bUS\$|€)\s?\d[\d.,]{0,20}"
    r"|(?<![\d.,])\d[\d.,]{0,20}\s?(?:pesos|d[óo]lares|usd|ars|euros|lucas|mil\b|millones|%|cuotas)"
    r"|(?<![\d.])\d{1,3}(?:\.\d{3})*\.000(?:,\d{1,2})?(?![\d.])"
    r"|(?<![\d.])\d\.\d{3}\.\d{3}(?:,\d{1,2})?(?![\d.])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])(?P<gap>[/. -])(?:0?[1-9]|1[0-2])(?P=gap)(?:(?:19|20)\d{2}|\d{2})(?!\d)"
    r"|(?<!\d)(?:19|20)\d{2}(?P<dash>[-/.])\d{1,2}(?P=dash)\d{1,2}(?!\d)"
    r"|(?<!\d)(?:19|20)\d{2}(?:[ ]?[-/,y][ ]?(?:19|20)\d{2})+(?!\d)"
)
_TIME = re.compile(r"(?<![\d.:])\d{1,2}[:.]\d{2}(?:\s?(?:a|-|–|y)\s?\d{1,2}[:.]\d{2})?(?:\s?hs?\b)?(?![\d.])")
_ABOUT_PHONES = re.compile(
    r"(?:tel|cel|whats|wsp|wpp|llam|n[úu]mero|nro|contact|fijo|l[íi]nea)\w*\W{1,3}(?:(?:es|al?|el|mi) )?\W{0,2}$",
    re.IGNORECASE,
)
_AMOUNT_DIGITS = 9
_NO_ALIAS = re.compile(
    r"^www\.|\.(?:com|ar|org|net|gob|edu|pdf|jpe?g|png|docx?|xlsx?|mp[34]|ogg|example)$|^[\d.-]+$", re.IGNORECASE
)


def found_in(text: str, *, theirs: Mapping[str, Personal] = _NONE) -> list[Found]:
    """Return what of a text is personal, in its order; nothing overlaps.

    `theirs` are numbers somebody is known by, digits only: those are found however they are written.
    """
    spans = [(kind, *each.span()) for each in _NUMBER.finditer(text) if (kind := _known(each[0], theirs))]
    found = [Found(kind=kind, start=start, end=end, words=text[start:end]) for kind, start, end in spans]
    left, before = _without(text, [(start, end) for _kind, start, end in spans]), ""
    while left != before:  # numbers that run into each other are told apart once some of them are gone
        before = left
        for kind, pattern, is_meant in _LOOKED_FOR:
            places = [_span(each) for each in pattern.finditer(left) if is_meant(each, text)]
            if kind is not None:
                found += [Found(kind=kind, start=start, end=end, words=text[start:end]) for start, end in places]
            left = _without(left, places)
    return sorted(found, key=lambda each: each.start)


def mask(
    text: str, masks: MutableMapping[str, str], *, ours: Collection[str] = (), theirs: Mapping[str, Personal] = _NONE
) -> str:
    """Return a text with masks for what is personal in it, and note in `masks` what each hides.

    What was hidden before gets the mask it had. `ours` are the keys of what the house itself says.
    """
    names = {_key(known[1:].split(" ")[0], words): known for known, words in masks.items()}
    parts: list[str] = []
    at = 0
    for found in found_in(text, theirs=theirs):
        if found.key in ours:
            continue
        if found.key not in names:
            number = 1 + sum(known.startswith(f"[{found.kind} ") for known in masks)
            names[found.key] = f"[{found.kind} {number}]"
            masks[names[found.key]] = found.words
        parts += [text[at : found.start], names[found.key]]
        at = found.end
    return "".join([*parts, text[at:]])


def unmask(text: str, masks: Mapping[str, str]) -> str:
    """Return a text with the words its masks hide; a mask nobody gave stays as it is."""
    hidden = {known.casefold(): words for known, words in masks.items()}
    return _MASK.sub(lambda found: hidden.get(found[0].casefold(), found[0]), text)


def _known(words: str, theirs: Mapping[str, Personal]) -> Personal | None:
    digits = _digits(words)
    return next((kind for number, kind in theirs.items() if number.endswith(digits)), None)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{_TAKEN * (end - start)}{text[end:]}"
    return text


def _span(found: re.Match[str]) -> tuple[int, int]:
    return found.span("it" if "it" in found.re.groupindex else 0)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _is_card(found: re.Match[str], _text: str) -> bool:
    """Tell whether a long number may be of a card: written in groups as they are, or its last digit proves it."""
    if not found[0].isdecimal():
        return True
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(found[0]))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _is_amount(found: re.Match[str], _text: str) -> bool:
    return len(_digits(found[0])) <= _AMOUNT_DIGITS


def _is_document(found: re.Match[str], _text: str) -> bool:
    return not found[0].endswith("0000")


def _is_named_alias(found: re.Match[str], _text: str) -> bool:
    return bool(found["colon"] or re.search(r"[.\d-]", found["it"]))


def _is_alias(found: re.Match[str], _text: str) -> bool:
    return not _NO_ALIAS.search(found[0])


def _is_phone(found: re.Match[str], text: str) -> bool:
    """Tell whether a number is dialled: by how long it is, how it is grouped, and what stands before it."""
    words, before = found[0], text[max(found.start() - 25, 0) : found.start()]
    groups = re.findall(r"\d+", words)
    digits = "".join(groups)
    if re.search(r"[A-Za-z][-_/]$", before) and len(digits) < 10:
        return False  # the code of something
    if _ABOUT_PHONES.search(before) or words.startswith("+"):
        return True
    numbers = [int(group) for group in groups]
    if len(groups) > 2 and max(map(len, groups)) <= 2 and numbers == sorted(set(numbers)):
        return False  # ages, days, times: counted, not dialled
    if len(digits) > 8:
        return True
    shape = [len(group) for group in groups]
    return shape in ([4, 4], [3, 4]) and re.fullmatch(r"\(?\d+\)?-\d+", words) is not None


def _always(_found: re.Match[str], _text: str) -> bool:
    return True


_LOOKED_FOR: tuple[tuple[Personal | None, re.Pattern[str], Callable[[re.Match[str], str], bool]], ...] = (
    (Personal.TEXT, _MASK, _always),
    (Personal.EMAIL, _EMAIL, _always),
    (Personal.ACCOUNT, _ACCOUNT, _always),
    (Personal.CARD, _CARD, _is_card),
    (Personal.DOCUMENT, _NAMED_DOCUMENT, _always),
    (Personal.TAX_ID, _TAX_ID, _always),
    (None, _DATE, _always),
    (None, _AMOUNT, _is_amount),
    (None, _TIME, _always),
    (Personal.DOCUMENT, _DOCUMENT, _is_document),
    (Personal.DOCUMENT, _BARE_DOCUMENT, _is_document),
    (Personal.PHONE, _TWO_PHONES, _always),
    (Personal.PHONE, _PHONE, _is_phone),
    (Personal.ALIAS, _NAMED_ALIAS, _is_named_alias),
    (Personal.ALIAS, _ALIAS, _is_alias),
)
"""What is looked for, the surest first; without a kind, what surely is nobody's. What was found is taken."""
