"""What every sending of ours has in common: its key, an open chat, one row."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.conversations.actions import assist
from apps.conversations.actions.columns import announce, follow_message
from apps.conversations.actions.receipts import tell_read
from apps.conversations.models import ACTS, Attachment, Conversation, Direction, Dispatch, Message, Pause, Sender
from apps.conversations.queries import answer_until
from apps.core import live
from apps.core.actors import ASSISTANT, Actor
from apps.core.jobs import Job, enqueue
from providers import registry
from providers.capabilities import Capabilities

VALID_FOR = timedelta(hours=24)
CLIENT_KEY_LENGTH = 100


def capabilities_of(conversation: Conversation) -> Capabilities:
    """Return what the channel of a conversation can carry."""
    return registry.PROVIDERS[conversation.inbox.account.kind].capabilities


def send_once(*messages: Message, client_key: str, actor: Actor, attachment: Attachment | None = None) -> Message:
    """Queue new messages of one conversation, or find what this key wrote before; return the first.

    Shape:  each has its conversation and content; `attachment` is the file of the first.
    Raises: ValidationError with code "bad_key" or "client_key_reused" (field client_key), "wrong_reply" (field
            reply_to), "conversation_closed", "inbox_inactive", "window_closed", "attachment_used".
    """
    first = messages[0]
    _require_key(client_key)
    _require_own_quote(first)
    for message in messages:
        message.sender = _sender(actor)
        message.author_id, message.api_token_id = actor.user_id, actor.token_id
    first.client_key = client_key
    if earlier := _earlier(first):
        return _same(earlier, first, attachment)
    _require_open(first.conversation, actor)
    try:
        return _queue(messages, attachment)
    except IntegrityError:
        if earlier := _earlier(first):  # the same click, twice at once
            return _same(earlier, first, attachment)
        raise


def _sender(actor: Actor) -> Sender:
    if actor == ASSISTANT:
        return Sender.ASSISTANT
    return Sender.API if actor.token_id is not None else Sender.OPERATOR


def _require_key(client_key: str) -> None:
    if not client_key or len(client_key) > CLIENT_KEY_LENGTH or not client_key.isprintable():
        raise ValidationError(
            {"client_key": ValidationError(_("A key of 1 to 100 characters is needed."), code="bad_key")}
        )


def _require_own_quote(message: Message) -> None:
    if message.reply_to is not None and message.reply_to.conversation_id != message.conversation_id:
        raise ValidationError({"reply_to": ValidationError(_("That message is not of this chat."), code="wrong_reply")})


def _require_open(conversation: Conversation, actor: Actor) -> None:
    inbox = conversation.inbox
    if conversation.closed_at is not None:
        raise ValidationError(_("This conversation is closed."), code="conversation_closed")
    if not (inbox.is_active and inbox.account.is_active):
        raise ValidationError(_("This inbox is switched off."), code="inbox_inactive")
    if capabilities_of(conversation).window_hours is not None:
        until = answer_until(conversation, actor)
        if until is None or until <= timezone.now():
            raise ValidationError(
                _("More than 24 hours passed since the person wrote: this channel takes only a template now."),
                code="window_closed",
            )


def _earlier(message: Message) -> Message | None:
    return Message.objects.filter(
        author=message.author_id, api_token=message.api_token_id, client_key=message.client_key
    ).first()


def _same(earlier: Message, message: Message, attachment: Attachment | None) -> Message:
    fields = ("conversation_id", "kind", "text", "details", "reply_to_id", "acts_on_id")
    is_same = all(getattr(earlier, field) == getattr(message, field) for field in fields)
    if is_same and attachment is not None:
        is_same = attachment.message_id == earlier.pk or earlier.attachments.filter(pk=attachment.pk).exists()
    if not is_same:
        words = _("This key was used for another message.")
        raise ValidationError({"client_key": ValidationError(words, code="client_key_reused")})
    return earlier


@transaction.atomic
def _queue(messages: Sequence[Message], attachment: Attachment | None) -> Message:
    """Write the messages; every time in them is the database's, whatever the clock of this process says."""
    first = messages[0]
    conversation = first.conversation
    for message in messages:
        message.inbox_id = conversation.inbox_id
        message.direction = Direction.OUT
        has_file = attachment is not None and message is first
        message.dispatch = Dispatch.PREPARING if has_file else Dispatch.QUEUED
        message.next_attempt_at, message.valid_until = Now(), Now() + VALID_FOR
        message.save(force_insert=True)
    if attachment is not None:
        _take(attachment, first)
    if first.kind not in ACTS:
        if conversation.unread_count:
            tell_read(conversation)
        for message in messages:
            follow_message(message, unread_count=0, **_overtaken(first))
            announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=conversation.inbox.branch_id)
        assist.ring_if_overtaken(conversation)
    enqueue(Job.DELIVER_MESSAGES if attachment is None else Job.PREPARE_MESSAGES)
    return first


def _overtaken(message: Message) -> dict[str, Any]:
    """Return what an answer settles; what waits for somebody is settled by nobody else."""
    if message.sender == Sender.ASSISTANT:
        return assist.ANSWERED
    pause = Pause.APPLICATION if message.sender == Sender.API else Pause.OPERATOR
    return {"is_pending": False, "pending_since": None, **assist.ANSWERED, **assist.paused_by(pause)}


def _take(attachment: Attachment, message: Message) -> None:
    taken = Attachment.objects.filter(pk=attachment.pk, message=None, state=Attachment.State.READY)
    if not taken.update(message=message):
        raise ValidationError(
            {"attachment": ValidationError(_("This file was sent already, or is not there."), code="attachment_used")}
        )
