"""One delivery of Maytapi → our events. Pure: bytes in, events out.

One thing a delivery, but for the rows of an ack. Nothing in it is signed: what it says of an address
to answer to, `reply`, is never read.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from providers.errors import UnreadablePayload
from providers.maytapi import ids, wire
from providers.maytapi.codes import rule_for
from providers.maytapi.reading import content_of
from providers.meta import MOST_ITEMS, at_most, invalid_fields, read_object, safe_text
from providers.types import (
    AccountNotice,
    Address,
    BrokenItem,
    DeliveryStatus,
    EchoMessage,
    Event,
    Group,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    NoticeEffect,
    NoticeLevel,
    ProviderError,
    ReactionChanged,
    StatusUpdate,
)
from providers.wire import moment, word_of

#: Their names are one step ahead: what they call delivered has only left.
STEPS: Final = {
    **dict.fromkeys(("1", "delivered"), DeliveryStatus.SENT),
    **dict.fromkeys(("2", "reached"), DeliveryStatus.DELIVERED),
    **dict.fromkeys(("3", "seen"), DeliveryStatus.READ),
    **dict.fromkeys(("4", "played"), DeliveryStatus.READ),
}
_DELETED: Final = frozenset({"5", "deleted"})
_EDITED: Final = frozenset({"edit", "edited", "message_edit"})
_REVOKED: Final = frozenset({"revoke", "revoked", "deleted"})
#: Types that mean nothing without the message they are about.
_ABOUT_ANOTHER: Final = _EDITED | _REVOKED | {"reaction"}
#: What the phone tells itself; no person wrote it.
_NOISE: Final = frozenset(
    {
        "broadcast_notification",
        "call_log",
        "ciphertext",
        "e2e_notification",
        "gp2",
        "notification",
        "notification_template",
        "protocol",
    }
)
_NO_CHAT: Final = ("status@broadcast", "@broadcast", "@newsletter")


def parse(body: bytes) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not Maytapi's."""
    delivery = read_object(body)
    kind = delivery.get("type")
    if not isinstance(kind, str):
        raise UnreadablePayload("no_type")
    read = {"message": _message, "ack": _acks, "status": _status, "error": _error}.get(kind)
    if read is None:
        return [Ignored(path="", reason=f"type:{word_of(kind)}")]
    try:
        inbox = wire.Delivery.model_validate(delivery).phone
        if not inbox:
            return [BrokenItem(path="", error="phone_id: missing")]
        return at_most(MOST_ITEMS, read(delivery, inbox))
    except ValidationError as error:
        return [BrokenItem(path="", error=invalid_fields(error))]


# Messages ----------------------------------------------------------------------------------


def _message(content: dict[str, Any], inbox: str) -> Iterator[Event]:
    delivery = wire.MessageDelivery.model_validate(content)
    message = delivery.message
    time = moment(delivery.timestamp)
    provider_id = message.serialized or message.id
    told = ids.read_message_id(provider_id)
    chat = delivery.conversation or (told.chat if told else "")
    if message.type in _NOISE or chat.endswith(_NO_CHAT):
        yield Ignored(path="message", reason=f"type:{word_of(message.type)}" if message.type in _NOISE else "no_chat")
        return
    target = ids.plain_id(message.msg_id or delivery.quoted.id)
    if message.type in _EDITED | _REVOKED:
        target = target or ids.plain_id(provider_id)
    if not target and message.type in _ABOUT_ANOTHER:
        yield Ignored(path="message", reason=f"type:{message.type}")
    elif message.type in _EDITED:
        yield MessageEdited(
            path="message", inbox_address=inbox, provider_message_id=target, text=message.text, provider_time=time
        )
    elif message.type in _REVOKED:
        yield MessageDeleted(path="message", inbox_address=inbox, provider_message_id=target, provider_time=time)
    else:
        yield _written(delivery, inbox, chat, target=target, raw=content)


