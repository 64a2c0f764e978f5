"""One delivery of WhatsApp → our events. Pure: bytes in, events out.

Every entry × change × message × status is read for itself. Meta mixes numbers and accounts in
one delivery and adds new types without notice, so nothing here may stop the rest.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from providers.contents import Content, ContentKind, Text, Unsupported
from providers.errors import UnreadablePayload
from providers.meta import MOST_ITEMS, at_most, invalid_fields, read_object, safe_text
from providers.types import (
    Address,
    AddressScope,
    BrokenItem,
    DeliveryStatus,
    Event,
    Ignored,
    InboundMessage,
    ProviderError,
    StatusUpdate,
)
from providers.whatsapp import codes, wire

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_PHONE = re.compile(r"\+?([0-9]{5,20})", re.ASCII)
_WORD = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)

#: Types that arrive and cannot be shown yet.
_FILES = {
    "image": ContentKind.IMAGE,
    "audio": ContentKind.AUDIO,
    "video": ContentKind.VIDEO,
    "document": ContentKind.DOCUMENT,
    "sticker": ContentKind.STICKER,
    "location": ContentKind.LOCATION,
    "contacts": ContentKind.CONTACTS,
}
#: Types that are about another message or about nobody's message at all.
_NO_MESSAGE = frozenset({"reaction", "system", "edit", "revoke", "request_welcome"})
_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,  # a voice note that was heard was certainly seen
    "failed": DeliveryStatus.FAILED,
}

type Contacts = dict[str, wire.Contact]
type Reader = Callable[[dict[str, Any], str, str, Contacts], Event]


class _Skip(Exception):
    """This item is understood and left alone; carries the reason."""


def parse(body: bytes) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not WhatsApp's."""
    delivery = read_object(body)
    if delivery.get("object") != "whatsapp_business_account":
        raise UnreadablePayload("wrong_object")
    entries = delivery.get("entry")
    if not isinstance(entries, list):
        raise UnreadablePayload("no_entries")
    events = (_entry_events(entry, f"entry[{number}]") for number, entry in enumerate(entries))
    return at_most(MOST_ITEMS, itertools.chain.from_iterable(events))


def _entry_events(entry: Any, path: str) -> Iterator[Event]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(changes, list):
        yield BrokenItem(path=path, error="changes: not a list")
        return
    for number, change in enumerate(changes):
        yield from _change_events(change, f"{path}.changes[{number}]")


def _change_events(change: Any, path: str) -> Iterator[Event]:
    if not isinstance(change, dict):
        yield BrokenItem(path=path, error="not an object")
        return
    if change.get("field") != "messages":
        yield Ignored(path=path, reason=f"field:{_word(change.get('field'))}")
        return
    value = change.get("value")
    if not isinstance(value, dict):
        yield BrokenItem(path=path, error="value: not an object")
        return
    metadata = value.get("metadata")
    try:
        inbox = wire.Metadata.model_validate(metadata).phone_number_id
    except ValidationError as error:
        yield BrokenItem(path=path, error=invalid_fields(error, "metadata"))
        return
    contacts = _contacts(value.get("contacts"))
    yield from _items(value, "messages", path, inbox, contacts, _message)
    yield from _items(value, "statuses", path, inbox, contacts, _status)
    yield from _account_errors(value, path)


def _items(
    value: dict[str, Any],
    key: str,
    path: str,
    inbox: str,
    contacts: Contacts,
    read: Reader,
) -> Iterator[Event]:
    """Yield one event for each item of a list, whatever became of it."""
    items = value.get(key)
    if items is None:
        return
    if not isinstance(items, list):
        yield BrokenItem(path=f"{path}.{key}", error="not a list")
        return
    for number, item in enumerate(items):
        where = f"{path}.{key}[{number}]"
        try:
            yield read(item, where, inbox, contacts)
        except _Skip as skip:
            yield Ignored(path=where, reason=str(skip))
        except ValidationError as error:
            yield BrokenItem(path=where, error=invalid_fields(error))


def _account_errors(value: dict[str, Any], path: str) -> Iterator[Event]:
    """Yield what is neither message nor status: trouble of the account, or nothing at all."""
    errors = value.get("errors")
    for number, error in enumerate(errors if isinstance(errors, list) else []):
        code = error.get("code") if isinstance(error, dict) else None
        yield Ignored(path=f"{path}.errors[{number}]", reason=f"errors:{_word(code)}")
    if not any(value.get(key) for key in ("messages", "statuses", "errors")):
        yield Ignored(path=path, reason="empty")


# Messages ----------------------------------------------------------------------------------


