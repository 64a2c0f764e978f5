"""The page itself, and its parts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.console.queries import listing
from apps.console.views.entry import find_conversation, signed_in
from apps.console.views.showing import (
    asked_list,
    chat_and_person,
    chat_of,
    controls,
    counts_of,
    edited_of,
    list_of,
    thread_of,
    whole,
)
from apps.core.requests import FRAGMENT, actor_of


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show a list, with no chat open; or the part of it that was asked for."""
    match request.headers.get(FRAGMENT):
        case "list":
            return render(request, "console/_list.html", list_of(request))
        case "rows":
            return render(request, "console/_rows.html", {"listing": listing(actor_of(request), asked_list(request))})
        case "counts":
            return render(request, "console/_counts.html", counts_of(request))
        case "chat":
            return chat_and_person(request, {"conversation": None})
    return whole(request, {"conversation": None})


@signed_in
@require_GET
def chat(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one conversation beside the list; or the part of it that was asked for."""
    conversation = find_conversation(request, pk)
    match request.headers.get(FRAGMENT):
        case "chat":
            return chat_and_person(request, chat_of(request, conversation))
        case "older":
            return render(request, "console/_thread.html", thread_of(request, conversation))
        case "controls":
            return controls(request, conversation)
    return whole(request, chat_of(request, conversation, **edited_of(request, conversation)))
