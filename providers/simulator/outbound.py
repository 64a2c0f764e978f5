"""Our message → what the simulated phone is sent, and its answer → our result. Pure."""

from pydantic import ValidationError

from providers.contents import Text
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
from providers.types import AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult

TEXT_MAX_LENGTH = 4096


def build(message: OutboundMessage) -> bytes:
    """Return the request body; raises Rejected if the phone cannot show this message."""
    if not isinstance(message.content, Text):
        raise Rejected("unsupported_content", reason=FailureReason.CONTENT)
    if len(message.content.body) > TEXT_MAX_LENGTH:
        raise Rejected("text_too_long", reason=FailureReason.CONTENT)
    if message.recipient.scope is not AddressScope.SIMULATOR:
        raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)
    request = wire.Send(
        inbox=message.inbox_address,
        to=message.recipient.value,
        text=message.content.body,
        reply_to=message.reply_to,
        token=message.callback_data,
    )
    return request.model_dump_json().encode()


def read_answer(answer: HttpAnswer) -> SendResult:
    """Return what the phone made of a send; raises SendError."""
    if answer.status != 200:
        raise _refusal(answer)
    try:
        taken = wire.Taken.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise UncertainSend("no_message_id", http_status=answer.status) from error
    return SendResult(provider_message_id=taken.id)


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
