"""Our message → what the simulated phone is sent, and its answer → our result. Pure."""

from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from providers.contents import (
    Contacts,
    ContentKind,
    Location,
    Menu,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)
from providers.errors import (
    AuthFailed,
    RefusedForNow,
    Rejected,
    SendError,
    Throttled,
    UncertainSend,
    UnreadablePayload,
)
from providers.meta import read_object, retry_after_seconds
from providers.simulator import wire
from providers.simulator.carries import CAPABILITIES
from providers.types import AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult


def build(message: OutboundMessage) -> bytes:
    """Return the request body; raises Rejected if the phone cannot show this message."""
    if fault := CAPABILITIES.fault_of(message.content):
        raise Rejected(fault, reason=FailureReason.CONTENT)
    if message.recipient.scope is not AddressScope.SIMULATOR:
        raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)
    request = wire.Send(
        inbox=message.inbox_address,
        to=message.recipient.value,
        reply_to=message.reply_to,
        token=message.callback_data,
        **_carried(message.content),
    )
    return request.model_dump_json(exclude_none=True).encode()


def _carried(content: Sendable) -> dict[str, Any]:
    """Return what of the request says the content."""
    match content:
        case Text(body=body):
            return {"text": body}
        case OutboundFile():
            file = wire.File(id=content.media_id, name=content.name, mime_type=content.mime_type, size=content.size)
            return {"kind": content.kind, "text": content.caption, "file": file}
        case Location():
            return {"kind": ContentKind.LOCATION, "location": wire.Place(**asdict(content))}
        case Contacts(cards=cards):
            return {"kind": ContentKind.CONTACTS, "contacts": [asdict(card) for card in cards]}
        case Menu(body=body):
            menu = wire.Menu.model_validate(asdict(content))
            return {"kind": ContentKind.INTERACTIVE, "text": body, "menu": menu}
        case Reaction(target=target, emoji=emoji):
            return {"kind": "reaction", "target": target, "text": emoji}
        case Rewriting(target=target, body=body):
            return {"kind": "edit", "target": target, "text": body}
        case Withdrawal(target=target):
            return {"kind": "deletion", "target": target}


def read_answer(answer: HttpAnswer) -> SendResult:
    """Return what the phone made of a send; raises SendError."""
    if answer.status != 200:
        raise _refusal(answer)
    try:
        taken = wire.Taken.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise UncertainSend("no_message_id", http_status=answer.status) from error
    return SendResult(provider_message_id=taken.id)


def read_file_answer(answer: HttpAnswer) -> str:
    """Return the id the phone gave a file; raises SendError, never UncertainSend: a file that lies there twice
    is no message twice.
    """
    try:
        return read_answer(answer).provider_message_id
    except UncertainSend as error:
        raise RefusedForNow(error.code, http_status=answer.status) from error


def _refusal(answer: HttpAnswer) -> SendError:
    status = answer.status
    try:
        code = wire.Refused.model_validate(read_object(answer.body)).code
    except (ValidationError, UnreadablePayload):
        code = f"http_{status}"
    wait = retry_after_seconds(answer.headers)
    match status:
        case 401 | 403:
            return AuthFailed(code, http_status=status)
        case 429:
            return Throttled(code, http_status=status, retry_after=wait)
        case 503:
            return RefusedForNow(code, http_status=status, retry_after=wait)
        case _ if 400 <= status < 500:
            return Rejected(code, http_status=status)
        case _:
            return UncertainSend(code, http_status=status)
