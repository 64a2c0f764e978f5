"""What only numbers with the phone app are told: echoes, old messages, the address book. Pure.

The rest of a delivery is read as the Cloud API's.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from providers.types import BrokenItem, ContactSynced, Event, HistoryProgress
from providers.whatsapp import inbound, messages
from providers.whatsapp.inbound import FieldReader, Value, at_number, items
from providers.whatsapp.reading import People, Place, Skip, addresses, provider_error
from providers.whatsapp_coexistence import wire
from providers.wire import moment, word_of

MOST_ITEMS: Final = 30_000
"""Old messages come thousands at a time, as many as fit in 3 MB."""


def parse(body: bytes, *, waba_id: str) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not WhatsApp's."""
    return inbound.parse(body, fields=FIELDS, waba_id=waba_id, limit=MOST_ITEMS)


def _echoes(value: Value, place: Place) -> Iterator[Event]:
    yield from items(value, "message_echoes", at_number(value, place), messages.read_echo)


# Old messages ------------------------------------------------------------------------------


def _history(value: Value, place: Place) -> Iterator[Event]:
    """Give the chunks of a delivery, or the files that come after their placeholders."""
    place = at_number(value, place).inside("", is_imported=True)
    yield from items(value, "history", place, _chunk)
    yield from items(value, "messages", place, messages.read)
    yield from items(value, "message_echoes", place, messages.read_echo)
    if not any(value.get(key) for key in ("history", "messages", "message_echoes")):
        raise Skip("empty")


def _chunk(item: dict[str, Any], place: Place) -> Iterator[Event]:
    chunk = wire.Chunk.model_validate(item)
    yield from items(item, "threads", place, _thread)
    if chunk.metadata or chunk.errors:
        progress = chunk.metadata or wire.ChunkMetadata()
        yield HistoryProgress(
            path=place.path,
            inbox_address=place.inbox_address,
            phase=progress.phase,
            chunk=progress.chunk_order,
            percent=min(progress.progress, 100),
            error=provider_error(chunk.errors) if chunk.errors else None,
        )


def _thread(item: dict[str, Any], place: Place) -> Iterator[Event]:
    thread = wire.Thread.model_validate(item)
    context = thread.context
    person = {
        "wa_id": context.wa_id or thread.id,
        "user_id": context.user_id,
        "parent_user_id": context.parent_user_id,
        "profile": {"username": context.username},
    }

    def read(message: Any, at: Place) -> Iterator[Event]:
        if not isinstance(message, dict):
            return iter((BrokenItem(path=at.path, error="not an object"),))
        sender, recipient = _text(message.get("from")), _text(message.get("to"))
        is_addressed = bool(recipient or message.get("to_user_id")) and not at.is_own(recipient)
        if at.is_own(sender) or is_addressed:
            return messages.read_echo({**message, "to": recipient or thread.id}, at)
        return messages.read({**message, "from": sender or thread.id, "to": ""}, at)

    yield from items(item, "messages", place.inside("", people=People([person])), read)


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


# The address book --------------------------------------------------------------------------


def _book(value: Value, place: Place) -> Iterator[Event]:
    yield from items(value, "state_sync", at_number(value, place), _book_entry)


def _book_entry(item: dict[str, Any], place: Place) -> Iterator[Event]:
    entry = wire.BookEntry.model_validate(item)
    if entry.type != "contact" or entry.action not in {"add", "remove"}:
        raise Skip(f"state_sync:{word_of(entry.type)}:{word_of(entry.action)}")
    contact = entry.contact
    found = addresses(contact.phone_number, contact.user_id, contact.parent_user_id)
    if not found:
        yield BrokenItem(path=place.path, error="contact.phone_number: missing")
        return
    yield ContactSynced(
        path=place.path,
        inbox_address=place.inbox_address,
        address=found[0],
        aliases=tuple(found[1:]),
        name=(contact.full_name.strip() or contact.first_name.strip())[:200],
        is_removed=entry.action == "remove",
        provider_time=moment(entry.metadata.timestamp),
    )


FIELDS: Final[Mapping[str, FieldReader]] = {
    **inbound.FIELDS,
    "smb_message_echoes": _echoes,
    "history": _history,
    "smb_app_state_sync": _book,
}
