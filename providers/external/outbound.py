"""Our message → what the adapter is posted, and its answer → our result. Pure."""

from pydantic import ValidationError

from providers.contents import OutboundFile, Sendable, Text
from providers.errors import RefusedForNow, Rejected, SendError, UncertainSend, UnreadablePayload, WindowClosed
from providers.external import inbound, wire
from providers.meta import read_object, retry_after_seconds, safe_text
from providers.types import AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult

TEXT_MAX_LENGTH = 4096


def build(message: OutboundMessage, *, provider: str) -> bytes:
    """Return the request body; raises Rejected if the contract cannot say this message."""
    if message.recipient.scope is not AddressScope.EXTERNAL:
        raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)
    text, media = _content(message.content)
    request = wire.Send(
        provider=provider,
        idempotency_key=message.message_key,
        sender=wire.SentParty(address=message.inbox_address, group_address=None),
        recipient=wire.SentParty(address=message.recipient.value, group_address=message.group_address or None),
        message=wire.SentMessage(text=text or None, reply_to=message.reply_to, media=media),
    )
    return request.model_dump_json().encode()


def _content(content: Sendable) -> tuple[str, list[wire.SentMedia]]:
    match content:
        case Text(body=body):
            return body, []
        case OutboundFile(url=url) if url:
            return content.caption, [wire.SentMedia(mimetype=content.mime_type, name=content.name, url=url)]
        case _:
            raise Rejected("unsupported_content", reason=FailureReason.CONTENT)


def read_answer(answer: HttpAnswer) -> SendResult:
    """Return what the adapter made of a send; raises SendError.

    What is no answer of the contract says nothing about the message, whatever its status.
    """
    try:
        content = read_object(answer.body)
        if "error" in content:
            raise _refusal(answer, wire.NotTaken.model_validate(content).error)
        if answer.status // 100 == 2:
            return SendResult(provider_message_id=wire.Taken.model_validate(content).message_id)
    except (ValidationError, UnreadablePayload) as error:
        raise UncertainSend(f"http_{answer.status}", "No answer of the contract.", http_status=answer.status) from error
    raise UncertainSend(f"http_{answer.status}", "No answer of the contract.", http_status=answer.status)


def _refusal(answer: HttpAnswer, trouble: wire.Trouble) -> SendError:
    code, text = trouble.code[:40], safe_text(trouble.message)
    if trouble.retryable:
        wait = retry_after_seconds(answer.headers)
        return RefusedForNow(code, text, http_status=answer.status, retry_after=wait)
    reason = inbound.reason_for(code)
    error = WindowClosed if reason is FailureReason.WINDOW else Rejected
    return error(code, text, reason=reason, http_status=answer.status)
