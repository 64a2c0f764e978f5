"""The chat page. Each view: who are you → door → action → show.

A request with the header X-Fragment gets only the named part of the page, without it the whole page or a
redirect to it: everything works by plain forms too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.models import User
from apps.console.frames import draw_message
from apps.console.queries import (
    ICONS,
    TEXT_LENGTH,
    Asked,
    Order,
    View,
    count_views,
    inboxes_with_unread,
    listing,
    other_conversations,
    shown_count,
    shown_thread,
    total_of,
)
from apps.console.templatetags.console import day_key, day_name, is_past
from apps.conversations.actions import marks
from apps.conversations.actions.send import mark_as_sent, resend_message, send_message
from apps.conversations.models import Conversation, Message
from apps.conversations.permissions import can_handle, can_reply
from apps.conversations.queries import PAGE, get_conversation, get_message, unread_since
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.queries import inboxes_for
from apps.people.queries import identities_for
from providers import registry

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
        require(_actor(request), Scope.CONVERSATIONS_READ)
        response = view(request, **kwargs)
        patch_vary_headers(response, [FRAGMENT])
        return response

    return guarded


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show a list, with no chat open; or the part of it that was asked for."""
    match request.headers.get(FRAGMENT):
        case "list":
            return render(request, "console/_list.html", _list(request))
        case "rows":
            return render(request, "console/_rows.html", {"listing": listing(_actor(request), _asked(request))})
        case "counts":
            return render(request, "console/_counts.html", _counts(request))
        case "chat":
            return _chat_and_person(request, {"conversation": None})
    return _whole(request, {"conversation": None})


