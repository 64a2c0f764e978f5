"""What people do with what the assistant proposes, and what they let it do."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.assistant.actions import decisions
from apps.console.forms import mode_asked, remark
from apps.console.frames import draw_suggestion
from apps.console.views.entry import find_conversation, find_suggestion, signed_in
from apps.console.views.showing import drawn, refused
from apps.console.views.verbs import changed
from apps.conversations.actions import assist
from apps.conversations.models import Conversation, Message
from apps.core.requests import FRAGMENT, actor_of


@signed_in
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Send what is proposed as it is; clicking twice sends one."""
    suggestion, conversation = find_suggestion(request, pk)
    try:
        message = decisions.accept_suggestion(
            suggestion=suggestion, text=suggestion.text, client_key=f"suggestion-{pk}", actor=actor_of(request)
        )
    except ValidationError as error:
        return refused(request, conversation, error)
    return _decided(request, find_conversation(request, conversation.pk), message)


@signed_in
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away what is proposed."""
    suggestion, conversation = find_suggestion(request, pk)
    try:
        decisions.discard_suggestion(suggestion=suggestion, actor=actor_of(request))
    except ValidationError as error:
        return refused(request, conversation, error)
    return _decided(request, conversation)


@signed_in
@require_POST
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """Note how good it was, from 1 to 5, and why."""
    suggestion, conversation = find_suggestion(request, pk)
    try:
        rating, feedback = remark(request.POST)
        decisions.rate_suggestion(suggestion=suggestion, rating=rating, feedback=feedback, actor=actor_of(request))
    except ValidationError as error:
        return refused(request, conversation, error)
    return _decided(request, conversation)


@signed_in
@require_POST
def another(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for another one, as the instruction says if there is one."""
    conversation = find_conversation(request, pk)
    instruction = " ".join(request.POST.get("instruction", "").split())
    try:
        decisions.another_suggestion(conversation=conversation, instruction=instruction, actor=actor_of(request))
    except ValidationError as error:
        return refused(request, conversation, error)
    return _decided(request, conversation)


@signed_in
@require_POST
def mode(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the assistant does in a conversation."""
    return changed(request, pk, assist.set_assistant_mode, mode=mode_asked(request.POST))


@signed_in
@require_POST
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the assistant answer by itself again."""
    return changed(request, pk, assist.hand_back)


def _decided(request: HttpRequest, conversation: Conversation, message: Message | None = None) -> HttpResponse:
    """Answer with what stands above the box now, and with the message that left."""
    if FRAGMENT not in request.headers:
        return redirect("console:chat", conversation.pk)
    sent = drawn(request, message, conversation).content if message is not None else b""
    return HttpResponse(draw_suggestion(conversation).encode() + sent)
