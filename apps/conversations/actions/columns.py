"""The columns of a conversation that repeat its last message."""

from django.db import connection
from django.db.models import Q

from apps.conversations.models import Conversation, Message
from apps.core import live

TEXT_SHOWN = 200
DELETED = "deleted"
"""Stands as the kind of a last message that was taken back; its words are not repeated."""


def follow_message(message: Message, **changes: object) -> None:
    """Let the list row follow a new message, but not back to an earlier one than it shows; and change it."""
    conversations = Conversation.objects.filter(pk=message.conversation_id)
    is_latest = conversations.filter(Q(last_message=None) | Q(last_message_at__lte=message.occurred_at)).update(
        last_message=message,
        **_content(message),
        last_message_direction=message.direction,
        last_message_sender=message.sender,
        last_message_status=message.status,
        last_message_at=message.occurred_at,
        **changes,
    )
    if changes and not is_latest:
        conversations.update(**changes)


def follow_content(message: Message) -> None:
    """Let the list row follow new words of its last message, or that it was taken back."""
    Conversation.objects.filter(last_message=message).update(**_content(message))


def _content(message: Message) -> dict[str, str]:
    if message.deleted_at is not None:
        return {"last_message_text": "", "last_message_kind": DELETED}
    return {"last_message_text": " ".join(message.text.split())[:TEXT_SHOWN], "last_message_kind": message.kind}


_FOLLOW_STATUS = """
WITH stale AS (
    SELECT c.id, m.status FROM conversations_conversation c
    JOIN conversations_message m ON m.id = c.last_message_id
    WHERE m.id = ANY(%s) AND c.last_message_status <> m.status
    ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE conversations_conversation c SET last_message_status = stale.status FROM stale WHERE c.id = stale.id
"""


def follow_status(message_ids: list[int]) -> None:
    """Let the list rows follow new statuses of their last messages."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW_STATUS, [message_ids])


def announce(kind: live.LiveKind, message: Message, *, branch_id: int) -> None:
    """Tell open screens that this message appeared or changed; of an act, that its target did."""
    live.publish(
        kind,
        branch_id=branch_id,
        inbox_id=message.inbox_id,
        conversation_id=message.conversation_id,
        message_id=message.acts_on_id or message.pk,
    )


def announce_conversation(conversation: Conversation) -> None:
    """Tell open screens that something about this conversation changed, but no message."""
    live.publish(
        live.LiveKind.CONVERSATION_CHANGED,
        branch_id=conversation.inbox.branch_id,
        inbox_id=conversation.inbox_id,
        conversation_id=conversation.pk,
    )
