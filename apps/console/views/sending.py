"""What is sent from the chat page, and what is done to a message that is there."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from apps.assistant.actions.decisions import accept_suggestion
from apps.console.forms import CONTENTS
from apps.console.views.entry import find_conversation, find_message, find_quoted, find_source, signed_in
from apps.console.views.showing import drawn, refused
from apps.conversations.actions import acts
from apps.conversations.actions.files import add_upload
from apps.conversations.actions.send import (
    mark_as_sent,
    resend_message,
    send_attachment,
    send_content,
    send_message,
)
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import messages_for
from apps.core.requests import actor_of

OVERTAKEN = frozenset({"overtaken", "failed", "not_ready"})
"""Why an answer stands on its own though it began with a suggestion. One that left already is another matter."""


@signed_in
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an answer, or files with words. The key of the form makes sending it twice the same as once."""
    conversation = find_conversation(request, pk)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        message = _send_files(request, conversation, text) if request.FILES else _send_text(request, conversation, text)
    except ValidationError as error:
        return refused(request, conversation, error, text=text)
    return drawn(request, message, conversation)


def _send_text(request: HttpRequest, conversation: Conversation, text: str) -> Message:
    """Send what was written: as an answer of the suggestion it began with, or on its own once that is overtaken."""
    actor, key = actor_of(request), _key(request)
    if suggestion := find_source(request, conversation):
        try:
            return accept_suggestion(suggestion=suggestion, text=text, client_key=key, actor=actor)
        except ValidationError as error:
            if getattr(error, "code", "") not in OVERTAKEN:
                raise
    quoted = find_quoted(conversation, request.POST.get("reply_to", ""))
    return send_message(conversation=conversation, text=text, client_key=key, actor=actor, reply_to=quoted)


def _send_files(request: HttpRequest, conversation: Conversation, text: str) -> Message:
    """Send each file as a message of its own, in order; the words go with the first. Returns that one."""
    actor, key = actor_of(request), _key(request)
    quoted = find_quoted(conversation, request.POST.get("reply_to", ""))
    sent: list[Message] = []
    for number, file in enumerate(request.FILES.getlist("file")):
        own_key = f"{key}-{number}" if number else key
        again = messages_for(actor).filter(author=actor.user_id, api_token=None, client_key=own_key).first()
        sent.append(
            again
            or send_attachment(
                conversation=conversation,
                attachment=add_upload(file=file, kind=request.POST.get("kind", ""), actor=actor),
                caption="" if number else text,
                client_key=own_key,
                actor=actor,
                reply_to=None if number else quoted,
            )
        )
    return sent[0]


@signed_in
@require_POST
def send_form(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Send a place, a card or a menu that was entered in its form."""
    conversation = find_conversation(request, pk)
    try:
        message = send_content(
            conversation=conversation,
            content=CONTENTS[kind](request.POST),
            client_key=_key(request),
            actor=actor_of(request),
        )
    except ValidationError as error:
        return refused(request, conversation, error)
    return drawn(request, message, conversation)


@signed_in
@require_POST
def react(request: HttpRequest, pk: int) -> HttpResponse:
    """Put our emoji on a message, or take it back."""
    return _act(request, pk, acts.react, emoji=request.POST.get("emoji", ""), client_key=_key(request))


@signed_in
@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for other words in a text of ours; what is refused is kept in the box."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    return _act(request, pk, acts.edit_message, written=text, text=text, client_key=_key(request))


@signed_in
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a message of ours to be taken back at the other side."""
    return _act(request, pk, acts.withdraw_message, client_key=_key(request))


@signed_in
@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the words of a failed or uncertain message in a new one; clicking twice sends one."""
    return _act(request, pk, resend_message, client_key=f"again-{pk}")


@signed_in
@require_POST
def settle_as_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person's word that an uncertain message did arrive."""
    return _act(request, pk, mark_as_sent)


def _act(
    request: HttpRequest, pk: int, act: Callable[..., Message], *, written: str = "", **given: str
) -> HttpResponse:
    """Do something to a message and show what it is like now, or say why not."""
    message, conversation = find_message(request, pk)
    try:
        message = act(message=message, actor=actor_of(request), **given)
    except ValidationError as error:
        return refused(request, conversation, error, text=written)
    return drawn(request, message, conversation)


def _key(request: HttpRequest) -> str:
    return request.POST.get("client_key", "")