def _written(delivery: wire.MessageDelivery, inbox: str, chat: str, *, target: str, raw: dict[str, Any]) -> Event:
    """Return what somebody wrote in a chat: a person, a member of a group, or we ourselves on the phone."""
    message, user = delivery.message, delivery.user
    provider_id = message.serialized or message.id or _made_id(raw)
    told = ids.read_message_id(provider_id)
    group = Group(address=chat, name=delivery.conversation_name[:200]) if ids.is_group(chat) else None
    addresses = _addresses(delivery, chat, author=told.author if told else "")
    if not addresses:
        ours = message.from_me
        return Ignored(path="message", reason="self") if ours else BrokenItem(path="message", error="user.id: missing")
    name = _name(user, addresses)
    time = moment(delivery.timestamp)
    if message.type == "reaction":
        return ReactionChanged(
            path="message",
            inbox_address=inbox,
            provider_message_id=target,
            emoji=(message.reaction or message.text)[:40],
            reactor=None if message.from_me else addresses[0],
            reactor_name=name,
            provider_time=time,
        )
    if message.from_me:
        return EchoMessage(
            path="message",
            inbox_address=inbox,
            provider_message_id=provider_id,
            recipient=ids.group(chat) if group else addresses[0],
            recipient_name="" if group else name,
            aliases=() if group else addresses[1:],
            group=group,
            provider_time=time,
            content=content_of(message),
            reply_to=ids.plain_id(delivery.quoted.id) or None,
            send_id=message.msg_id,
            also_known_as=ids.plain_id(provider_id) if told else "",
        )
    return InboundMessage(
        path="message",
        inbox_address=inbox,
        provider_message_id=provider_id,
        sender=addresses[0],
        sender_name=name,
        aliases=addresses[1:],
        group=group,
        provider_time=time,
        content=content_of(message),
        reply_to=ids.plain_id(delivery.quoted.id) or None,
        is_forwarded=message.is_forwarded,
        also_known_as=ids.plain_id(provider_id) if told else "",
    )


def _addresses(delivery: wire.MessageDelivery, chat: str, *, author: str) -> tuple[Address, ...]:
    """Return by what names the other side is known; the group itself where it hides who wrote."""
    message, user, own = delivery.message, delivery.user, delivery.receiver
    if ids.is_group(chat):
        names = [message.participant] if message.participant else [user.id, user.phone, author]
        return ids.people(*names, but=own) or (ids.group(chat),)
    if message.from_me:
        return ids.people(chat, but=own) or ids.people(user.id, user.phone, but=own)
    return ids.people(user.id, user.phone, chat, but=own)


def _name(user: wire.User, addresses: tuple[Address, ...]) -> str:
    """Return the name the other side shows, and nobody else's; their number once more is none."""
    name = user.name.strip()[:200]
    is_theirs = set(ids.people(user.id, user.phone)) & set(addresses)
    return name if is_theirs and not ids.person(name) else ""


def _made_id(content: dict[str, Any]) -> str:
    """Return the same id for the same message, which has none of its own and may come hundreds of times."""
    proof = [content.get(key) for key in ("conversation", "timestamp", "message")]
    return f"made:{hashlib.sha256(json.dumps(proof, sort_keys=True).encode()).hexdigest()}"


# Acks: steps, reactions, edits, votes ------------------------------------------------------


def _acks(content: dict[str, Any], inbox: str) -> Iterator[Event]:
    rows = content.get("data")
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list):
        yield BrokenItem(path="data", error="not a list")
        return
    for number, row in enumerate(rows):
        path = f"data[{number}]"
        try:
            yield _ack(row, path, inbox)
        except ValidationError as error:
            yield BrokenItem(path=path, error=invalid_fields(error))