def _message(item: dict[str, Any], path: str, inbox: str, contacts: Contacts) -> InboundMessage | BrokenItem:
    message = wire.Message.model_validate(item)
    content = _content(message.type, item)
    if message.group_id:
        raise _Skip("group")
    contact = _contact_of(message, contacts)
    addresses = _addresses(message, contact)
    if not message.id or not addresses:
        return BrokenItem(path=path, error="from: missing" if message.id else "id: missing")
    return InboundMessage(
        path=path,
        inbox_address=inbox,
        provider_message_id=message.id,
        sender=addresses[0],
        aliases=tuple(addresses[1:]),
        sender_name=contact.profile.name.strip()[:200],
        provider_time=_time(message.timestamp),
        content=content,
        reply_to=message.context.id or None,
    )


def _content(kind: str, item: dict[str, Any]) -> Content:
    """Return what the person sent; raises _Skip for what is no message of theirs."""
    body = item.get(kind)
    if kind == "text":
        return Text(body=wire.TextMessage.model_validate(item).text.body)
    if kind in _NO_MESSAGE:
        raise _Skip(f"type:{kind}")
    if kind in _FILES:
        caption = wire.Caption.model_validate(body).caption if isinstance(body, dict) else ""
        return Unsupported(kind=_FILES[kind], caption=caption)
    fields = body if isinstance(body, dict) else {}
    match kind:
        case "button":
            return _pressed(wire.Button.model_validate(fields).text)
        case "interactive":
            reply = wire.Interactive.model_validate(fields)
            return _pressed(reply.button_reply.title or reply.list_reply.title)
        case "order":
            caption = wire.OrderText.model_validate(fields).text
            return Unsupported(kind=ContentKind.ORDER, caption=caption)
        case "unsupported" | "unknown":
            return Unsupported(kind=ContentKind.UNSUPPORTED)
        case _:
            raise _Skip(f"type:{_word(kind)}")


def _pressed(title: str) -> Content:
    """Return the words on the button a person chose, which is what they said."""
    return Text(body=title) if title else Unsupported(kind=ContentKind.INTERACTIVE)


def _contacts(items: Any) -> Contacts:
    """Return the contacts that can be read, by each of their ids; a bad one only decorates and is left out.

    The only contact of a delivery is also found by no id at all.
    """
    contacts = []
    for item in items[:MOST_ITEMS] if isinstance(items, list) else []:
        try:
            contacts.append(wire.Contact.model_validate(item))
        except ValidationError:
            continue
    by_id = {name: contact for contact in contacts for name in (contact.wa_id, contact.user_id) if name}
    return by_id | ({"": contacts[0]} if len(contacts) == 1 else {})


def _contact_of(message: wire.Message, contacts: Contacts) -> wire.Contact:
    """Return the sender's contact, found by id: the order of the list means nothing."""
    names = [name for name in (message.sender, message.from_user_id) if name] or [""]
    return next((contacts[name] for name in names if name in contacts), wire.Contact())


def _addresses(message: wire.Message, contact: wire.Contact) -> list[Address]:
    """Return the sender's addresses, a phone number first.

    A number may be hidden as "", null or by absence, and a user id may stand in its place.
    """
    values = (message.sender, contact.wa_id, message.from_user_id, contact.user_id)
    addresses = dict.fromkeys(address(value) for value in values if value)
    return sorted(addresses, key=lambda found: found.scope is not AddressScope.PHONE)


def address(value: str) -> Address:
    """Return the address a WhatsApp id stands for. A user id is opaque: it is never taken apart."""
    if phone := _PHONE.fullmatch(value):
        return Address(scope=AddressScope.PHONE, value=phone[1])
    return Address(scope=AddressScope.BSUID, value=value)


# Statuses ----------------------------------------------------------------------------------


def _status(item: dict[str, Any], path: str, inbox: str, contacts: Contacts) -> StatusUpdate | BrokenItem:
    status = wire.Status.model_validate(item)
    known = _STATUSES.get(status.status)
    if known is None:
        raise _Skip(f"status:{_word(status.status)}")
    if status.recipient_type == "group":
        raise _Skip("group")
    if not status.id:
        return BrokenItem(path=path, error="id: missing")
    failed = known is DeliveryStatus.FAILED
    return StatusUpdate(
        path=path,
        inbox_address=inbox,
        provider_message_id=status.id,
        status=known,
        provider_time=_time(status.timestamp),
        error=_error(status.errors) if failed else None,
        callback_data=status.biz_opaque_callback_data or None,
    )


def _error(errors: list[wire.Error]) -> ProviderError:
    if not errors:
        return ProviderError(code="unknown", title="")
    first = errors[0]
    code = _word(first.code)
    return ProviderError(
        code=code,
        title=safe_text(first.title or first.message),
        details=safe_text(first.error_data.details),
        reason=codes.reason_for(code),
    )


# Small readings ----------------------------------------------------------------------------


def _time(seconds: str) -> datetime | None:
    if not _SECONDS.fullmatch(seconds):
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None


def _word(value: object) -> str:
    """Return a word of theirs that is fit for a reason code, "?" if it is none."""
    word = str(value) if isinstance(value, str | int) else ""
    return word if _WORD.fullmatch(word) else "?"
