"""A message of ours is written; delivery takes it from there."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from apps.conversations.actions.columns import announce, follow_message, follow_status
from apps.conversations.models import Conversation, Direction, Dispatch, Kind, Message, Sender, Status
from apps.conversations.permissions import require_reply
from apps.core import live
from apps.core.actors import Actor
from apps.core.jobs import Job, enqueue
from providers import registry
from providers.meta import clean_text

VALID_FOR = timedelta(hours=24)
CLIENT_KEY_LENGTH = 100


def send_message(
    *, conversation: Conversation, text: str, client_key: str, actor: Actor, reply_to: Message | None = None
) -> Message:
    """Queue an answer; it leaves after commit. The same key with the same words gives the same message.

    Raises: PermissionDenied; ValidationError with code "empty" or "too_long" (field text), "bad_key" or
            "client_key_reused" (field client_key), "wrong_reply" (field reply_to), "conversation_closed",
            "inbox_inactive", "window_closed".
    """
    require_reply(actor, conversation)
    body = _clean(conversation, text, client_key, reply_to)
    if earlier := _earlier(actor, client_key):
        return _same(earlier, conversation, body, reply_to)
    _require_open(conversation)
    try:
        return _queue(
            conversation,
            Message(
                text=body,
                reply_to=reply_to,
                client_key=client_key,
                sender=_sender(actor),
                author_id=actor.user_id,
                api_token_id=actor.token_id,
            ),
        )
    except IntegrityError:
        if earlier := _earlier(actor, client_key):  # the same click, twice at once
            return _same(earlier, conversation, body, reply_to)
        raise


@transaction.atomic
def resend_message(*, message: Message, client_key: str, actor: Actor) -> Message:
    """Send the words of a failed or uncertain message again, as a new message that names the old one.

    Only a person may ask for it: an uncertain one may arrive twice. Raises as `send_message`, and code
    "not_resendable", also when it was sent again already.
    """
    require_reply(actor, message.conversation)
    message = Message.objects.select_for_update(of=["self"]).get(pk=message.pk)
    again = Message.objects.filter(resent_of=message).exclude(status=Status.FAILED)
    same = {"author": actor.user_id, "api_token": actor.token_id, "client_key": client_key}
    if message.status not in {Status.FAILED, Status.UNCERTAIN} or again.exclude(**same).exists():
        raise ValidationError(_("This message needs no resending."), code="not_resendable")
    new = send_message(
        conversation=message.conversation,
        text=message.text,
        client_key=client_key,
        actor=actor,
        reply_to=message.reply_to,
    )
    Message.objects.filter(pk=new.pk).update(resent_of=message)
    return new


@transaction.atomic
def mark_as_sent(*, message: Message, actor: Actor) -> Message:
    """Settle an uncertain message by a person's word: it did arrive. Raises ValidationError "already_known"."""
    require_reply(actor, message.conversation)
    settled = Message.objects.filter(pk=message.pk, status=Status.UNCERTAIN).update(sent_at=Now())
    if not settled:
        raise ValidationError(_("The outcome of this message is known already."), code="already_known")
    message.refresh_from_db()
    follow_status([message.pk])
    announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.conversation.inbox.branch_id)
    return message


def _clean(conversation: Conversation, text: str, client_key: str, reply_to: Message | None) -> str:
    body = clean_text(text).strip()
    if not body:
        raise ValidationError({"text": ValidationError(_("Write something first."), code="empty")})
    limit = registry.PROVIDERS[conversation.inbox.account.kind].capabilities.text_max_length
    if len(body) > limit:
        words = ngettext_lazy(
            "This channel takes at most %(limit)d character.",
            "This channel takes at most %(limit)d characters.",
            limit,
        )
        raise ValidationError({"text": ValidationError(words, code="too_long", params={"limit": limit})})
    if not client_key or len(client_key) > CLIENT_KEY_LENGTH or not client_key.isprintable():
        raise ValidationError(
            {"client_key": ValidationError(_("A key of 1 to 100 characters is needed."), code="bad_key")}
        )
    if reply_to is not None and reply_to.conversation_id != conversation.pk:
        raise ValidationError({"reply_to": ValidationError(_("That message is not of this chat."), code="wrong_reply")})
    return body


def _require_open(conversation: Conversation) -> None:
    inbox = conversation.inbox
    if conversation.closed_at is not None:
        raise ValidationError(_("This conversation is closed."), code="conversation_closed")
    if not (inbox.is_active and inbox.account.is_active):
        raise ValidationError(_("This inbox is switched off."), code="inbox_inactive")
    has_window = registry.PROVIDERS[inbox.account.kind].capabilities.window_hours is not None
    if has_window and (conversation.window_ends_at is None or conversation.window_ends_at <= timezone.now()):
        raise ValidationError(
            _("More than 24 hours passed since the person wrote: this channel takes only a template now."),
            code="window_closed",
        )


def _earlier(actor: Actor, client_key: str) -> Message | None:
    return Message.objects.filter(author=actor.user_id, api_token=actor.token_id, client_key=client_key).first()


def _same(earlier: Message, conversation: Conversation, body: str, reply_to: Message | None) -> Message:
    if (earlier.conversation_id, earlier.text, earlier.reply_to_id) != (
        conversation.pk,
        body,
        reply_to.pk if reply_to else None,
    ):
        words = _("This key was used for another message.")
        raise ValidationError({"client_key": ValidationError(words, code="client_key_reused")})
    return earlier


def _sender(actor: Actor) -> Sender:
    return Sender.API if actor.token_id is not None else Sender.OPERATOR


@transaction.atomic
def _queue(conversation: Conversation, message: Message) -> Message:
    """Write the message; every time in it is the database's, whatever the clock of this process says."""
    message.conversation = conversation
    message.inbox_id = conversation.inbox_id
    message.direction, message.kind, message.dispatch = Direction.OUT, Kind.TEXT, Dispatch.QUEUED
    message.next_attempt_at, message.valid_until = Now(), Now() + VALID_FOR
    message.save(force_insert=True)
    follow_message(message, unread_count=0, is_pending=False, pending_since=None)
    announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=conversation.inbox.branch_id)
    enqueue(Job.DELIVER_MESSAGES)
    return message
