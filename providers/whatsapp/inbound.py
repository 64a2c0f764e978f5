"""One delivery of WhatsApp → our events. Pure: bytes in, events out.

Every entry × change × item is read for itself. Meta mixes numbers and accounts in one delivery and
adds new types without notice, so nothing here may stop the rest.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from providers.errors import UnreadablePayload
from providers.meta import MOST_ITEMS, at_most, invalid_fields, read_object
from providers.types import BrokenItem, Event, Ignored
from providers.whatsapp import account, messages, statuses, wire
from providers.whatsapp.reading import People, Place, Skip
from providers.wire import moment, word_of

type Value = dict[str, Any]
type ItemReader = Callable[[Value, Place], Iterator[Event]]
type FieldReader = Callable[[Value, Place], Iterator[Event]]


def parse(
    body: bytes, *, fields: "Mapping[str, FieldReader] | None" = None, waba_id: str = "", limit: int = MOST_ITEMS
) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not WhatsApp's.

    `fields` reads what each webhook field brings; `waba_id` is the account whose notices concern all of us.
    """
    delivery = read_object(body)
    if delivery.get("object") != "whatsapp_business_account":
        raise UnreadablePayload("wrong_object")
    entries = delivery.get("entry")
    if not isinstance(entries, list):
        raise UnreadablePayload("no_entries")
    readers = FIELDS if fields is None else fields
    events = (_entry(entry, f"entry[{number}]", readers, waba_id) for number, entry in enumerate(entries))
    return at_most(limit, itertools.chain.from_iterable(events))


def _entry(entry: Any, path: str, readers: "Mapping[str, FieldReader]", waba_id: str) -> Iterator[Event]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(changes, list):
        yield BrokenItem(path=path, error="changes: not a list")
        return
    told = entry.get("id")
    concerns = not waba_id or not isinstance(told, str) or told == waba_id
    told_at = moment(str(entry.get("time", "")))
    for number, change in enumerate(changes):
        place = Place(path=f"{path}.changes[{number}]", time=told_at, is_of_us=concerns)
        yield from _change(change, place, readers)


def _change(change: Any, place: Place, readers: "Mapping[str, FieldReader]") -> Iterator[Event]:
    if not isinstance(change, dict):
        yield BrokenItem(path=place.path, error="not an object")
        return
    field = change.get("field")
    reader = readers.get(field) if isinstance(field, str) else None
    if reader is None:
        yield Ignored(path=place.path, reason=f"field:{word_of(field)}")
        return
    value = change.get("value")
    if not isinstance(value, dict):
        yield BrokenItem(path=place.path, error="value: not an object")
        return
    yield from shielded(reader, value, place)


def shielded(reader: FieldReader, value: Value, place: Place) -> Iterator[Event]:
    """Give what a reader gives; what it cannot read becomes an event of its own."""
    try:
        yield from reader(value, place)
    except Skip as skip:
        yield Ignored(path=place.path, reason=str(skip))
    except ValidationError as error:
        yield BrokenItem(path=place.path, error=invalid_fields(error))


def at_number(value: Value, place: Place) -> Place:
    """Return the place at the number a value is about, with the people it names. Raises ValidationError."""
    metadata = wire.Numbered.model_validate(value).metadata
    return place.inside(
        "",
        inbox_address=metadata.phone_number_id,
        own_number=metadata.display_phone_number,
        people=People(value.get("contacts")),
    )


def items(value: Value, key: str, place: Place, read: ItemReader) -> Iterator[Event]:
    """Give what each item of a list says, whatever became of it."""
    found = value.get(key)
    if found is None:
        return
    if not isinstance(found, list):
        yield BrokenItem(path=f"{place.path}.{key}", error="not a list")
        return
    for number, item in enumerate(found):
        yield from shielded(read, item, place.inside(f".{key}[{number}]"))


def _messages(value: Value, place: Place) -> Iterator[Event]:
    place = at_number(value, place)
    yield from items(value, "messages", place, messages.read)
    yield from items(value, "statuses", place, statuses.read)
    yield from items(value, "errors", place, account.read_error)
    if not any(value.get(key) for key in ("messages", "statuses", "errors")):
        raise Skip("empty")


def _preferences(value: Value, place: Place) -> Iterator[Event]:
    yield from items(value, "user_preferences", at_number(value, place), account.read_preference)


def _user_ids(value: Value, place: Place) -> Iterator[Event]:
    """Give new user ids: of the whole account where no number is named."""
    number = at_number(value, place) if value.get("metadata") else place
    yield from items(value, "user_id_update", number, account.read_user_id)


FIELDS: Final[Mapping[str, FieldReader]] = {
    "messages": _messages,
    "user_preferences": _preferences,
    "user_id_update": _user_ids,
    **account.FIELDS,
}
