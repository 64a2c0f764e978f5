"""One delivery of Instagram → our events. Pure: bytes in, events out.

A delivery comes in several shapes: items in `messaging`, in `standby` when another app holds the
thread, in `changes` for the dashboard's tests, with field and value flat in the entry, and the
whole of it in a list. Each item is read for itself; a new one stops nothing.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from providers.base import HostRule
from providers.contents import Choice, ContentKind, SystemNotice, Unsupported
from providers.errors import UnreadablePayload
from providers.instagram import wire
from providers.instagram.reading import content_of, referral_of, story_of
from providers.meta import MOST_ITEMS, at_most, clean_text, invalid_fields, read_json
from providers.types import (
    Address,
    AddressScope,
    BrokenItem,
    EchoMessage,
    Event,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
    ReadUpTo,
)
from providers.wire import moment, word_of

#: Instagram's own reactions by name, for an event that brings no emoji.
EMOJI = {
    "love": "\u2764\ufe0f",
    "smile": "\U0001f606",
    "haha": "\U0001f606",
    "wow": "\U0001f62e",
    "sad": "\U0001f622",
    "angry": "\U0001f620",
    "like": "\U0001f44d",
    "dislike": "\U0001f44e",
}
_LONGEST_EMOJI = 40
#: Fields of `changes` whose value is an item; the others are comments, mentions and stories.
_ITEM_FIELDS = frozenset(
    {
        "messages",
        "message_edit",
        "message_edits",
        "message_reactions",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_referrals",
        "messaging_seen",
        "messaging_optins",
        "messaging_handover",
        "standby",
    }
)
_LEFT_ALONE = ("optin", "pass_thread_control", "take_thread_control", "request_thread_control", "app_roles", "delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an item stood, who wrote it to whom, and when."""

    path: str
    account: str  #: the id of the entry
    sender: str
    recipient: str
    time: datetime | None
    item: dict[str, Any]
    rule: HostRule  #: which links are files

    @property
    def inbox(self) -> str:
        """Our account, in what a person sent."""
        return self.recipient or self.account

    @property
    def person(self) -> Address:
        return Address(scope=AddressScope.IGSID, value=self.sender)

    @property
    def is_ours(self) -> bool:
        """Whether our own account is the one that did it."""
        return self.sender == self.account


def parse(body: bytes, rule: HostRule) -> list[Event]:
    """Return every event of one delivery; raises UnreadablePayload if it is not Instagram's."""
    content = read_json(body)
    deliveries = content if isinstance(content, list) else [content]
    if not deliveries or not all(map(_is_delivery, deliveries)):
        raise UnreadablePayload("wrong_object")
    prefixes = [f"[{number}]." for number in range(len(deliveries))] if isinstance(content, list) else [""]
    events = (
        _entry_events(entry, f"{prefix}entry[{number}]", rule)
        for prefix, delivery in zip(prefixes, deliveries, strict=True)
        for number, entry in enumerate(delivery["entry"])
    )
    return at_most(MOST_ITEMS, itertools.chain.from_iterable(events))


def _is_delivery(content: object) -> bool:
    return isinstance(content, dict) and content.get("object") == "instagram" and isinstance(content.get("entry"), list)


def _entry_events(entry: Any, path: str, rule: HostRule) -> Iterator[Event]:
    if not isinstance(entry, dict):
        yield BrokenItem(path=path, error="not an object")
        return
    try:
        account = wire.Party.model_validate(entry).id
    except ValidationError as error:
        yield BrokenItem(path=path, error=invalid_fields(error))
        return
    found = False
    for key in ("messaging", "standby", "changes"):
        items = entry.get(key)
        if items is None:
            continue
        found = True
        if not isinstance(items, list):
            yield BrokenItem(path=f"{path}.{key}", error="not a list")
            continue
        for number, item in enumerate(items):
            where = f"{path}.{key}[{number}]"
            yield from (_change if key == "changes" else _item)(item, where, account, rule)
    if "field" in entry:
        yield from _change(entry, path, account, rule)
    elif not found:
        yield Ignored(path=path, reason="empty")


def _change(change: Any, path: str, account: str, rule: HostRule) -> Iterator[Event]:
    if not isinstance(change, dict):
        yield BrokenItem(path=path, error="not an object")
    elif change.get("field") in _ITEM_FIELDS:
        yield from _item(change.get("value"), f"{path}.value", account, rule)
    else:
        yield Ignored(path=path, reason=f"field:{word_of(change.get('field'))}")


def _item(item: Any, path: str, account: str, rule: HostRule) -> Iterator[Event]:
    if not isinstance(item, dict):
        yield BrokenItem(path=path, error="not an object")
        return
    try:
        head = wire.Item.model_validate(item)
        place = Place(
            path=path,
            account=account,
            sender=head.sender.id,
            recipient=head.recipient.id,
            time=moment(head.timestamp),
            item=item,
            rule=rule,
        )
        yield _event(place)
    except ValidationError as error:
        yield BrokenItem(path=path, error=invalid_fields(error))


