"""What of a text is somebody's phone, e-mail, document or account, and how it is hidden and told again.

Amounts, dates, times, ages and the codes of courses are none of these. Where both readings are possible it is hidden:
a placeholder is reversible, a number that was told is not.
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum

from apps.people.models import HOME, canonical_number


class Personal(StrEnum):
    """What is hidden; the value is what its placeholder says."""

    TEXT = "dato"  #: words that look like a placeholder of ours
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


_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(Personal)}) \d+\]", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"(?<!\d)\d(?:[ .-]{0,2}\d){21}(?!\d)")
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|3[47]\d{2}[ -]\d{6}[ -]\d{5}|\d{14,19})(?!\d)")
_TAX_ID = re.compile(r"(?<!\d)(?:2[03-7]|3[034])[ -]?\d{2}\.?\d{3}\.?\d{3}[ -]?\d(?!\d)")
_NAMED_DOCUMENT = re.compile(
    r"\b(?:d\.?n\.?i\.?|documentos?|doc|l\.?[ec]\.?|c[ée]dula|pasaporte)\b[^\d\n]{0,25}?"
    r"(?P<it>[A-Z]{0,3}\d(?:[ .-]?\d){5,8})(?!\d)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"(?<![\w.,])\d{2}(?P<gap>[. ])\d{3}(?P=gap)\d{3}(?![\d,])")
_BARE_DOCUMENT = re.compile(r"(?<![\w.,])(?<![A-Za-z][-_/])\d{8}(?![\d,]|\.\d)")
_PHONE = re.compile(r"(?<!\d)(?<!\d[.,])(?:\+[ \t]?)?\(?\d(?:[ \t\u00a0().-]{0,3}\d){5,16}(?!\d)")
_ALIAS = re.compile(
    r"(?<![\w@./-])(?=[\w.-]{6,20}(?![\w@]))[a-z0-9ñ-]+\.[a-z0-9ñ-]+\.[a-z0-9ñ-]+(?![\w@/])", re.IGNORECASE
)
_NAMED_ALIAS = re.compile(
    r"\balias\b(?:\s+(?:es|cbu|cvu|mp|de mp))?\s*(?P<colon>[:=]?)\s*(?P<it>[\w.-]{6,20})(?![\w@])", re.IGNORECASE
)

_AMOUNT = re.compile(
    r"(?:\$|\bARS|\bUSD|\bU\$[SD]|\bUS\$|€)\s?\d[\d.,]*"
    r"|\d[\d.,]*\s?(?:pesos|d[óo]lares|usd|ars|euros|lucas|mil\b|millones|%|cuotas)"
    r"|(?<![\d.])\d{1,3}(?:\.\d{3})*\.000(?:,\d{1,2})?(?![\d.])"
    r"|(?<![\d.])\d\.\d{3}\.\d{3}(?:,\d{1,2})?(?![\d.])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])(?P<gap>[/. -])(?:0?[1-9]|1[0-2])(?P=gap)(?:(?:19|20)\d{2}|\d{2})(?!\d)"
    r"|(?<!\d)(?:19|20)\d{2}(?P<dash>[-/.])\d{1,2}(?P=dash)\d{1,2}(?!\d)"
    r"|(?<!\d)(?:19|20)\d{2}(?:[ ]?[-/,y][ ]?(?:19|20)\d{2})+(?!\d)"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.]\d{2}(?:\s?(?:a|-|–|y)\s?\d{1,2}[:.]\d{2})?(?:\s?hs?\b)?(?![\d.])")
_ABOUT_PHONES = re.compile(
    r"(?:tel|cel|whats|wsp|wpp|llam|n[úu]mero|nro|contact|fijo|l[íi]nea)\w*\W{1,3}(?:(?:es|al?|el|mi) )?\W{0,2}$",
    re.IGNORECASE,
)
_AMOUNT_DIGITS = 9
_NO_ALIAS = re.compile(
    r"^www\.|\.(?:com|ar|org|net|gob|edu|pdf|jpe?g|png|docx?|xlsx?|mp[34]|ogg|example)$|^[\d.-]+$", re.IGNORECASE
)


def found_in(text: str) -> list[Found]:
    """Return what of a text is personal, in its order; nothing overlaps."""
    taken: list[tuple[int, int]] = []
    found = []
    for kind, start, end in _candidates(text):
        if all(end <= first or start >= last for first, last in taken):
            taken.append((start, end))
            if kind is not None:
                found.append(Found(kind=kind, start=start, end=end, words=text[start:end]))
    return sorted(found, key=lambda each: each.start)


def mask(text: str, masks: MutableMapping[str, str], *, ours: frozenset[str] = frozenset()) -> str:
    """Return a text with placeholders for what is personal in it, and note in `masks` what each stands for.

    What was hidden before gets the placeholder it had. `ours` are the keys of what the house itself says.
    """
    names = {_key(placeholder[1:].split(" ")[0], words): placeholder for placeholder, words in masks.items()}
    parts: list[str] = []
    at = 0
    for found in found_in(text):
        if found.key in ours:
            continue
        if found.key not in names:
            number = 1 + sum(placeholder.startswith(f"[{found.kind} ") for placeholder in masks)
            names[found.key] = f"[{found.kind} {number}]"
            masks[names[found.key]] = found.words
        parts += [text[at : found.start], names[found.key]]
        at = found.end
    return "".join([*parts, text[at:]])


def unmask(text: str, masks: Mapping[str, str]) -> str:
    """Return a text with the words its placeholders stand for; one nobody gave stays as it is."""
    spelled = {placeholder.casefold(): words for placeholder, words in masks.items()}
    return _PLACEHOLDER.sub(lambda found: spelled.get(found[0].casefold(), found[0]), text)


def _candidates(text: str) -> Iterator[tuple[Personal | None, int, int]]:
    """Return what may be personal, the surest first; without a kind: what surely is not."""
    for kind, pattern in (
        (Personal.TEXT, _PLACEHOLDER),
        (Personal.EMAIL, _EMAIL),
        (Personal.ACCOUNT, _ACCOUNT),
        (Personal.CARD, _CARD),
        (Personal.DOCUMENT, _NAMED_DOCUMENT),
        (Personal.TAX_ID, _TAX_ID),
    ):
        for found in pattern.finditer(text):
            if kind is not Personal.CARD or _is_card(found[0]):
                yield kind, *found.span("it" if "it" in found.groupdict() else 0)
    for pattern in (_DATE, _AMOUNT, _TIME):
        for found in pattern.finditer(text):
            if pattern is not _AMOUNT or len(_digits(found[0])) <= _AMOUNT_DIGITS:
                yield None, *found.span()
    for pattern in (_DOCUMENT, _BARE_DOCUMENT):
        for found in pattern.finditer(text):
            if not found[0].endswith("0000"):
                yield Personal.DOCUMENT, *found.span()
    for found in _PHONE.finditer(text):
        if _is_phone(found[0], text[: found.start()]):
            yield Personal.PHONE, *found.span()
    for found in _NAMED_ALIAS.finditer(text):
        if found["colon"] or re.search(r"[.\d-]", found["it"]):
            yield Personal.ALIAS, *found.span("it")
    for found in _ALIAS.finditer(text):
        if not _NO_ALIAS.search(found[0]):
            yield Personal.ALIAS, *found.span()


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _is_card(words: str) -> bool:
    """Tell whether a long number may be of a card: written in groups as they are, or its last digit proves it."""
    if not words.isdecimal():
        return True
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(words))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _is_phone(words: str, before: str) -> bool:
    """Tell whether a number is dialled: by how long it is, how it is grouped, and what stands before it."""
    groups = re.findall(r"\d+", words)
    digits = "".join(groups)
    if re.search(r"[A-Za-z][-_/]$", before) and len(digits) < 10:
        return False  # the code of something
    if _ABOUT_PHONES.search(before[-25:]) or words.startswith("+"):
        return True
    numbers = [int(group) for group in groups]
    if len(groups) > 2 and max(map(len, groups)) <= 2 and numbers == sorted(set(numbers)):
        return False  # ages, days, times: counted, not dialled
    if len(digits) > 8:
        return True
    shape = [len(group) for group in groups]
    return shape in ([4, 4], [3, 4]) and re.fullmatch(r"\(?\d+\)?-\d+", words) is not None
