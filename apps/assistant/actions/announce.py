"""Open screens hear of what the assistant does."""

from collections.abc import Iterable

from apps.assistant.models import Suggestion
from apps.core import live


def announce(suggestion: Suggestion) -> None:
    """Tell open screens that a suggestion appeared or changed."""
    live.publish(
        live.LiveKind.SUGGESTION_CHANGED,
        branch_id=suggestion.inbox.branch_id,
        inbox_id=suggestion.inbox_id,
        conversation_id=suggestion.conversation_id,
    )


def announce_growth(suggestions: Iterable[Suggestion]) -> None:
    """Tell open screens that the texts of these grew."""
    live.publish_growth([(one.inbox.branch_id, one.inbox_id, one.conversation_id) for one in suggestions])