def _ack(row: Any, path: str, inbox: str) -> Event:
    ack = wire.Ack.model_validate(row)
    provider_id = ack.msg_id or ack.rxid
    if not provider_id:
        return BrokenItem(path=path, error="msgId: missing")
    target, time = ids.plain_id(provider_id), moment(ack.time)
    if "reaction" in row:
        return _reaction(ack, path, inbox, time)
    if "options" in row:
        return Ignored(path=path, reason="ack:poll_vote")
    if ack.ack_code in _DELETED or ack.ack_type in _DELETED:
        return MessageDeleted(path=path, inbox_address=inbox, provider_message_id=target, provider_time=time)
    step = STEPS.get(ack.ack_code) or STEPS.get(ack.ack_type)
    if step is None and ack.text and ack.ack_type in {"", *_EDITED}:
        return MessageEdited(
            path=path, inbox_address=inbox, provider_message_id=target, text=ack.text, provider_time=time
        )
    if step is None:
        return Ignored(path=path, reason=f"ack:{word_of(ack.ack_type or ack.ack_code)}")
    other_id = ids.plain_id(ack.rxid or provider_id)
    told = ids.read_message_id(ack.rxid or provider_id)
    if told and not told.is_ours:
        return Ignored(path=path, reason="ack:theirs")  # the phone has read what a person wrote
    return StatusUpdate(
        path=path,
        inbox_address=inbox,
        provider_message_id=provider_id,
        status=step,
        provider_time=time,
        also_known_as=other_id if other_id != provider_id else "",
    )


def _reaction(ack: wire.Ack, path: str, inbox: str, time: datetime | None) -> Event:
    of_reaction = ids.read_message_id(ack.reaction_id)
    other_side = ids.person(ack.chat_id)
    reactor = ids.person(ack.reactor_id) or ids.person(of_reaction.author if of_reaction else "") or other_side
    is_ours = of_reaction.is_ours if of_reaction else _is_another(reactor, other_side)
    if reactor is None and not is_ours:
        return BrokenItem(path=path, error="reactorId: missing")
    return ReactionChanged(
        path=path,
        inbox_address=inbox,
        provider_message_id=ids.plain_id(ack.msg_id or ack.rxid),
        emoji=ack.reaction.strip()[:40],
        reactor=None if is_ours else reactor,
        provider_time=time,
    )


def _is_another(reactor: Address | None, other_side: Address | None) -> bool:
    """Tell whether, in a chat of two, it was not the other side."""
    return (
        reactor is not None
        and other_side is not None
        and reactor.scope is other_side.scope
        and reactor.value != other_side.value
    )


# The phone, and sends that failed later ----------------------------------------------------


def _status(content: dict[str, Any], inbox: str) -> Iterator[Event]:
    yield phone_notice(wire.PhoneStatus.model_validate(content).status, inbox)


def phone_notice(status: str, inbox: str) -> AccountNotice:
    """Return what a status of the phone means: only an active one can send."""
    word = word_of(status)
    is_active = word == "active"
    return AccountNotice(
        path="status",
        code="phone_status",
        level=NoticeLevel.INFO if is_active else NoticeLevel.PROBLEM,
        text=word,
        inbox_address=inbox,
        details={"status": word},
        effect=NoticeEffect.RESUME if is_active else NoticeEffect.PAUSE,
    )


def _error(content: dict[str, Any], inbox: str) -> Iterator[Event]:
    error = wire.Error.model_validate(content)
    code, rule = rule_for(word_of(error.code) if error.code else "", error.message)
    sentence = safe_text(error.message)
    if not error.data.id:
        yield AccountNotice(
            path="error",
            code="provider_error",
            level=NoticeLevel.WARNING,
            text=f"{code}: {sentence}"[:200],
            inbox_address=inbox,
        )
        return
    yield StatusUpdate(
        path="error",
        inbox_address=inbox,
        provider_message_id=error.data.id,
        status=DeliveryStatus.FAILED,
        error=ProviderError(code=code, title=sentence, reason=rule.reason),
    )
