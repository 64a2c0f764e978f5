"""Who asks, and for what: what every view of the chat page begins with."""

from django.http import Http404, HttpRequest

from apps.assistant.models import Suggestion
from apps.assistant.queries import suggestions_for
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import get_conversation, get_message
from apps.core import requests
from apps.core.actors import Scope
from apps.core.requests import actor_of

signed_in = requests.signed_in(Scope.CONVERSATIONS_READ)


def find_conversation(request: HttpRequest, pk: int) -> Conversation:
    """Return a conversation that exists for whoever asks. Raises Http404."""
    try:
        return get_conversation(actor_of(request), pk)
    except Conversation.DoesNotExist as error:
        raise Http404 from error


def find_message(request: HttpRequest, pk: int) -> tuple[Message, Conversation]:
    """Return a message that exists for whoever asks, and its conversation. Raises Http404."""
    try:
        message = get_message(actor_of(request), pk)
    except Message.DoesNotExist as error:
        raise Http404 from error
    return message, find_conversation(request, message.conversation_id)


def find_quoted(conversation: Conversation, pk: str) -> Message | None:
    """Return the message an answer points at; one that is not of this chat is no quote."""
    return conversation.messages.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None


def find_suggestion(request: HttpRequest, pk: int) -> tuple[Suggestion, Conversation]:
    """Return a suggestion that exists for whoever asks, and its conversation. Raises Http404."""
    found = suggestions_for(actor_of(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found, find_conversation(request, found.conversation_id)


def find_source(request: HttpRequest, conversation: Conversation) -> Suggestion | None:
    """Return the suggestion an answer began with. What was discarded since, or is of another chat, is none."""
    pk = request.POST.get("suggestion", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    found = conversation.suggestions.filter(pk=int(pk))
    return found.exclude(state=Suggestion.State.DISCARDED).select_related("conversation__inbox__account").first()
