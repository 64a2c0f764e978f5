"""Visiting cards as text (vCard 2.1 to 4.0), as some providers carry them. Pure.

Only what a card of ours has is read and written. What cannot be read is left out: a stranger's telephone wrote it.
"""

import quopri
import re
from collections.abc import Iterator

from providers.contents import ContactCard
from providers.meta import clean_text

MOST_CARDS = 100
MOST_LINES = 2000
_FOLD = re.compile(r"\r?\n[ \t]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BREAKS = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


def read_cards(text: str) -> list[ContactCard]:
    """Return the cards in a text, those without a name and a number left out."""
    cards = [_card(block) for block in re.split(r"(?i)\bEND:VCARD\b", _FOLD.sub("", text))[:MOST_CARDS]]
    return [card for card in cards if card.name or card.phones]


def write_card(card: ContactCard) -> str:
    """Return one card as vCard 3.0."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{_escape(card.name)};;;", f"FN:{_escape(card.name)}"]
    if card.organization:
        lines.append(f"ORG:{_escape(card.organization)}")
    for phone in card.phones:
        digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
        lines.append(f"TEL;type=CELL;waid={digits}:{_escape(phone)}" if digits else f"TEL:{_escape(phone)}")
    lines += [f"EMAIL:{_escape(email)}" for email in card.emails]
    return "\n".join([*lines, "END:VCARD"])


def _card(block: str) -> ContactCard:
    found: dict[str, list[str]] = {}
    for name, value in _properties(block):
        found.setdefault(name, []).append(value)
    names = found.get("FN") or [" ".join(filter(None, reversed(name.split(";")[:2]))) for name in found.get("N", [])]
    organizations = found.get("ORG", [])
    return ContactCard(
        name=_unescape(next(filter(None, names), ""))[:200],
        phones=tuple(dict.fromkeys(_unescape(value)[:60] for value in found.get("TEL", []) if value)),
        emails=tuple(dict.fromkeys(_unescape(value)[:200] for value in found.get("EMAIL", []) if value)),
        organization=_unescape(organizations[0].partition(";")[0])[:200] if organizations else "",
    )


def _properties(block: str) -> Iterator[tuple[str, str]]:
    """Give the name and the value of each line: "item1.TEL;waid=549…:+54 9 …" is a TEL."""
    for line in block.splitlines()[:MOST_LINES]:
        head, colon, value = line.partition(":")
        name, *parameters = head.split(";")
        if not colon:
            continue
        if any("QUOTED-PRINTABLE" in parameter.upper() for parameter in parameters):
            value = quopri.decodestring(value.encode()).decode(errors="replace")
        name = name.rpartition(".")[2].strip().upper()
        yield name, clean_text(value.removeprefix("tel:") if name == "TEL" else value).strip()


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _escape(value: str) -> str:
    return value.translate(_BREAKS)
