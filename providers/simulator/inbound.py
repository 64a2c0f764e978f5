"""One delivery of the simulated phone → our events. Pure: bytes in, events out."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from providers.contents import (
    FILE_KINDS,
    Choice,
    ContactCard,
    Contacts,
    Content,
    ContentKind,
    Files,
    Location,
    Order,
    OrderItem,
    RemoteFile,
    SystemNotice,
    Text,
    Unsupported,
)
from providers.errors import UnreadablePayload
from providers.meta import MOST_ITEMS, at_most, clean_id, invalid_fields, read_object
from providers.simulator import wire
from providers.types import (
    Address,
    AddressScope,
    BrokenItem,
    DeliveryStatus,
    Event,
    FailureReason,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ProviderError,
    ReactionChanged,
    Referral,
    StatusUpdate,
)
from providers.wire import word_of

#: The failures the phone's page offers, and what each means.
FAILURES = {
    "phone_off": FailureReason.RECIPIENT,
    "blocked": FailureReason.RECIPIENT,
    "policy": FailureReason.POLICY,
}


def parse(body: bytes) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not the phone's."""
    delivery = read_object(body)
    if delivery.get("object") != "simulator":
        raise UnreadablePayload("wrong_object")
    inbox, items = delivery.get("inbox"), delivery.get("items")
    if not isinstance(inbox, str) or not isinstance(items, list):
        raise UnreadablePayload("no_items")
    return at_most(MOST_ITEMS, _events(clean_id(inbox), items))


def _events(inbox: str, items: list[Any]) -> Iterator[Event]:
    for number, item in enumerate(items):
        path = f"items[{number}]"
        kind = item.get("type") if isinstance(item, dict) else None
        read = READERS.get(kind) if isinstance(kind, str) else None
        try:
            yield read(item, path, inbox) if read else Ignored(path=path, reason="type:?")
        except ValidationError as error:
            yield BrokenItem(path=path, error=invalid_fields(error))


def _message(item: dict[str, Any], path: str, inbox: str) -> Event:
    message = wire.Message.model_validate(item)
    return InboundMessage(
        path=path,
        inbox_address=inbox,
        provider_message_id=message.id,
        sender=Address(scope=AddressScope.SIMULATOR, value=message.sender),
        sender_name=message.name.strip()[:200],
        provider_time=message.at,
        content=_content(message),
        reply_to=message.reply_to,
        is_forwarded=message.forwarded,
        referral=_referral(message.referral),
    )


def _content(message: wire.Message) -> Content:
    """Return what a message carries; what lacks its own part is told as something nobody can show."""
    match message:
        case wire.Message(kind="text", text=text) if text:
            return Text(body=text)
        case wire.Message(kind=kind, file=wire.File() as file) if kind in FILE_KINDS:
            one = RemoteFile(kind=ContentKind(kind), mime_type=file.mime_type, name=file.name, media_id=file.id)
            return Files(files=(one,), caption=message.text)
        case wire.Message(kind="location", location=wire.Place() as place):
            return Location(**place.model_dump())
        case wire.Message(kind="contacts", contacts=cards) if cards:
            return Contacts(cards=tuple(ContactCard(**card.model_dump()) for card in cards))
        case wire.Message(kind="interactive" | "button", choice=wire.Choice() as choice):
            kind = ContentKind(message.kind)
            return Choice(kind=kind, text=message.text, payload=choice.payload, answers=choice.answers)
        case wire.Message(kind="order", order=items) if items:
            return Order(items=tuple(OrderItem(**item.model_dump()) for item in items), text=message.text)
        case wire.Message(kind="system", notice=code) if code:
            return SystemNotice(code=word_of(code), text=message.text)
        case _:
            return Unsupported(kind=word_of(message.kind), caption=message.text)


def _referral(came: wire.Referral | None) -> Referral | None:
    return Referral(source=came.source, headline=came.headline, url=came.url) if came else None


def _status(item: dict[str, Any], path: str, inbox: str) -> Event:
    status = wire.Status.model_validate(item)
    if status.status not in set(DeliveryStatus):
        return Ignored(path=path, reason="status:?")
    error = None
    if status.status == DeliveryStatus.FAILED:
        code = status.code or "unknown"
        error = ProviderError(code=code, title="", reason=reason_for(code))
    return StatusUpdate(
        path=path,
        inbox_address=inbox,
        provider_message_id=status.id,
        status=DeliveryStatus(status.status),
        provider_time=status.at,
        error=error,
        callback_data=status.token,
    )


def _reaction(item: dict[str, Any], path: str, inbox: str) -> Event:
    reaction = wire.Reaction.model_validate(item)
    return ReactionChanged(
        path=path,
        inbox_address=inbox,
        provider_message_id=reaction.id,
        emoji=reaction.emoji,
        reactor=Address(scope=AddressScope.SIMULATOR, value=reaction.sender),
        reactor_name=reaction.name.strip()[:200],
        provider_time=reaction.at,
    )


def _edit(item: dict[str, Any], path: str, inbox: str) -> Event:
    edit = wire.Edit.model_validate(item)
    return MessageEdited(
        path=path, inbox_address=inbox, provider_message_id=edit.id, text=edit.text, provider_time=edit.at
    )


def _deletion(item: dict[str, Any], path: str, inbox: str) -> Event:
    deletion = wire.Deletion.model_validate(item)
    return MessageDeleted(path=path, inbox_address=inbox, provider_message_id=deletion.id, provider_time=deletion.at)


READERS: dict[str, Callable[[dict[str, Any], str, str], Event]] = {
    "message": _message,
    "status": _status,
    "reaction": _reaction,
    "edit": _edit,
    "deletion": _deletion,
}


def reason_for(code: str) -> FailureReason:
    """Return what a failure of the phone means to a person."""
    return FAILURES.get(code, FailureReason.UNKNOWN)
