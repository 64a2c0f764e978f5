"""Words for tests of suggestions: let something be proposed, look at what became of it."""

from apps.assistant.models import Suggestion
from apps.conversations.actions.assist import note_suggestion, settle_wish

ANSWER = "El curso empieza el lunes 7 a las 18."


def propose(message, text=ANSWER, *, state=Suggestion.State.SHOWN, **columns):
    """Propose an answer to a message of a person, as the engine leaves it."""
    conversation = message.conversation
    told = {"conversation": conversation, "inbox": conversation.inbox, "trigger": message, "text": text}
    suggestion = Suggestion.objects.create(state=state, **told, **columns)
    settle_wish(conversation=conversation)
    note_suggestion(conversations=[conversation.pk], has_one=True)
    conversation.has_suggestion = True
    return suggestion
