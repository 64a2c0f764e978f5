"""Our message → the body of Instagram's send call, and its answer → our result. Pure."""

from typing import Any, Final

from pydantic import ValidationError

from providers.contents import ContentKind, Menu, OutboundFile, Reaction, Text
from providers.errors import Rejected, UncertainSend, UnreadablePayload
from providers.instagram import codes, wire
from providers.instagram.inbound import EMOJI
from providers.meta import read_object, send_error
from providers.types import Address, AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult

_TYPES: Final = {
    ContentKind.IMAGE: "image",
    ContentKind.VIDEO: "video",
    ContentKind.AUDIO: "audio",
    ContentKind.VOICE: "audio",
    ContentKind.DOCUMENT: "file",
}
_NAMES: Final = {emoji: name for name, emoji in EMOJI.items()} | {"\u2764": "love"}


def build(message: OutboundMessage) -> dict[str, Any]:
    """Return the request body of what the channel carries; raises Rejected for an address of another channel."""
    request: dict[str, Any] = {"recipient": {"id": igsid(message.recipient)}}
    match message.content:
        case Reaction(target=target, emoji=""):
            return request | {"sender_action": "unreact", "payload": {"message_id": target}}
        case Reaction(target=target, emoji=emoji):
            payload = {"message_id": target, "reaction": _NAMES.get(emoji, emoji)}
            return request | {"sender_action": "react", "payload": payload}
        case Text(body=body):
            request["message"] = {"text": body}
        case Menu(body=body, buttons=buttons):
            replies = [{"content_type": "text", "title": one.title, "payload": one.id} for one in buttons]
            request["message"] = {"text": body, "quick_replies": replies}
        case OutboundFile(kind=kind, url=url):
            request["message"] = {"attachment": {"type": _TYPES[kind], "payload": {"url": url}}}
        case _:
            raise Rejected("unsupported_content", reason=FailureReason.CONTENT)
    if message.reply_to:
        request["reply_to"] = {"mid": message.reply_to}
    if message.is_late:
        request |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return request


def igsid(recipient: Address) -> str:
    """Return the id Instagram knows a person by. Raises Rejected."""
    if recipient.scope is not AddressScope.IGSID or not recipient.value:
        raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)
    return recipient.value


def read_answer(answer: HttpAnswer, message: OutboundMessage) -> SendResult:
    """Return what Instagram made of a send; raises SendError.

    A 200 without an id, or one that cannot be read, may have been a send. An action has no id of its own: it gets one.
    """
    if answer.status != 200:
        raise send_error(answer, codes.RULES, codes.SUBRULES)
    try:
        taken = wire.SendAnswer.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise UncertainSend("no_message_id", http_status=answer.status) from error
    own_id = message.own_id if isinstance(message.content, Reaction) else ""
    if not (taken.message_id or own_id):
        raise UncertainSend("no_message_id", "The answer names no message.", http_status=answer.status)
    return SendResult(provider_message_id=taken.message_id or own_id)
