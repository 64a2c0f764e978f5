"""Our message → the body of Maytapi's send call, and its answer → our result. Pure."""

from typing import Any, assert_never

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
from providers.errors import AuthFailed, Rejected, SendError, Throttled, UncertainSend, UnreadablePayload
from providers.maytapi import ids, wire
from providers.maytapi.codes import UNNAMED, rule_for
from providers.meta import read_object, retry_after_seconds, safe_text
from providers.types import AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult
from providers.vcards import write_card
from providers.wire import word_of

ACTS = (Reaction, Rewriting, Withdrawal)


def build(message: OutboundMessage) -> dict[str, Any]:
    """Return the request body of what the channel carries; raises Rejected for what it has no place for."""
    request: dict[str, Any] = {"to_number": _to(message), **_content(message.content)}
    if message.reply_to:
        request["reply_to"] = message.reply_to
    return request


def _to(message: OutboundMessage) -> str:
    recipient = message.recipient
    if message.group_address:
        return message.group_address
    match recipient.scope:
        case AddressScope.PHONE if recipient.value.lstrip("+"):
            return recipient.value.lstrip("+")
        case AddressScope.LID if recipient.value:
            return f"{recipient.value}@lid"
        case AddressScope.GROUP if recipient.value:
            return recipient.value
        case _:
            raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)


def _content(content: Sendable) -> dict[str, Any]:
    match content:
        case Text(body=body):
            # Without this their filter drops the fourth "ok" of a chat.
            return {"type": "text", "message": body, "skip_filter": True}
        case OutboundFile(kind=ContentKind.STICKER, url=url):
            return {"type": "sticker", "message": url}
        case OutboundFile(url=url, name=name, caption=caption):
            return {"type": "media", "message": url, "filename": name, **({"text": caption} if caption else {})}
        case Location(latitude=latitude, longitude=longitude, name=name, address=address):
            words = "\n".join(filter(None, [name, address]))
            return {"type": "location", "latitude": latitude, "longitude": longitude, "text": words}
        case Contacts(cards=(card,)):
            return {"type": "vcard", "message": {"displayName": card.name, "vcard": write_card(card)}}
        case Reaction(target=target, emoji=emoji):
            return {"type": "reaction", "message": target, "text": emoji}
        case Rewriting(target=target, body=body):
            return {"type": "edit", "message": target, "text": body}
        case Withdrawal(target=target):
            return {"type": "delete", "message": target}
        case Contacts() | Menu():
            raise Rejected("unsupported_content", reason=FailureReason.CONTENT)
        case _:
            assert_never(content)


def read_answer(answer: HttpAnswer, message: OutboundMessage) -> SendResult:
    """Return what Maytapi made of a send; raises SendError.

    A message that was taken only waits in the phone's queue. What is done to another message has no id of its own.
    """
    told = read_success(answer)
    is_act = isinstance(message.content, ACTS)
    provider_id = told.data.msg_id or (message.own_id if is_act else "")
    if not provider_id:
        raise UncertainSend("no_message_id", "The answer names no message.", http_status=answer.status)
    return SendResult(provider_message_id=provider_id, recipient=ids.person(told.data.chat_id), is_queued=not is_act)


def read_success(answer: HttpAnswer) -> wire.Answer:
    """Return an answer that says of itself that it went well; raises SendError for any other, whatever its status."""
    try:
        told = wire.Answer.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise _foreign_error(answer) from error
    if told.success is False:
        raise _refusal(told, answer)
    if answer.status != 200:
        raise _foreign_error(answer)
    if told.success is not True:
        raise UncertainSend("no_message_id", "The answer does not say how it went.", http_status=answer.status)
    return told


def require_no_refusal(answer: HttpAnswer) -> None:
    """Return if a call that is no send went well: some of their answers do not say so. Raises SendError."""
    try:
        told = wire.Answer.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload):
        told = wire.Answer()
    if told.success is False:
        raise _refusal(told, answer)
    if answer.status != 200:
        raise _foreign_error(answer)


def _refusal(told: wire.Answer, answer: HttpAnswer) -> SendError:
    """Return why Maytapi says it did not take it. A server in trouble is believed only what we know it to say."""
    code, rule = rule_for(word_of(told.code) if told.code else "", told.message)
    if rule is UNNAMED and answer.status != 200:
        return _foreign_error(answer)
    return rule.error(
        code,
        rule.text or safe_text(told.message),
        reason=rule.reason,
        http_status=answer.status,
        retry_after=rule.wait_seconds,
    )


def _foreign_error(answer: HttpAnswer) -> SendError:
    """Return what the HTTP status alone says; a broken answer may have been a send."""
    status = answer.status
    code = f"http_{status}"
    if status == 429:
        return Throttled(code, http_status=status, retry_after=retry_after_seconds(answer.headers))
    if status in {401, 403}:
        return AuthFailed(code, http_status=status)
    if 400 <= status < 500 and status != 408:
        return Rejected(code, "Maytapi does not take it.", reason=FailureReason.REQUEST, http_status=status)
    return UncertainSend(code, "The answer could not be read.", http_status=status)
