"""Nobody else decides in a conversation while somebody does.

Whoever changes a suggestion holds its conversation first, always in this order: two who decide at once do not wait
for each other crosswise, and no message of anybody slips in between the look and the write.
"""

from django.db.models import QuerySet

from apps.assistant.models import Suggestion
from apps.conversations.models import Conversation

RELATED = ("inbox__account", "inbox__branch", "identity", "person")


def hold_conversation(pk: int) -> Conversation:
    """Return a conversation in which nobody writes until the transaction ends.

    The full lock waits for those who are writing a message in this moment, and those who come later wait for us.
    """
    return Conversation.objects.select_for_update(of=["self"]).select_related(*RELATED).get(pk=pk)


def hold_if_free(conversations: QuerySet[Conversation]) -> Conversation | None:
    """Return the first of these, held as `hold_conversation` does; nothing if somebody writes there now."""
    return conversations.select_for_update(of=["self"], skip_locked=True).select_related("inbox").first()


def hold_suggestion(suggestion: Suggestion) -> Suggestion:
    """Return a suggestion as it stands now, with its conversation; both are ours until the transaction ends."""
    conversation = hold_conversation(suggestion.conversation_id)
    held = Suggestion.objects.select_for_update(of=["self"]).select_related("trigger").get(pk=suggestion.pk)
    held.conversation, held.inbox = conversation, conversation.inbox
    return held
