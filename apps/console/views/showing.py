"""What the views show: the whole page, one of its parts, one message, or why not."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import User
from apps.assistant.models import Suggestion
from apps.console.frames import draw_message
from apps.console.queries import (
    ICONS,
    TEXT_LENGTH,
    Asked,
    Order,
    View,
    account_state,
    assistant_here,
    composing,
    count_views,
    inboxes_with_unread,
    listing,
    other_conversations,
    shown_count,
    shown_suggestion,
    shown_thread,
    total_of,
)
from apps.console.templatetags.console import day_key, day_name
from apps.console.views.entry import find_quoted
from apps.conversations.models import Conversation, Message
from apps.conversations.permissions import can_handle, can_reply
from apps.conversations.queries import PAGE, unread_since
from apps.core import live
from apps.core.requests import FRAGMENT, actor_of
from apps.inboxes.queries import inboxes_for
from apps.people.queries import MAIN_FIRST, identities_for


def asked_list(request: HttpRequest) -> Asked:
    """Read which list is wanted; what makes no sense means the default."""
    wanted = request.GET
    inbox = wanted.get("inbox", "")
    is_number = inbox.isascii() and inbox.isdigit() and len(inbox) < 19
    return Asked(
        view=View(wanted["view"]) if wanted.get("view") in View.values else View.ALL,
        order=Order.URGENT if wanted.get("order", request.COOKIES.get("order")) == Order.URGENT else Order.RECENT,
        inbox=inboxes_for(actor_of(request)).filter(pk=int(inbox)).first() if is_number else None,
        text=wanted.get("q", "").replace("\x00", "").strip()[:TEXT_LENGTH],
        after=wanted.get("after", ""),
    )


def list_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the list shows: its rows, and how many there are."""
    actor, asked = actor_of(request), asked_list(request)
    return {"listing": listing(actor, asked), "total": shown_count(total_of(actor, asked))}


def counts_of(request: HttpRequest) -> dict[str, Any]:
    """Return the numbers of the sidebar."""
    actor, asked = actor_of(request), asked_list(request)
    counts = count_views(actor)
    views = [
        {"slug": view.value, "label": view.label, "icon": ICONS[view], "count": shown_count(counts.get(view, 0))}
        for view in View
    ]
    inboxes = [{"inbox": inbox, "unread": shown_count(unread)} for inbox, unread in inboxes_with_unread(actor)]
    return {
        "views": views,
        "inboxes": inboxes,
        "total": shown_count(total_of(actor, asked)),
        "pending": shown_count(counts[View.PENDING]),
        "unread": shown_count(counts[View.UNREAD]),
    }


def whole(request: HttpRequest, chat: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Show the whole page. The cursor is taken before anything is read: what repeats does no harm."""
    cursor = live.current_cursor()
    conversation = chat["conversation"]
    page = {
        "cursor": cursor,
        "me": request.user,
        "zone": settings.TIME_ZONE,
        "pane": _pane(request, conversation),
        **list_of(request),
        **counts_of(request),
        **chat,
    }
    return render(request, "console/chat.html", page, status=status)


def _pane(request: HttpRequest, conversation: Conversation | None) -> str:
    """Return which pane a narrow screen shows."""
    if request.GET.get("pane") == "views":
        return "views"
    if conversation is None:
        return "list"
    return "person" if request.GET.get("pane") == "person" else "chat"


def chat_of(request: HttpRequest, conversation: Conversation, **more: Any) -> dict[str, Any]:
    """Return what the chat and the panel of its person show."""
    actor = actor_of(request)
    return {
        **thread_of(request, conversation),
        **controls_of(request, conversation),
        "suggestion": shown_suggestion(conversation),
        "person": conversation.person,
        "tags": list(conversation.person.tags.all()),
        "identities": identities_for(actor).filter(person=conversation.person_id).order_by("account", *MAIN_FIRST),
        "earlier": other_conversations(actor, conversation),
        "admin_url": _admin_url(request, conversation),
        **more,
    }


def edited_of(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return the suggestion that was put into the box by a link, for pages without scripts."""
    asked = request.GET.get("edit", "")
    shown = shown_suggestion(conversation) if asked else None
    if shown is None or str(shown.pk) != asked or shown.state != Suggestion.State.SHOWN:
        return {}
    return {"text": shown.text, "source": shown.pk}


def thread_of(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return the messages day by day: the last ones, or those before the one that was named."""
    before = find_quoted(conversation, request.GET.get("before", ""))
    messages = shown_thread(conversation, before=before, limit=PAGE + 1)
    older = len(messages) > PAGE
    shown = messages[1:] if older else messages
    days: dict[str, dict[str, Any]] = {}
    for message in shown:
        key = day_key(message.occurred_at)
        day = days.setdefault(key, {"key": key, "label": day_name(message.occurred_at), "messages": []})
        day["messages"].append(message)
    unread = None if before else unread_since(conversation)
    return {
        "conversation": conversation,
        "days": list(days.values()),
        "older": shown[0].pk if older else None,
        "unread_from": unread.pk if unread else None,
    }


def controls_of(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return what decides the buttons and the composer."""
    actor = actor_of(request)
    return {
        "conversation": conversation,
        "me": request.user,
        "may_write": can_handle(actor, conversation),
        "may_send": can_reply(actor, conversation),
        "client_key": uuid4(),
        "assistant": assistant_here(conversation),
        **composing(actor, conversation),
        **account_state(actor, conversation.inbox),
    }


def _admin_url(request: HttpRequest, conversation: Conversation) -> str:
    if not (isinstance(request.user, User) and request.user.is_staff):
        return ""
    try:
        return reverse("admin:people_person_change", args=[conversation.person_id])
    except NoReverseMatch:
        return ""


def chat_and_person(request: HttpRequest, chat: dict[str, Any]) -> HttpResponse:
    """Answer with a chat and the panel of its person."""
    parts = ("console/_chat.html", "console/_person.html")
    return HttpResponse("".join(render_to_string(part, chat, request) for part in parts))


def controls(request: HttpRequest, conversation: Conversation, *, status: int = 200) -> HttpResponse:
    """Answer with the buttons and the composer of a chat."""
    return render(request, "console/_controls.html", controls_of(request, conversation), status=status)


def drawn(request: HttpRequest, message: Message, conversation: Conversation) -> HttpResponse:
    """Answer with the message as everybody sees it."""
    if FRAGMENT not in request.headers:
        return redirect(f"{reverse('console:chat', args=[conversation.pk])}#m{message.pk}")
    message.inbox = conversation.inbox
    if isinstance(request.user, User) and request.user.pk == message.author_id:
        message.author = request.user
    return HttpResponse(draw_message(message, conversation).strip())


def refused(request: HttpRequest, conversation: Conversation, error: ValidationError, text: str = "") -> HttpResponse:
    """Say why not, in words, and keep what was written."""
    words = " ".join(error.messages)
    if FRAGMENT in request.headers:
        return render(request, "console/_refused.html", {"words": words}, status=422)
    return whole(request, chat_of(request, conversation, text=text, error=words), status=422)
