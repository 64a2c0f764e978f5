"""Our message → the body of WhatsApp's send call, and its answer → our result. Pure."""

from typing import Any, Final

from pydantic import ValidationError

from providers.contents import Text
from providers.errors import Rejected, SendError, UncertainSend, UnreadablePayload
from providers.meta import read_object, send_error
from providers.types import Address, AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult
from providers.whatsapp import codes, wire
from providers.whatsapp.inbound import address

TEXT_MAX_LENGTH: Final = 4096


def build(message: OutboundMessage) -> dict[str, Any]:
    """Return the request body; raises Rejected if the Cloud API cannot say this message."""
    match message.content:
        case Text(body=body) if len(body) <= TEXT_MAX_LENGTH:
            content = {"type": "text", "text": {"body": body}}
        case Text():
            raise Rejected("text_too_long", reason=FailureReason.CONTENT)
        case _:
            raise Rejected("unsupported_content", reason=FailureReason.CONTENT)
    request: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message.recipient),
        **content,
    }
    if message.reply_to:
        request["context"] = {"message_id": message.reply_to}
    if message.callback_data:
        request["biz_opaque_callback_data"] = message.callback_data
    return request


def _recipient(recipient: Address) -> dict[str, str]:
    match recipient.scope:
        case AddressScope.PHONE:
            # Without the plus sign Meta may put our own country's code before it.
            return {"to": "+" + recipient.value.lstrip("+")}
        case AddressScope.BSUID:
            return {"recipient": recipient.value}
        case _:
            raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)


def read_answer(answer: HttpAnswer) -> SendResult:
    """Return what the Cloud API made of a send; raises SendError.

    A 200 without an id, or one that cannot be read, may have been a send.
    """
    if answer.status != 200:
        raise send_error(answer, codes.RULES)
    try:
        taken = wire.SendAnswer.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise _no_id(answer) from error
    sent = taken.messages[0]
    if not sent.id:
        raise _no_id(answer)
    return SendResult(
        provider_message_id=sent.id,
        note=sent.message_status if sent.message_status != "accepted" else "",
        recipient=_known_by(taken.contacts),
    )


def _no_id(answer: HttpAnswer) -> SendError:
    return UncertainSend("no_message_id", "The answer names no message.", http_status=answer.status)


def _known_by(contacts: list[wire.SentContact]) -> Address | None:
    """Return the address Meta itself uses for the person; it may differ from the one we used."""
    if not contacts:
        return None
    value = contacts[0].wa_id.strip() or contacts[0].user_id.strip()
    return address(value) if value else None