def _event(place: Place) -> Event:
    for key, read in _READERS.items():
        if key in place.item:
            return read(place) if place.sender else BrokenItem(path=place.path, error="sender.id: missing")
    known = next((key for key in _LEFT_ALONE if key in place.item), "?")
    return Ignored(path=place.path, reason=f"item:{known}")


# Messages ----------------------------------------------------------------------------------


def _message(place: Place) -> Event:
    message = wire.Message.model_validate(place.item["message"])
    if message.is_deleted:
        inbox = place.sender if message.is_echo else place.inbox
        return MessageDeleted(
            path=place.path, inbox_address=inbox, provider_message_id=message.mid, provider_time=place.time
        )
    if message.is_self:
        return Ignored(path=place.path, reason="self")
    if message.is_echo:
        return _echo(place, message)
    return InboundMessage(
        path=place.path,
        inbox_address=place.inbox,
        provider_message_id=message.mid,
        sender=place.person,
        provider_time=place.time,
        content=content_of(message, place.rule),
        reply_to=message.reply_to.mid or None,
        referral=referral_of(message.referral) or story_of(message),
    )


def _echo(place: Place, message: wire.Message) -> Event:
    """Return what our account wrote, here or elsewhere: the person is the recipient."""
    if not place.recipient:
        return BrokenItem(path=place.path, error="recipient.id: missing")
    return EchoMessage(
        path=place.path,
        inbox_address=place.sender,
        provider_message_id=message.mid,
        recipient=Address(scope=AddressScope.IGSID, value=place.recipient),
        provider_time=place.time,
        content=content_of(message, place.rule),
        reply_to=message.reply_to.mid or None,
    )


def _postback(place: Place) -> Event:
    postback = wire.Postback.model_validate(place.item["postback"])
    text = postback.title or postback.payload
    return InboundMessage(
        path=place.path,
        inbox_address=place.inbox,
        provider_message_id=postback.mid or _made_id(place, "postback"),
        sender=place.person,
        provider_time=place.time,
        content=Choice(kind=ContentKind.INTERACTIVE, text=text, payload=postback.payload)
        if text
        else Unsupported(kind="postback"),
        referral=referral_of(postback.referral),
    )


def _referral(place: Place) -> Event:
    """Return that somebody came back by a link or an advertisement, before any word of theirs."""
    referral = referral_of(wire.Referral.model_validate(place.item["referral"]))
    return InboundMessage(
        path=place.path,
        inbox_address=place.inbox,
        provider_message_id=_made_id(place, "referral"),
        sender=place.person,
        provider_time=place.time,
        content=SystemNotice(code="referral", text=referral.headline or referral.source_id if referral else ""),
        referral=referral,
    )


def _made_id(place: Place, what: str) -> str:
    """Return the same id for the same item, which has none of its own."""
    proof = [place.sender, place.recipient, place.item.get("timestamp"), place.item[what]]
    return f"{what}:{hashlib.sha256(json.dumps(proof, sort_keys=True).encode()).hexdigest()}"


# What is done to messages ------------------------------------------------------------------


def _edit(place: Place) -> Event:
    edit = wire.Edit.model_validate(place.item["message_edit"])
    return MessageEdited(
        path=place.path,
        inbox_address=place.sender if place.is_ours else place.inbox,
        provider_message_id=edit.mid,
        text=edit.text,
        provider_time=place.time,
    )


def _reaction(place: Place) -> Event:
    reaction = wire.Reaction.model_validate(place.item["reaction"])
    if reaction.action not in {"react", "unreact"}:
        return Ignored(path=place.path, reason=f"reaction:{word_of(reaction.action)}")
    emoji = ""
    if reaction.action == "react":
        emoji = (reaction.emoji or EMOJI.get(reaction.reaction, EMOJI["love"])).strip()[:_LONGEST_EMOJI]
    return ReactionChanged(
        path=place.path,
        inbox_address=place.sender if place.is_ours else place.inbox,
        provider_message_id=reaction.mid,
        emoji=clean_text(emoji),
        reactor=None if place.is_ours else place.person,
        provider_time=place.time,
    )


def _read(place: Place) -> Event:
    read = wire.Read.model_validate(place.item["read"])
    return ReadUpTo(
        path=place.path,
        inbox_address=place.inbox,
        reader=place.person,
        provider_message_id=read.mid,
        provider_time=place.time,
    )


_READERS: dict[str, Callable[[Place], Event]] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "postback": _postback,
    "read": _read,
    "referral": _referral,
}