@signed_in
@require_GET
def chat(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one conversation beside the list; or the part of it that was asked for."""
    conversation = _conversation(request, pk)
    match request.headers.get(FRAGMENT):
        case "chat":
            return _chat_and_person(request, _chat(request, conversation))
        case "older":
            return render(request, "console/_thread.html", _thread(request, conversation))
        case "controls":
            return _controls(request, conversation)
    return _whole(request, _chat(request, conversation))


@signed_in
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an answer. The key of the form makes sending it twice the same as once."""
    conversation = _conversation(request, pk)
    text = request.POST.get("text", "")
    try:
        message = send_message(
            conversation=conversation,
            text=text.replace("\r\n", "\n"),
            client_key=request.POST.get("client_key", ""),
            actor=_actor(request),
            reply_to=_quoted(conversation, request.POST.get("reply_to", "")),
        )
    except ValidationError as error:
        return _refused(request, conversation, error, text=text)
    return _drawn(request, message, conversation)


@signed_in
@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the words of a failed or uncertain message in a new one; clicking twice sends one."""
    message, conversation = _message(request, pk)
    try:
        new = resend_message(message=message, client_key=f"again-{pk}", actor=_actor(request))
    except ValidationError as error:
        return _refused(request, conversation, error)
    return _drawn(request, new, conversation)


@signed_in
@require_POST
def settle_as_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person's word that an uncertain message did arrive."""
    message, conversation = _message(request, pk)
    try:
        message = mark_as_sent(message=message, actor=_actor(request))
    except ValidationError as error:
        return _refused(request, conversation, error)
    return _drawn(request, message, conversation)


@signed_in
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody looked at the end of this chat."""
    marks.mark_read(conversation=_conversation(request, pk), actor=_actor(request))
    return HttpResponse(status=204)


@signed_in
@require_POST
def pending(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a conversation as pending, or not."""
    is_pending = request.POST.get("pending") == "yes"
    return _changed(request, pk, marks.set_pending, is_pending=is_pending)


@signed_in
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a conversation, or leave it for somebody else."""
    me = request.user if request.POST.get("to") == "me" else None
    return _changed(request, pk, marks.assign, assignee=me)


@signed_in
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """End a conversation."""
    return _changed(request, pk, marks.close)


@signed_in
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed conversation again."""
    return _changed(request, pk, marks.reopen)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _conversation(request: HttpRequest, pk: int) -> Conversation:
    try:
        return get_conversation(_actor(request), pk)
    except Conversation.DoesNotExist as error:
        raise Http404 from error


def _message(request: HttpRequest, pk: int) -> tuple[Message, Conversation]:
    try:
        message = get_message(_actor(request), pk)
    except Message.DoesNotExist as error:
        raise Http404 from error
    return message, _conversation(request, message.conversation_id)


def _quoted(conversation: Conversation, pk: str) -> Message | None:
    """Return the message an answer points at; one that is not of this chat is no quote."""
    return conversation.messages.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None


def _asked(request: HttpRequest) -> Asked:
    """Read which list is wanted; what makes no sense means the default."""
    wanted = request.GET
    inbox = wanted.get("inbox", "")
    is_number = inbox.isascii() and inbox.isdigit() and len(inbox) < 19
    return Asked(
        view=View(wanted["view"]) if wanted.get("view") in View.values else View.ALL,
        order=Order.URGENT if wanted.get("order", request.COOKIES.get("order")) == Order.URGENT else Order.RECENT,
        inbox=inboxes_for(_actor(request)).filter(pk=int(inbox)).first() if is_number else None,
        text=wanted.get("q", "").replace("\x00", "").strip()[:TEXT_LENGTH],
        after=wanted.get("after", ""),
    )


def _list(request: HttpRequest) -> dict[str, Any]:
    """Return what the list shows: its rows, and how many there are."""
    actor, asked = _actor(request), _asked(request)
    return {"listing": listing(actor, asked), "total": shown_count(total_of(actor, asked))}


def _counts(request: HttpRequest) -> dict[str, Any]:
    """Return the numbers of the sidebar."""
    actor, asked = _actor(request), _asked(request)
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


def _whole(request: HttpRequest, chat: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Show the whole page. The cursor is taken before anything is read: what repeats does no harm."""
    cursor = live.current_cursor()
    conversation = chat["conversation"]
    page = {
        "cursor": cursor,
        "me": request.user,
        "zone": settings.TIME_ZONE,
        "pane": _pane(request, conversation),
        **_list(request),
        **_counts(request),
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


def _chat(request: HttpRequest, conversation: Conversation, **more: Any) -> dict[str, Any]:
    """Return what the chat and the panel of its person show."""
    actor = _actor(request)
    return {
        **_thread(request, conversation),
        **_controls_of(request, conversation),
        "person": conversation.person,
        "tags": list(conversation.person.tags.all()),
        "identities": identities_for(actor).filter(person=conversation.person_id),
        "earlier": other_conversations(actor, conversation),
        "admin_url": _admin_url(request, conversation),
        **more,
    }


def _thread(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return the messages day by day: the last ones, or those before the one that was named."""
    before = _quoted(conversation, request.GET.get("before", ""))
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


def _controls_of(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return what decides the buttons and the composer."""
    actor = _actor(request)
    return {
        "conversation": conversation,
        "me": request.user,
        "may_write": can_handle(actor, conversation),
        "may_send": can_reply(actor, conversation),
        "closed_why": _closed_why(conversation),
        "text_max": registry.PROVIDERS[conversation.inbox.account.kind].capabilities.text_max_length,
        "client_key": uuid4(),
    }


def _closed_why(conversation: Conversation) -> str:
    """Return why nothing can be written here now; nothing when it can."""
    inbox = conversation.inbox
    if not (inbox.is_active and inbox.account.is_active):
        return "inbox"
    if conversation.closed_at is not None:
        return "closed"
    has_window = registry.PROVIDERS[inbox.account.kind].capabilities.window_hours is not None
    is_over = conversation.window_ends_at is None or is_past(conversation.window_ends_at)
    return "window" if has_window and is_over else ""


def _admin_url(request: HttpRequest, conversation: Conversation) -> str:
    if not (isinstance(request.user, User) and request.user.is_staff):
        return ""
    try:
        return reverse("admin:people_person_change", args=[conversation.person_id])
    except NoReverseMatch:
        return ""


def _chat_and_person(request: HttpRequest, chat: dict[str, Any]) -> HttpResponse:
    parts = ("console/_chat.html", "console/_person.html")
    return HttpResponse("".join(render_to_string(part, chat, request) for part in parts))


def _controls(request: HttpRequest, conversation: Conversation, *, status: int = 200) -> HttpResponse:
    return render(request, "console/_controls.html", _controls_of(request, conversation), status=status)


def _changed(request: HttpRequest, pk: int, mark: Callable[..., bool], **to: Any) -> HttpResponse:
    """Put a mark on a conversation and show its buttons as they are now."""
    conversation = _conversation(request, pk)
    try:
        mark(conversation=conversation, actor=_actor(request), **to)
    except ValidationError as error:
        return _refused(request, conversation, error)
    if FRAGMENT in request.headers:
        return _controls(request, _conversation(request, pk))
    return redirect("console:chat", pk)


def _drawn(request: HttpRequest, message: Message, conversation: Conversation) -> HttpResponse:
    """Answer with the message as everybody sees it."""
    if FRAGMENT not in request.headers:
        return redirect(f"{reverse('console:chat', args=[conversation.pk])}#m{message.pk}")
    message.inbox = conversation.inbox
    if isinstance(request.user, User) and request.user.pk == message.author_id:
        message.author = request.user
    return HttpResponse(draw_message(message, conversation).strip())


def _refused(request: HttpRequest, conversation: Conversation, error: ValidationError, text: str = "") -> HttpResponse:
    """Say why not, in words, and keep what was written."""
    words = " ".join(error.messages)
    if FRAGMENT in request.headers:
        return render(request, "console/_refused.html", {"words": words}, status=422)
    return _whole(request, _chat(request, conversation, text=text, error=words), status=422)
