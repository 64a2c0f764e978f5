"""Who asks, and for what: what every view of the chat page begins with."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache

from apps.conversations.models import Conversation, Message
from apps.conversations.queries import get_conversation, get_message
from apps.core.actors import Actor, Scope, require

FRAGMENT = "X-Fragment"
type Page = Callable[..., HttpResponse]


def signed_in(view: Page) -> Page:
    """Let in whoever may see conversations; a script is told to sign in by 401, a person by the door."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            if FRAGMENT in request.headers:
                return HttpResponse(status=401)
            return redirect_to_login(request.get_full_path())
        require(actor_of(request), Scope.CONVERSATIONS_READ)
        response = view(request, **kwargs)
        patch_vary_headers(response, [FRAGMENT])
        return response

    return guarded


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


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
