"""We wrote to a person, but not from here; or a send of ours comes back as an echo, perhaps before its answer."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

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
from apps.conversations.actions.names import also_known_as, unite
from apps.conversations.actions.statuses import apply_statuses, apply_waiting
from apps.conversations.actions.stored import fill
from apps.conversations.models import Conversation, Direction, Dispatch, Kind, Message, Pause, Sender
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.actions.identities import identity_at
from apps.people.models import Identity
from providers.capabilities import Capabilities
from providers.contents import Files
from providers.types import DeliveryStatus, EchoMessage, StatusUpdate

RECENT = timedelta(minutes=10)
"""How long a send of ours may wait for its echo."""
SOUNDS = (Kind.AUDIO, Kind.VOICE)


@transaction.atomic(savepoint=False)
def receive_echo(
    *, inbox: Inbox, echo: EchoMessage, received_at: datetime, capabilities: Capabilities, actor: Actor
) -> Message | None:
    """Store one message of ours that was not written here, once; None when it is here already.

    It is one with the send it echoes, whether the answer to that comes before or after it.
    """
    require(actor, Scope.MESSAGES_SEND)
    names = (echo.provider_message_id, echo.send_id, echo.also_known_as)
    ids = [name for name in dict.fromkeys(names) if name]
    hold(inbox, addresses=(echo.recipient, *echo.aliases), group=echo.group, ids=ids)
    known = find(inbox, *ids)
    if known.message_ids:
        _repeat(inbox, ids, echo, received_at, actor)
        return None
    identity = identity_at(
        account=inbox.account,
        sender=echo.recipient,
        aliases=echo.aliases,
        display_name=echo.recipient_name,
        username=echo.username,
        group=echo.group,
        actor=actor,
    )
    own = _sent_from_here(inbox, identity, echo, capabilities, received_at)
    if own is not None:
        _recognise(own, echo.provider_message_id)
        _repeat(inbox, ids, echo, received_at, actor)
        return None
    conversation = conversation_with(inbox, identity, is_imported=echo.is_imported)
    try:
        with transaction.atomic():
            draft = _draft(conversation, echo, received_at)
            return _keep(draft, echo, ids, has_changes=known.has_changes, actor=actor)
    except IntegrityError:  # the answer to the send was recorded in this moment
        if not find(inbox, *ids).message_ids:
            raise
    _repeat(inbox, ids, echo, received_at, actor)
    return None


def _draft(conversation: Conversation, echo: EchoMessage, received_at: datetime) -> Message:
    quoted = echo.reply_to or ""
    message = Message(
        conversation=conversation,
        inbox_id=conversation.inbox_id,
        direction=Direction.OUT,
        sender=Sender.PHONE,
        dispatch=Dispatch.ACCEPTED,
        provider_message_id=echo.provider_message_id,
        provider_time=echo.provider_time,
        occurred_at=believed_time(echo.provider_time, received_at, is_imported=echo.is_imported),
        reply_to=quoted_message(conversation, quoted) if quoted else None,
        reply_to_provider_id=quoted,
        is_imported=echo.is_imported,
    )
    fill(message, echo.content)
    at = _told_at(echo, received_at)
    message.accepted_at = message.sent_at = at
    match echo.status:
        case DeliveryStatus.DELIVERED:
            message.delivered_at = at
        case DeliveryStatus.READ:
            message.delivered_at = message.read_at = at
        case DeliveryStatus.FAILED:
            message.sent_at, message.failed_at = None, at
        case DeliveryStatus.SENT | None:
            pass
    return message


def _keep(message: Message, echo: EchoMessage, ids: Sequence[str], *, has_changes: bool, actor: Actor) -> Message:
    """Write a message nobody here sent; an answer from the phone is an answer, unless the person wrote since."""
    inbox, conversation = message.conversation.inbox, message.conversation
    message.save(force_insert=True)
    if isinstance(echo.content, Files):
        expect_files(message=message, files=echo.content.files, actor=actor)
    also_known_as(message, ids)
    heard_at = conversation.last_inbound_at
    is_answer = not echo.is_imported and (heard_at is None or message.occurred_at >= heard_at)
    answered = {"unread_count": 0, "is_pending": False, "pending_since": None, **assist.ANSWERED} if is_answer else {}
    follow_message(message, **answered, **({} if echo.is_imported else assist.paused_by(Pause.PHONE)))
    assist.ring_if_overtaken(conversation)
    if has_changes:
        apply_waiting_changes(message, *ids)
    announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=inbox.branch_id)
    apply_waiting(inbox=inbox, provider_ids=ids, actor=actor)
    return message


def _sent_from_here(
    inbox: Inbox, identity: Identity, echo: EchoMessage, capabilities: Capabilities, received_at: datetime
) -> Message | None:
    """Return the send of ours this must be the echo of: the only recent one that says the same and has no such id.

    Looked for before the conversation is locked, since whoever records a send takes its message first.
    """
    if echo.is_imported or not capabilities.echoes_sends:
        return None
    said = Message()
    fill(said, echo.content)
    without_id = Q(dispatch__in=[Dispatch.SENDING, Dispatch.UNCERTAIN], provider_message_id="")
    renamed = Q(dispatch__in=[Dispatch.HANDED_OVER, Dispatch.ACCEPTED], aliases=None)
    since = received_at - RECENT
    ours = Message.objects.filter(
        without_id | renamed if capabilities.renames_sends else without_id,
        Q(created_at__gt=since) | Q(accepted_at__gt=since) | Q(dispatch=Dispatch.SENDING),
        conversation__identity=identity,
        inbox=inbox,
        direction=Direction.OUT,
        kind__in=SOUNDS if said.kind in SOUNDS else [said.kind],
        text=said.text.strip(),
    ).exclude(sender=Sender.PHONE)
    alike = list(ours.values_list("pk", flat=True)[:2])
    if len(alike) != 1:
        return None
    own = Message.objects.select_for_update(of=["self"], no_key=True).get(pk=alike[0])
    has_other_id = own.provider_message_id not in {"", echo.provider_message_id}
    return None if has_other_id and not capabilities.renames_sends else own


def _recognise(message: Message, provider_id: str) -> None:
    """Let the id of an echo be the one of a send that had none, and another one of a send that had."""
    if message.provider_message_id:
        also_known_as(message, [provider_id])
    else:
        Message.objects.filter(pk=message.pk).update(provider_message_id=provider_id)


def _repeat(inbox: Inbox, ids: Sequence[str], echo: EchoMessage, received_at: datetime, actor: Actor) -> None:
    """Note what an echo says of a message that is here: its other names, its content, how far it came."""
    own = unite(inbox, ids)
    if own is None:
        return
    complete(own.pk, echo.content, branch_id=inbox.branch_id, actor=actor)
    told = StatusUpdate(
        path=echo.path,
        inbox_address=echo.inbox_address,
        provider_message_id=echo.provider_message_id,
        status=echo.status or DeliveryStatus.SENT,
        provider_time=echo.provider_time,
    )
    apply_statuses(inbox=inbox, updates=[told], received_at=received_at, actor=actor)
    if apply_waiting_changes(own, *ids):
        announce(live.LiveKind.MESSAGE_CHANGED, own, branch_id=inbox.branch_id)
    apply_waiting(inbox=inbox, provider_ids=ids, actor=actor)


def _told_at(echo: EchoMessage, received_at: datetime) -> datetime:
    return min(echo.provider_time or received_at, received_at)
