"""Open screens hear of what the assistant does."""

from apps.assistant.models import Suggestion
from apps.core import live


def announce(suggestion: Suggestion, kind: live.LiveKind = live.LiveKind.SUGGESTION_CHANGED) -> None:
    """Tell open screens that a suggestion appeared or changed, or that its text grew."""
    live.publish(
        kind,
        branch_id=suggestion.inbox.branch_id,
        inbox_id=suggestion.inbox_id,
        conversation_id=suggestion.conversation_id,
    )
