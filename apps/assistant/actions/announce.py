"""Open screens hear of what the assistant does."""

from collections.abc import Iterable

from apps.assistant.models import Suggestion
from apps.conversations.models import Conversation
from apps.core import live
from apps.inboxes.models import Inbox


def announce(suggestion: Suggestion) -> None:
    """Tell open screens that a suggestion appeared or changed."""
    _publish(suggestion.inbox, suggestion.conversation_id)


def announce_respondent(conversation: Conversation) -> None:
    """Tell open screens that the assistant is another one in a conversation."""
    _publish(conversation.inbox, conversation.pk)


def announce_growth(suggestions: Iterable[Suggestion]) -> None:
    """Tell open screens that the texts of these grew."""
    live.publish_growth([(one.inbox.branch_id, one.inbox_id, one.conversation_id) for one in suggestions])


def _publish(inbox: Inbox, conversation_id: int) -> None:
    live.publish(
        live.LiveKind.SUGGESTION_CHANGED,
        branch_id=inbox.branch_id,
        inbox_id=inbox.pk,
        conversation_id=conversation_id,
    )
