"""What people say becomes work: one suggestion for the newest words of each chat."""

import logging
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Now

from apps.assistant.actions.announce import announce
from apps.assistant.actions.automatic import mode_for, note_nobody
from apps.assistant.actions.holding import hold_conversation, hold_if_free
from apps.assistant.actions.overtaken import end_proposal, supersede
from apps.assistant.actions.respondents import respondent_of
from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.queries import can_ask, is_answered, newest_words
from apps.conversations.actions.assist import note_suggestion, ring, settle_wish
from apps.conversations.models import Conversation, Message
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import AssistantMode

logger = logging.getLogger(__name__)

TOGETHER = 3
"""How many turns are opened before the first of them is asked about: the oldest does not wait for the others."""


def open_turns(*, actor: Actor) -> int:
    """Open a suggestion for each person who has waited long enough, the oldest first; return how many were looked at.

    A fault in one chat is no reason to leave the others waiting, nor to come back to it for ever.
    """
    require(actor, Scope.MESSAGES_SEND)
    looked, due = 0, due_wishes()
    for conversation_id in due.order_by("reply_wanted_at", "pk").values_list("pk", flat=True)[:TOGETHER]:
        try:
            looked += _open_turn(due.filter(pk=conversation_id), actor)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("assistant.turn_failed conversation=%s", conversation_id)
            Conversation.objects.filter(pk=conversation_id).update(reply_wanted_at=None)
    return looked


def due_wishes() -> QuerySet[Conversation]:
    """Return the conversations whose person has said all they wanted, as far as one can tell."""
    pause = timedelta(seconds=AssistantSettings.current().debounce_seconds)
    return Conversation.objects.filter(reply_wanted_at__lte=Now() - pause)


def seconds_to_next() -> float | None:
    """Return in how many seconds somebody will have waited long enough, or may be asked again; None if nobody."""
    pause = timedelta(seconds=AssistantSettings.current().debounce_seconds)
    wishes = Conversation.objects.filter(reply_wanted_at__isnull=False)
    waiting = Suggestion.objects.filter(state=Suggestion.State.QUEUED, next_attempt_at__gt=Now())
    next_wish = wishes.aggregate(left=Min("reply_wanted_at") + pause - Now())["left"]
    next_try = waiting.aggregate(left=Min("next_attempt_at") - Now())["left"]
    left = [time.total_seconds() for time in (next_wish, next_try) if time is not None]
    return max(min(left), 0) if left else None


@transaction.atomic
def _open_turn(due: QuerySet[Conversation], actor: Actor) -> int:
    conversation = hold_if_free(due)
    if conversation is None:  # somebody writes there in this moment
        return 0
    asked_at = conversation.reply_wanted_at
    settle_wish(conversation=conversation)
    trigger = newest_words(conversation)
    mode = AssistantMode.OFF
    if trigger is not None and conversation.closed_at is None and not is_answered(trigger):
        if can_ask():
            mode = mode_for(conversation=conversation, trigger=trigger, actor=actor)
        else:
            note_nobody(conversation=conversation, actor=actor)
    if trigger is None or mode == AssistantMode.OFF:
        end_proposal(conversation)  # it came of words before these
    else:
        _open(conversation, trigger, mode, actor, asked_at=asked_at)
    return 1


@transaction.atomic
def open_suggestion(
    *,
    conversation: Conversation,
    trigger: Message,
    mode: AssistantMode,
    actor: Actor,
    instruction: str = "",
    asked_by_id: int | None = None,
    priority: int = 0,
) -> Suggestion:
    """Have an answer to the words of the person up to `trigger` written; what is proposed is overtaken."""
    require(actor, Scope.MESSAGES_SEND)
    held = hold_conversation(conversation.pk)
    settle_wish(conversation=held)
    wish = {"instruction": instruction, "asked_by_id": asked_by_id, "priority": priority}
    suggestion = _open(held, trigger, mode, actor, **wish)
    ring()
    return suggestion


def _open(
    conversation: Conversation, trigger: Message, mode: AssistantMode, actor: Actor, **wish: object
) -> Suggestion:
    if conversation.has_suggestion:
        supersede(conversation)
    respondent = respondent_of(conversation=conversation, actor=actor)
    suggestion = Suggestion.objects.create(
        conversation=conversation,
        inbox=conversation.inbox,
        trigger=trigger,
        respondent=respondent,
        mode=mode,
        **wish,
    )
    note_suggestion(conversations=[conversation.pk], has_one=True)
    announce(suggestion)
    return suggestion
