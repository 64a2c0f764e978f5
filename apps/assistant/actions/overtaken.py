"""What was proposed, or is being written, ends where the chat went on without it.

A request that is under way for one that was overtaken keeps its lease until it is really over: so long it takes its
place among those its provider may have at once.
"""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from apps.assistant.actions.announce import announce
from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.queries import answered_since
from apps.conversations.actions.assist import note_suggestion
from apps.conversations.models import Conversation, Direction
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import AssistantMode

BATCH = 200

CHANGED = Q(has_suggestion=True) & (
    Q(reply_wanted_at__isnull=False)
    | Q(closed_at__isnull=False)
    | Q(assistant_mode=AssistantMode.OFF)
    | Q(last_message_direction=Direction.OUT)
)
"""The conversations in which what is proposed may be overtaken; an index holds just these."""


def supersede_overtaken(*, actor: Actor) -> int:
    """End what the chat has overtaken: the person went on, somebody answered, or it was closed or switched off."""
    require(actor, Scope.MESSAGES_SEND)
    with connection.cursor() as cursor:
        cursor.execute(*_question())
        found = [conversation_id for (conversation_id,) in cursor.fetchall()]
    return _supersede_in(found, _overtaken()) if found else 0


def supersede_switched_off(*, actor: Actor) -> int:
    """End what is proposed where the assistant was switched off above the chat: in an inbox, or in the house."""
    require(actor, Scope.MESSAGES_SEND)
    rows = Suggestion.objects.filter(state__in=Suggestion.OPEN)
    if AssistantSettings.current().is_enabled:
        rows = rows.filter(inbox__assistant_mode=AssistantMode.OFF)
    found = list(rows.values_list("conversation", flat=True)[:BATCH])
    return _supersede_in(found, rows) if found else 0


@cache
def _question() -> tuple[str, tuple[Any, ...]]:
    """Return what is asked at every look, once put together: that takes longer than the answer."""
    rows = _overtaken().order_by("conversation_id").values_list("conversation_id", flat=True)
    sql, parameters = rows[:BATCH].query.sql_with_params()
    return sql, tuple(parameters)


@transaction.atomic
def _supersede_in(conversations: Collection[int], over: QuerySet[Suggestion]) -> int:
    rows = Conversation.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=conversations)
    held = list(rows.order_by("pk").values_list("pk", flat=True))
    ended = list(over.filter(conversation__in=held).select_related("inbox"))
    _end(ended)
    note_suggestion(conversations=[suggestion.conversation_id for suggestion in ended], has_one=False)
    return len(ended)


def _overtaken() -> QuerySet[Suggestion]:
    is_over = (
        Q(conversation__reply_wanted_at__isnull=False)
        | Q(conversation__closed_at__isnull=False)
        | Q(conversation__assistant_mode=AssistantMode.OFF)
        | answered_since()
    )
    changed = Conversation.objects.filter(CHANGED).values("pk")
    return Suggestion.objects.filter(is_over, conversation__in=changed, state__in=Suggestion.OPEN)


def supersede(conversation: Conversation) -> None:
    """End whatever is proposed or being written in a conversation that is held."""
    _end(list(conversation.suggestions.filter(state__in=Suggestion.OPEN).select_related("inbox")))


def end_proposal(conversation: Conversation) -> None:
    """End it, where nothing takes its place."""
    supersede(conversation)
    note_suggestion(conversations=[conversation.pk], has_one=False)


def _end(suggestions: Collection[Suggestion]) -> None:
    rows = Suggestion.objects.filter(pk__in=[suggestion.pk for suggestion in suggestions])
    rows.update(state=Suggestion.State.SUPERSEDED, finished_at=Coalesce("finished_at", Now()))
    for suggestion in suggestions:
        announce(suggestion)
