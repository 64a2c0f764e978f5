"""A message of a person arrives."""

from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import (
    believed_time,
    conversation_with,
    find,
    hold,
    quoted_message,
)
from apps.conversations.actions.changes import apply_waiting_changes
from apps.conversations.actions.columns import announce, follow_message
from apps.conversations.actions.completion import complete
from apps.conversations.actions.files import expect_files
from apps.conversations.actions.names import also_known_as
from apps.conversations.actions.stored import fill
from apps.conversations.models import Conversation, Direction, Kind, Message, Sender
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.actions.identities import identity_at
from apps.people.models import Identity
from providers.contents import Files
from providers.types import AddressScope, InboundMessage


@transaction.atomic(savepoint=False)
def receive_message(
    *, inbox: Inbox, inbound: InboundMessage, received_at: datetime, window_hours: int | None, actor: Actor
) -> Message | None:
    """Store one message of a person, once; None when it is here already.

    Unknown people, identities and conversations are made. Messages of one address are taken one after
    the other, however many workers there are. What stood here as a mere placeholder gets its content.
    """
    require(actor, Scope.MESSAGES_SEND)
    ids = [name for name in dict.fromkeys((inbound.provider_message_id, inbound.also_known_as)) if name]
    hold(inbox, addresses=(inbound.sender, *inbound.aliases), group=inbound.group, ids=ids)
    known = find(inbox, *ids)
    if known.message_ids:
        complete(known.message_ids[0], inbound.content, branch_id=inbox.branch_id, actor=actor)
        return None
    partner, author = _people(inbox, inbound, actor)
    conversation = conversation_with(inbox, partner, is_imported=inbound.is_imported)
    message = _store(conversation, inbound, author, received_at)
    if inbound.also_known_as:
        also_known_as(message, ids)
    if isinstance(inbound.content, Files):
        expect_files(message=message, files=inbound.content.files, actor=actor)
    is_for_assistant = _is_for_assistant(inbox, message, inbound)
    wanted = assist.REPLY_WANTED if is_for_assistant else {}
    follow_message(message, **_changes(message, inbound, received_at, window_hours), **wanted)
    if known.has_changes:
        apply_waiting_changes(message, *ids)
    announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=inbox.branch_id)
    if is_for_assistant:
        assist.ring()
    return message


def _people(inbox: Inbox, inbound: InboundMessage, actor: Actor) -> tuple[Identity, Identity | None]:
    """Return whom the conversation is with, and who wrote if that is a group; some groups hide who it was."""
    look_up = partial(identity_at, account=inbox.account, actor=actor)
    group, sender = inbound.group, inbound.sender
    if group is not None and sender.scope == AddressScope.GROUP:
        return look_up(sender=sender, aliases=(), display_name=group.name, group=group), None
    person = look_up(
        sender=sender, aliases=inbound.aliases, display_name=inbound.sender_name, username=inbound.username
    )
    if group is None:
        return person, None
    return look_up(sender=sender, aliases=(), display_name=group.name, group=group), person


def _changes(
    message: Message, inbound: InboundMessage, received_at: datetime, window_hours: int | None
) -> dict[str, object]:
    """Return what a new message changes of its conversation; the past and the channel's own notices change nothing."""
    if inbound.is_imported or message.kind == Kind.SYSTEM:
        return {}
    changes: dict[str, object] = {
        "unread_count": F("unread_count") + 1,
        "last_inbound_at": Greatest("last_inbound_at", message.occurred_at),
    }
    ends_at = window_of(inbound, message, received_at, window_hours)
    return changes if ends_at is None else {**changes, "window_ends_at": Greatest("window_ends_at", ends_at)}


def _is_for_assistant(inbox: Inbox, message: Message, inbound: InboundMessage) -> bool:
    is_news = not inbound.is_imported and message.kind != Kind.SYSTEM
    return is_news and inbound.group is None and assist.listens(inbox)


def window_of(
    inbound: InboundMessage, message: Message, received_at: datetime, window_hours: int | None
) -> datetime | None:
    """Return until when a message allows a free answer, None where neither the channel nor the message knows it."""
    if window_hours is None:
        return inbound.window_until
    written_at = min(message.provider_time or received_at, received_at)
    ends_at = written_at + timedelta(hours=window_hours)
    return max(ends_at, inbound.window_until or ends_at)


def _store(
    conversation: Conversation, inbound: InboundMessage, written_by: Identity | None, received_at: datetime
) -> Message:
    message = new_message(conversation, inbound, written_by, received_at)
    message.save(force_insert=True)
    return message


def new_message(
    conversation: Conversation, inbound: InboundMessage, written_by: Identity | None, received_at: datetime
) -> Message:
    """Return what arrived as a row that is not stored yet."""
    quoted = inbound.reply_to or ""
    message = Message(
        conversation=conversation,
        inbox_id=conversation.inbox_id,
        direction=Direction.IN,
        sender=Sender.PERSON,
        written_by=written_by,
        provider_message_id=inbound.provider_message_id,
        provider_time=inbound.provider_time,
        occurred_at=believed_time(inbound.provider_time, received_at, is_imported=inbound.is_imported),
        reply_to=quoted_message(conversation, quoted) if quoted else None,
        reply_to_provider_id=quoted,
        is_forwarded=inbound.is_forwarded,
        is_imported=inbound.is_imported,
    )
    fill(message, inbound.content)
    if inbound.referral is not None:
        message.details["referral"] = {name: value for name, value in asdict(inbound.referral).items() if value}
    return message
