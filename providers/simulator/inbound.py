"""One delivery of the simulated phone → our events. Pure: bytes in, events out."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from providers.contents import Text
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
    ProviderError,
    StatusUpdate,
)

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
        try:
            if kind == "message":
                yield _message(wire.Message.model_validate(item), path, inbox)
            elif kind == "status":
                yield _status(wire.Status.model_validate(item), path, inbox)
            else:
                yield Ignored(path=path, reason="type:?")
        except ValidationError as error:
            yield BrokenItem(path=path, error=invalid_fields(error))


def _message(message: wire.Message, path: str, inbox: str) -> InboundMessage:
    return InboundMessage(
        path=path,
        inbox_address=inbox,
        provider_message_id=message.id,
        sender=Address(scope=AddressScope.SIMULATOR, value=message.sender),
        sender_name=message.name.strip()[:200],
        provider_time=message.at,
        content=Text(body=message.text),
        reply_to=message.reply_to,
    )


def _status(status: wire.Status, path: str, inbox: str) -> StatusUpdate | Ignored:
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


def reason_for(code: str) -> FailureReason:
    """Return what a failure of the phone means to a person."""
    return FAILURES.get(code, FailureReason.UNKNOWN)
