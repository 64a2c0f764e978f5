"""A message of ours is written; delivery takes it from there."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.conversations.actions import limits
from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.outgoing import capabilities_of, send_once
from apps.conversations.actions.stored import fill
from apps.conversations.models import ACTS, Attachment, Conversation, Kind, Message, Status
from apps.conversations.permissions import require_reply
from apps.core import live
from apps.core.actors import Actor
from providers.contents import Contacts, Location, Menu
from providers.meta import clean_text

RESENDABLE = frozenset({Status.FAILED, Status.UNCERTAIN})
COPIED = (
    *("kind", "name", "mime_type", "size", "sha256", "file", "width", "height", "duration_ms", "waveform"),
    *("thumbnail", "is_examined", "channel_file", "channel_mime_type", "uploaded_by_id", "api_token_id"),
)
"""What a file that is sent again has in common with the first: the stored bytes are the same ones."""


def send_message(
    *, conversation: Conversation, text: str, client_key: str, actor: Actor, reply_to: Message | None = None
) -> Message:
    """Queue an answer; it leaves after commit. The same key with the same words gives the same message.

    Where the channel splits what is too long for it, the first of the messages is returned.

    Raises: PermissionDenied; ValidationError with code "empty" or "too_long" (field text), "bad_key" or
            "client_key_reused" (field client_key), "wrong_reply" (field reply_to), "conversation_closed",
            "inbox_inactive", "window_closed".
    """
    require_reply(actor, conversation)
    parts = limits.text_parts(capabilities_of(conversation), text)
    messages = [Message(conversation=conversation, kind=Kind.TEXT, text=part) for part in parts]
    messages[0].reply_to = reply_to
    return send_once(*messages, client_key=client_key, actor=actor)


def send_attachment(
    *,
    conversation: Conversation,
    attachment: Attachment,
    caption: str = "",
    client_key: str,
    actor: Actor,
    reply_to: Message | None = None,
) -> Message:
    """Queue an uploaded file; it leaves when it is ready for the channel. What the channel cannot show as such
    leaves as a document, and a caption it does not know as a message of its own.

    Raises: as `send_message`; ValidationError with code "unsupported_kind", "unsupported_format", "too_large" or
            "attachment_used" (field attachment).
    """
    require_reply(actor, conversation)
    capabilities = capabilities_of(conversation)
    kind = limits.kind_of_file(capabilities, attachment)
    words = clean_text(caption).strip()
    limit = capabilities.files[kind].caption_max_length
    if limit:
        limits.require_length(len(words), limit)
    file = Message(conversation=conversation, kind=Kind(kind), text=words if limit else "", reply_to=reply_to)
    parts = limits.text_parts(capabilities, words) if words and not limit else []
    texts = [Message(conversation=conversation, kind=Kind.TEXT, text=part) for part in parts]
    return send_once(file, *texts, client_key=client_key, actor=actor, attachment=attachment)


def send_content(
    *,
    conversation: Conversation,
    content: Location | Contacts | Menu,
    client_key: str,
    actor: Actor,
    reply_to: Message | None = None,
) -> Message:
    """Queue a place, cards or a menu.

    Raises: as `send_message`; ValidationError with code "unsupported_kind", "bad_location" (field location),
            "bad_contacts" (field contacts), "bad_menu" or "too_long" (field menu).
    """
    require_reply(actor, conversation)
    limits.require_able(capabilities_of(conversation), content)
    message = Message(conversation=conversation, reply_to=reply_to)
    fill(message, content)
    return send_once(message, client_key=client_key, actor=actor)


@transaction.atomic
def resend_message(*, message: Message, client_key: str, actor: Actor) -> Message:
    """Send a failed or uncertain message again, as a new message that names the old one.

    Only a person may ask for it: an uncertain one may arrive twice. Raises as `send_message`, and code
    "not_resendable", also when it was sent again already.
    """
    require_reply(actor, message.conversation)
    message = Message.objects.select_for_update(of=["self"]).get(pk=message.pk)
    again = Message.objects.filter(resent_of=message).exclude(status=Status.FAILED)
    same = {"author": actor.user_id, "api_token": actor.token_id, "client_key": client_key}
    if message.status not in RESENDABLE or message.kind in ACTS or again.exclude(**same).exists():
        raise ValidationError(_("This message needs no resending."), code="not_resendable")
    return again.filter(**same).first() or send_once(
        Message(
            conversation=message.conversation,
            kind=message.kind,
            text=message.text,
            details=message.details,
            reply_to=message.reply_to,
            resent_of=message,
        ),
        client_key=client_key,
        actor=actor,
        attachment=_copy_of_file(message),
    )


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


def _copy_of_file(message: Message) -> Attachment | None:
    file = message.attachments.first()
    if file is None:
        return None
    return Attachment.objects.create(**{name: getattr(file, name) for name in COPIED})
