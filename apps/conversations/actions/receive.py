"""A message of a person arrives."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.conversations.actions.columns import announce, follow_message
from apps.conversations.models import Conversation, Direction, Kind, Message, Sender
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.actions.identities import identity_at, lock_addresses
from apps.people.models import Identity
from providers.contents import Text, Unsupported
from providers.types import InboundMessage

LATEST_PAST = timedelta(days=7)
ALMOST_A_SECOND = timedelta(milliseconds=999)


@transaction.atomic(savepoint=False)
def receive_message(
    *, inbox: Inbox, inbound: InboundMessage, received_at: datetime, window_hours: int | None, actor: Actor
) -> Message | None:
    """Store one message of a person, once; None when it is here already.

    Unknown people, identities and conversations are made. Messages of one address are taken one after
    the other, however many workers there are.
    """
    require(actor, Scope.MESSAGES_SEND)
    lock_addresses(inbox.account, (inbound.sender, *inbound.aliases))
    if Message.objects.filter(inbox=inbox, provider_message_id=inbound.provider_message_id).exists():
        return None
    identity = identity_at(
        account=inbox.account,
        sender=inbound.sender,
        aliases=inbound.aliases,
        display_name=inbound.sender_name,
        username=inbound.username,
        actor=actor,
    )
    conversation = _open_conversation(inbox, identity)
    message = _store(conversation, inbound, received_at)
    changes: dict[str, object] = {
        "unread_count": F("unread_count") + 1,
        "last_inbound_at": Greatest("last_inbound_at", message.occurred_at),
    }
    if window_hours is not None:
        written_at = min(message.provider_time or received_at, received_at)
        changes["window_ends_at"] = Greatest("window_ends_at", written_at + timedelta(hours=window_hours))
    follow_message(message, **changes)
    announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=inbox.branch_id)
    return message


def believed_time(provider_time: datetime | None, received_at: datetime) -> datetime:
    """Return where in the chat a message belongs.

    Providers tell whole seconds: within that second the order of arrival decides, and a message that
    comes late still stands where it was written. A clock that is wrong moves nothing into the future,
    nor further back than a provider would retry.
    """
    if provider_time is None or provider_time >= received_at - ALMOST_A_SECOND:
        return received_at
    return max(provider_time + ALMOST_A_SECOND, received_at - LATEST_PAST)


def _open_conversation(inbox: Inbox, identity: Identity) -> Conversation:
    """Return the open conversation, and keep it open until this message is in it."""
    open_ones = Conversation.objects.select_for_update(no_key=True).filter(
        inbox=inbox, identity=identity, closed_at=None
    )
    if known := open_ones.first():
        return known
    new = Conversation(inbox=inbox, identity=identity, person_id=identity.person_id)
    Conversation.objects.bulk_create([new], ignore_conflicts=True)  # somebody may reopen one in this moment
    return open_ones.get()


def _store(conversation: Conversation, inbound: InboundMessage, received_at: datetime) -> Message:
    quoted = inbound.reply_to or ""
    message = Message(
        conversation=conversation,
        inbox_id=conversation.inbox_id,
        direction=Direction.IN,
        sender=Sender.PERSON,
        provider_message_id=inbound.provider_message_id,
        provider_time=inbound.provider_time,
        occurred_at=believed_time(inbound.provider_time, received_at),
        reply_to_provider_id=quoted,
    )
    if quoted:
        message.reply_to = Message.objects.filter(
            inbox=conversation.inbox_id,
            provider_message_id=quoted,
            conversation__identity=conversation.identity_id,
        ).first()
    match inbound.content:
        case Text(body=body):
            message.kind, message.text = Kind.TEXT, body
        case Unsupported(kind=kind, caption=caption):
            message.kind, message.unsupported_kind, message.text = Kind.UNSUPPORTED, kind, caption
    message.save(force_insert=True)
    return message
