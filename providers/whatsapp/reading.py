"""What every part of a delivery is read with: its place, its people, its small values. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from pydantic import ValidationError

from providers.meta import MOST_ITEMS, safe_text
from providers.types import Address, AddressScope, ProviderError
from providers.whatsapp import codes, wire
from providers.wire import word_of

_PHONE = re.compile(r"\+?([0-9]{5,20})", re.ASCII)
_NO_DIGIT = re.compile(r"[^0-9]", re.ASCII)
#: One number, two spellings: Argentina and Mexico put a digit behind the country's code for mobiles, Brazil one
#: behind the area's.
_SPELLINGS = (
    (re.compile(r"549(\d{10})"), r"54\1"),
    (re.compile(r"521(\d{10})"), r"52\1"),
    (re.compile(r"55(\d{2})9(\d{8})"), r"55\1\2"),
)


class Skip(Exception):
    """This item is understood and left alone; carries the reason."""


class People:
    """The contacts of a delivery that can be read, by each of their ids; a bad one only decorates and is left out.

    The order of the list means nothing, but an only contact is also found by no id at all.
    """

    def __init__(self, items: Any = None) -> None:
        contacts = []
        for item in items[:MOST_ITEMS] if isinstance(items, list) else []:
            try:
                contacts.append(wire.Contact.model_validate(item))
            except ValidationError:
                continue
        self._by_id = {name: contact for contact in contacts for name in (contact.wa_id, contact.user_id) if name}
        if len(contacts) == 1:
            self._by_id[""] = contacts[0]

    def known_as(self, *names: str) -> wire.Contact:
        """Return the contact with any of these ids, an empty one if there is none."""
        given = [name for name in names if name] or [""]
        return next((self._by_id[name] for name in given if name in self._by_id), wire.Contact())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a delivery we are: what leads to an item, and what it shares with its neighbours."""

    path: str
    inbox_address: str = ""
    own_number: str = ""  #: as the provider displays it
    people: People = field(default_factory=People)
    is_imported: bool = False
    is_of_us: bool = True  #: the entry is about the business account this provider's account is for
    time: datetime | None = None  #: of the whole entry

    def inside(self, step: str, **changes: Any) -> Self:
        """Return the place one step further in."""
        return replace(self, path=f"{self.path}{step}", **changes)

    def is_own(self, number: str) -> bool:
        """Return whether this is the number the delivery is about, in any of its spellings."""
        return bool(number and self.own_number) and plain_number(number) == plain_number(self.own_number)


def plain_number(number: str) -> str:
    """Return the digits of a number in the spelling without a mobile's extra digit."""
    digits = _NO_DIGIT.sub("", number)
    for spelling, plain in _SPELLINGS:
        if spelling.fullmatch(digits):
            return spelling.sub(plain, digits)
    return digits


def address(value: str) -> Address:
    """Return the address a WhatsApp id stands for. A user id is opaque: it is never taken apart."""
    if phone := _PHONE.fullmatch(value):
        return Address(scope=AddressScope.PHONE, value=phone[1])
    return Address(scope=AddressScope.BSUID, value=value)


def addresses(*values: str) -> list[Address]:
    """Return the addresses of one person, a phone number first.

    A number may be hidden as "", null or by absence, and a user id may stand in its place.
    """
    found = dict.fromkeys(address(value) for value in values if value)
    return sorted(found, key=lambda one: one.scope is not AddressScope.PHONE)


def display_name(contact: wire.Contact) -> str:
    """Return the name somebody gave himself, "" without one."""
    return contact.profile.name.strip()[:200]


def username(text: str) -> str:
    """Return a user name without its @."""
    return text.strip().removeprefix("@")[:200]


def provider_error(errors: list[wire.Error]) -> ProviderError:
    """Return the first of the errors an item carries."""
    if not errors:
        return ProviderError(code="unknown", title="")
    first = errors[0]
    code = word_of(first.code)
    return ProviderError(
        code=code,
        title=safe_text(first.title or first.message),
        details=safe_text(first.error_data.details),
        reason=codes.reason_for(code),
    )


def objects(value: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a list, nothing where it is none."""
    items = value.get(key)
    yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
