"""What is done to a conversation."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.console.views.entry import find_conversation, signed_in
from apps.console.views.showing import controls, refused
from apps.conversations.actions import marks
from apps.conversations.actions.receipts import show_typing
from apps.core.requests import FRAGMENT, actor_of


@signed_in
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody looked at the end of this chat."""
    marks.mark_read(conversation=find_conversation(request, pk), actor=actor_of(request))
    return HttpResponse(status=204)


@signed_in
@require_POST
def typing(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the person see that somebody writes an answer."""
    show_typing(conversation=find_conversation(request, pk), actor=actor_of(request))
    return HttpResponse(status=204)


@signed_in
@require_POST
def pending(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a conversation as pending, or not."""
    is_pending = request.POST.get("pending") == "yes"
    return changed(request, pk, marks.set_pending, is_pending=is_pending)


@signed_in
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a conversation, or leave it for somebody else."""
    me = request.user if request.POST.get("to") == "me" else None
    return changed(request, pk, marks.assign, assignee=me)


@signed_in
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """End a conversation."""
    return changed(request, pk, marks.close)


@signed_in
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed conversation again."""
    return changed(request, pk, marks.reopen)


def changed(request: HttpRequest, pk: int, mark: Callable[..., object], **to: Any) -> HttpResponse:
    """Put a mark on a conversation and show its buttons as they are now."""
    conversation = find_conversation(request, pk)
    try:
        mark(conversation=conversation, actor=actor_of(request), **to)
    except ValidationError as error:
        return refused(request, conversation, error)
    if FRAGMENT in request.headers:
        return controls(request, find_conversation(request, pk))
    return redirect("console:chat", pk)
