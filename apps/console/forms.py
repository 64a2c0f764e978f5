"""What is entered in the forms of the chat page: contents of a message, whose limits are the channel's and asked
later, and what people say of a suggestion."""

import re
from collections.abc import Callable, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.inboxes.models import AssistantMode
from providers.contents import ContactCard, Contacts, Location, Menu, MenuRow, MenuSection
from providers.meta import clean_text

_DEGREES = re.compile(r"[^\d-]*(-?\d{1,3}(?:[.,]\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:[.,]\d+)?)\D*", re.ASCII)
_IN_LINK = re.compile(r"(?:@|q=|query=|ll=|mlat=)(-?\d{1,3}\.\d+)(?:,|%2C|&mlon=)(-?\d{1,3}\.\d+)", re.ASCII)
ROWS = 50
RATINGS = frozenset("12345")


def place(entered: Mapping[str, str]) -> Location:
    """Return a place; its coordinates as numbers or inside a link of a map. Raises ValidationError "bad_location"."""
    where = _word(entered, "where")
    found = _IN_LINK.search(where) or _DEGREES.fullmatch(where)
    if found is None:
        words = _("Write the coordinates, like -24.7892, -65.4106, or paste the link of a map.")
        raise ValidationError({"where": ValidationError(words, code="bad_location")})
    latitude, longitude = (float(number.replace(",", ".")) for number in found.groups())
    return Location(
        latitude=latitude, longitude=longitude, name=_word(entered, "name"), address=_word(entered, "address")
    )


def card(entered: Mapping[str, str]) -> Contacts:
    """Return the card of a person."""
    phones = tuple(one for one in (_word(entered, "phone"),) if one)
    emails = tuple(one for one in (_word(entered, "email"),) if one)
    one = ContactCard(
        name=_word(entered, "name"), phones=phones, emails=emails, organization=_word(entered, "organization")
    )
    return Contacts(cards=(one,))


def menu(entered: Mapping[str, str]) -> Menu:
    """Return a question with buttons or with a list: one choice per line, its description after a bar."""
    lines = [line.strip() for line in clean_text(entered.get("choices", "")).splitlines() if line.strip()][:ROWS]
    parts = [line.partition("|") for line in lines]
    rows = tuple(
        MenuRow(id=f"choice-{number}", title=title.strip(), description=description.strip())
        for number, (title, _bar, description) in enumerate(parts, start=1)
    )
    header, footer = _word(entered, "header"), _word(entered, "footer")
    body = clean_text(entered.get("body", "")).replace("\r\n", "\n").strip()
    if entered.get("shape") != "list":
        return Menu(body=body, header=header, footer=footer, buttons=rows)
    sections = (MenuSection(title="", rows=rows),) if rows else ()
    return Menu(body=body, list_label=_word(entered, "list_label"), header=header, footer=footer, sections=sections)


def remark(entered: Mapping[str, str]) -> tuple[int, str]:
    """Return how good a suggestion was, 0 where that was not said, and why."""
    rating = entered.get("rating", "")
    return int(rating) if rating in RATINGS else 0, clean_text(entered.get("feedback", "")).strip()


def mode_asked(entered: Mapping[str, str]) -> AssistantMode:
    """Return what the assistant shall do; what makes no sense means the one that harms least."""
    mode = entered.get("mode", "")
    return AssistantMode(mode) if mode in AssistantMode.values else AssistantMode.SUGGEST


def _word(entered: Mapping[str, str], name: str) -> str:
    return " ".join(clean_text(entered.get(name, "")).split())


CONTENTS: dict[str, Callable[[Mapping[str, str]], Location | Contacts | Menu]] = {
    "place": place,
    "card": card,
    "menu": menu,
}
