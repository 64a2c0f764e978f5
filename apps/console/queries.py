"""What the chat page shows of the conversations: a view of the list, page by page, and its counters."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from apps.assistant.models import RespondentValue, Suggestion
from apps.assistant.queries import SHOWN_STATES, is_answered, mode_of, suggestions_for
from apps.conversations.models import Conversation, Message, Reaction
from apps.conversations.queries import ChatFilter, after_row, answer_until, chat_list, conversations_for, thread
from apps.core.actors import SYSTEM, Actor
from apps.inboxes.models import AccountNotice, AssistantMode, HistoryImport, Inbox, ProviderAccount
from apps.inboxes.queries import inboxes_for
from apps.people.models import Identity
from providers import registry
from providers.capabilities import Capabilities

PAGE = 50
COUNTED = 1_000
"""Counters stop here: beyond it the number says nothing and costs much."""
TEXT_LENGTH = 100
EARLIER = 5
REACTIONS = Prefetch("reactions", Reaction.objects.exclude(emoji="").select_related("identity__person", "user"))
ACTS = Prefetch("acts", Message.objects.only("kind", "status", "dispatch", "error_code", "inbox", "acts_on"))
"""What is drawn of a message and stands in rows of its own, wherever it is drawn."""
_CHOICES = Count("param__values", filter=Q(param__values__is_enabled=True, param__values__chance__gt=0))
DRAWN = Prefetch(
    "respondent__drawn",
    RespondentValue.objects.filter(param__is_enabled=True)
    .select_related("param", "value")
    .annotate(choices=_CHOICES)
    .order_by("param__position", "param_id"),
)
"""What a suggestion is like; `choices` says whether it could have been otherwise."""
RATED_FOR = timedelta(hours=1)
"""How long the rating of an answer that left stays at hand."""


class View(models.TextChoices):
    """The views everybody has."""

    PENDING = "pending", pgettext_lazy("view of the list", "Pending")
    MINE = "mine", pgettext_lazy("view of the list", "Mine")
    UNASSIGNED = "unassigned", pgettext_lazy("view of the list", "Unassigned")
    UNREAD = "unread", pgettext_lazy("view of the list", "Unread")
    ALL = "all", pgettext_lazy("view of the list", "All")
    CLOSED = "closed", pgettext_lazy("view of the list", "Closed")


class Order(models.TextChoices):
    """How a view is sorted."""

    RECENT = "recent", pgettext_lazy("order of the list", "Recent")
    URGENT = "urgent", pgettext_lazy("order of the list", "Urgent")


COUNTED_VIEWS = (View.PENDING, View.MINE, View.UNASSIGNED, View.UNREAD, View.ALL)
ICONS = {
    View.PENDING: "flag",
    View.MINE: "user",
    View.UNASSIGNED: "user-off",
    View.UNREAD: "mail",
    View.ALL: "inbox",
    View.CLOSED: "done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which list the page was asked for."""

    view: View = View.ALL
    order: Order = Order.RECENT
    inbox: Inbox | None = None
    text: str = ""
    after: str = ""

    def narrowed(self, actor: Actor) -> ChatFilter:
        """Return it as the door understands it."""
        if self.text:
            return ChatFilter(text=self.text, is_open=None, inbox_id=self.inbox.pk if self.inbox else None)
        if self.inbox is not None:
            return ChatFilter(inbox_id=self.inbox.pk)
        return filter_of(self.view, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list, ready to be drawn."""

    view: str
    order: str
    inbox: Inbox | None
    query: str
    title: str
    rows: list[Conversation]
    after: str


def filter_of(view: View, actor: Actor) -> ChatFilter:
    """Return the conversations of a view."""
    match view:
        case View.PENDING:
            return ChatFilter(is_pending=True)
        case View.MINE:
            return ChatFilter(assignee_id=actor.user_id)
        case View.UNASSIGNED:
            return ChatFilter(is_unassigned=True)
        case View.UNREAD:
            return ChatFilter(is_unread=True)
        case View.CLOSED:
            return ChatFilter(is_open=False)
        case _:
            return ChatFilter()


def listing(actor: Actor, asked: Asked) -> Listing:
    """Return one page of the list that was asked for."""
    rows = chat_list(actor, asked.narrowed(actor))
    page, after = _urgent_page(rows, asked.after) if asked.order == Order.URGENT else _recent_page(rows, asked.after)
    return Listing(
        view=asked.view,
        order=asked.order,
        inbox=asked.inbox,
        query=asked.text,
        title=asked.inbox.name if asked.inbox else str(asked.view.label),
        rows=page,
        after=after,
    )


def count_views(actor: Actor) -> dict[str, int]:
    """Return how many conversations each view holds, up to COUNTED."""
    return {view: chat_list(actor, filter_of(view, actor)).order_by()[:COUNTED].count() for view in COUNTED_VIEWS}


def total_of(actor: Actor, asked: Asked) -> int:
    """Return how many rows the list has, up to COUNTED; a search is not counted."""
    return 0 if asked.text else chat_list(actor, asked.narrowed(actor)).order_by()[:COUNTED].count()


def inboxes_with_unread(actor: Actor) -> list[tuple[Inbox, int]]:
    """Return the inboxes of the actor, each with its conversations that nobody read."""
    unread = conversations_for(actor).filter(unread_count__gt=0, closed_at=None)
    counted = dict(unread.order_by().values_list("inbox").annotate(Count("pk")))
    return [(inbox, counted.get(inbox.pk, 0)) for inbox in inboxes_for(actor).order_by("name", "pk")]


def shown_count(number: int) -> str:
    """Return a counter as it is shown: nothing for none, 999+ for too many to matter."""
    return f"{COUNTED - 1}+" if number >= COUNTED else str(number or "")


def shown_thread(conversation: Conversation, *, before: Message | None, limit: int) -> list[Message]:
    """Return messages of a chat with all that is drawn of them, oldest first."""
    messages = thread(conversation, before=before, limit=limit)
    for message in messages:
        message.inbox = conversation.inbox
    prefetch_related_objects(messages, "attachments", "edits", REACTIONS, ACTS, "written_by__person")
    return messages


def composing(actor: Actor, conversation: Conversation) -> dict[str, Any]:
    """Return what the composer may do here, as the channel's table says, and why it may nothing."""
    can = registry.PROVIDERS[conversation.inbox.account.kind].capabilities
    until = answer_until(conversation, actor)
    ends_at, now = conversation.window_ends_at, timezone.now()
    is_over = can.window_hours is not None and (until is None or until <= now)
    return {
        "can": can,
        "files": json.dumps(_file_limits(can)),
        "closed_why": _closed_why(conversation, is_over=is_over),
        "late_until": until if until and not is_over and ends_at and ends_at <= now else None,
    }


def _file_limits(can: Capabilities) -> dict[str, Any]:
    return {
        kind: {"types": list(limit.mime_types), "bytes": limit.max_bytes, "caption": limit.caption_max_length}
        for kind, limit in can.files.items()
    }


def _closed_why(conversation: Conversation, *, is_over: bool) -> str:
    """Return why nothing can be written here now; nothing when it can."""
    inbox = conversation.inbox
    if not (inbox.is_active and inbox.account.is_active):
        return "inbox"
    if conversation.closed_at is not None:
        return "closed"
    return "window" if is_over else ""


def assistant_here(conversation: Conversation) -> dict[str, str]:
    """Return what the assistant does in a chat and, where its people cannot change that, which setting is above them.

    Shape:  `look` is auto, suggest, paused or off; nothing at all where it never answers.
    """
    if conversation.closed_at is not None or conversation.identity.scope == Identity.Scope.GROUP:
        return {}
    mode = mode_of(conversation)
    is_paused = mode == AssistantMode.AUTO and conversation.assistant_paused_at is not None
    above = ""
    if mode == AssistantMode.OFF and conversation.inbox.assistant_mode == AssistantMode.OFF:
        above = "inbox"
    elif mode == AssistantMode.OFF and conversation.assistant_mode != AssistantMode.OFF:
        above = "house"
    return {"mode": mode, "look": "paused" if is_paused else mode, "above": above}


def shown_suggestion(conversation: Conversation) -> Suggestion | None:
    """Return what stands above the box: what is proposed, being written or failed, or what just left and may be rated.

    Nothing once it was discarded or overtaken, or something newer was said; nor what failed, once somebody answered.
    """
    rows = suggestions_for(SYSTEM).select_related("respondent", "provider", "model").prefetch_related(DRAWN)
    newest = rows.filter(conversation=conversation).order_by("-id").first()
    if newest is not None and newest.suggested_tags:
        known = {tag.name.casefold() for tag in conversation.person.tags.all()}
        newest.suggested_tags = [name for name in newest.suggested_tags if name.casefold() not in known]
    if newest is not None and newest.state == Suggestion.State.FAILED and is_answered(newest.trigger):
        return None
    if newest is None or newest.state in SHOWN_STATES:
        return newest
    has_left = newest.message_id is not None and newest.message_id == conversation.last_message_id
    is_fresh = newest.decided_at is not None and timezone.now() - newest.decided_at < RATED_FOR
    return newest if has_left and is_fresh else None


def account_state(actor: Actor, inbox: Inbox) -> dict[str, Any]:
    """Return what is wrong with the account of an inbox, and how far the import of its history came."""
    account, running = inbox.account, (HistoryImport.State.REQUESTED, HistoryImport.State.RUNNING)
    history = HistoryImport.objects.filter(inbox=inbox, state__in=running).first()
    notice = None
    if account.state == ProviderAccount.State.PAUSED:
        problems = AccountNotice.objects.filter(account=account, level=AccountNotice.Level.PROBLEM)
        notice = problems.filter(Q(inbox=None) | Q(inbox=inbox)).first()
    return {"history": history, "account_notice": notice}


def other_conversations(actor: Actor, conversation: Conversation) -> list[Conversation]:
    """Return the latest other conversations of the same person."""
    others = chat_list(actor, ChatFilter(is_open=None)).filter(person=conversation.person_id)
    return list(others.exclude(pk=conversation.pk)[:EARLIER])


def _recent_page(rows: QuerySet[Conversation], after: str) -> tuple[list[Conversation], str]:
    _, moment, pk = _read_key(after)
    found = list((after_row(rows, moment, pk) if moment else rows)[: PAGE + 1])
    return _cut(found, lambda row: _key(0, row.last_message_at, row.pk))


def _urgent_page(rows: QuerySet[Conversation], after: str) -> tuple[list[Conversation], str]:
    """Pending first, then the rest; in each those that still may be answered freely, by the time left.

    Four short queries by index instead of one that sorts every conversation; usually the first fill the page.
    """
    start, moment, pk = _read_key(after)
    now = timezone.now()
    found: list[Conversation] = []
    group_of: dict[int, int] = {}
    for group in range(start, 4):
        part = _urgency_group(rows, group, now)
        if group == start and moment:
            part = _after_in_group(part, group, moment, pk)
        fresh = list(part[: PAGE + 1 - len(found)])
        group_of.update((row.pk, group) for row in fresh)
        found += fresh
        if len(found) > PAGE:
            break
    return _cut(found, lambda row: _key(group_of[row.pk], _moment_in_group(row, group_of[row.pk]), row.pk))


def _urgency_group(rows: QuerySet[Conversation], group: int, now: datetime) -> QuerySet[Conversation]:
    rows = rows.filter(is_pending=group < 2)
    if group % 2 == 0:
        return rows.filter(window_ends_at__gt=now).order_by("window_ends_at", "pk")
    return rows.filter(Q(window_ends_at=None) | Q(window_ends_at__lte=now))


def _after_in_group(rows: QuerySet[Conversation], group: int, moment: datetime, pk: int) -> QuerySet[Conversation]:
    if group % 2 == 1:
        return after_row(rows, moment, pk)
    later = Q(window_ends_at__gt=moment) | Q(window_ends_at=moment, pk__gt=pk)
    return rows.filter(later, window_ends_at__gte=moment)


def _moment_in_group(row: Conversation, group: int) -> datetime:
    return row.window_ends_at if group % 2 == 0 and row.window_ends_at else row.last_message_at


def _cut(found: list[Conversation], key: Callable[[Conversation], str]) -> tuple[list[Conversation], str]:
    page = found[:PAGE]
    return page, key(page[-1]) if len(found) > PAGE else ""


def _key(group: int, moment: datetime, pk: int) -> str:
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return f"{group}-{elapsed // timedelta(microseconds=1)}-{pk}"


def _read_key(text: str) -> tuple[int, datetime | None, int]:
    """Read where a page begins; what is no key of ours begins at the top."""
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 17 for part in parts):
        return 0, None, 0
    group, micros, pk = map(int, parts)
    return min(group, 3), datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), pk
