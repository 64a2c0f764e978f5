"""What people decide about a suggestion: send it, send it otherwise, drop it, rate it, ask for another one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.assistant.actions.announce import announce
from apps.assistant.actions.holding import hold_conversation, hold_suggestion
from apps.assistant.actions.respondents import redraw
from apps.assistant.actions.turns import open_suggestion
from apps.assistant.models import Suggestion
from apps.assistant.queries import current_respondent, is_answered, is_current, mode_of, newest_words
from apps.conversations.actions.assist import note_suggestion, ring
from apps.conversations.actions.limits import refuse, require_length
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.conversations.permissions import require_handle, require_reply
from apps.core.actors import Actor
from apps.inboxes.models import AssistantMode
from apps.people.models import Identity
from providers.meta import clean_text

State = Suggestion.State

FEEDBACK_LENGTH = 2_000
INSTRUCTION_LENGTH = 500
BEST = 5
ASKED_PRIORITY = -1
"""What somebody waits for goes before what nobody asked for."""
UNWRITTEN = (State.QUEUED, State.GENERATING)
REACHABLE = (*Suggestion.OPEN, State.FAILED)
"""The states a person may still drop."""


@transaction.atomic
def accept_suggestion(*, suggestion: Suggestion, text: str, client_key: str, actor: Actor) -> Message:
    """Send what is proposed, or other words instead; of several who do so at once, one does.

    The same key of the same sender gives the same message again.

    Raises: as `send_message`; ValidationError with code "not_ready", "failed", "already_decided", or "overtaken"
            when the chat went on since.
    """
    require_reply(actor, suggestion.conversation)
    held = hold_suggestion(suggestion)
    if _is_repeated(held, client_key, actor):
        return send_message(conversation=held.conversation, text=text, client_key=client_key, actor=actor)
    _require_proposed(held)
    _note_none(held.conversation)
    message = send_message(conversation=held.conversation, text=text, client_key=client_key, actor=actor)
    if message.pk < held.trigger_id or Suggestion.objects.filter(message=message).exists():
        raise refuse("client_key_reused", _("This key was used for another message."), field="client_key")
    sent = clean_text(text).strip()
    is_same = sent == clean_text(held.text).strip()
    _decide(held, State.ACCEPTED if is_same else State.EDITED, actor, message=message, sent_text=sent)
    return message


@transaction.atomic
def discard_suggestion(*, suggestion: Suggestion, actor: Actor) -> bool:
    """Drop what is proposed, being written or failed; tell whether that changed anything.

    Raises: PermissionDenied; ValidationError code "already_decided" when it was sent meanwhile.
    """
    require_handle(actor, suggestion.conversation)
    held = hold_suggestion(suggestion)
    if held.state in {State.DISCARDED, State.SUPERSEDED}:
        return False
    if held.state not in REACHABLE:
        raise _already_decided()
    if held.state in Suggestion.OPEN:  # beside one that failed another one may be written by now
        _note_none(held.conversation)
    _decide(held, State.DISCARDED, actor)
    if held.state in UNWRITTEN:
        ring()  # its request ends
    return True


@transaction.atomic
def rate_suggestion(*, suggestion: Suggestion, rating: int, feedback: str, actor: Actor) -> None:
    """Say how good it is, from 1 to 5, also after it was sent; the last word counts.

    Raises: PermissionDenied; ValidationError with code "bad_rating" (field rating), "too_long" (field feedback),
            "not_ready" while there is nothing to rate.
    """
    require_handle(actor, suggestion.conversation)
    if not 1 <= rating <= BEST:
        raise refuse("bad_rating", _("A rating is a number from 1 to 5."), field="rating")
    words = clean_text(feedback).strip()
    require_length(len(words), FEEDBACK_LENGTH, field="feedback")
    rated = Suggestion.objects.filter(pk=suggestion.pk).exclude(state__in=[*UNWRITTEN, State.FAILED])
    if not rated.update(rating=rating, feedback=words, rated_by=actor.user_id):
        raise _not_ready()
    suggestion.refresh_from_db(fields=["rating", "feedback", "rated_by"])
    announce(suggestion)


@transaction.atomic
def another_suggestion(*, conversation: Conversation, instruction: str, actor: Actor) -> Suggestion:
    """Have another answer written; what is proposed is overtaken.

    The assistant is drawn anew for it, unless it is pinned, or an `instruction` says what should be different.

    Raises: PermissionDenied; ValidationError with code "too_long" (field instruction), "conversation_closed",
            "group", "assistant_off", "nothing_to_answer" when the last word is ours.
    """
    require_reply(actor, conversation)
    wish = " ".join(clean_text(instruction).split())
    require_length(len(wish), INSTRUCTION_LENGTH, field="instruction")
    held = hold_conversation(conversation.pk)
    trigger = _require_question(held)
    if not wish and not _is_pinned(held):
        redraw(conversation=held, actor=actor)
    return open_suggestion(
        conversation=held,
        trigger=trigger,
        mode=AssistantMode.SUGGEST,
        actor=actor,
        instruction=wish,
        asked_by_id=actor.user_id,
        priority=ASKED_PRIORITY,
    )


def _require_question(conversation: Conversation) -> Message:
    """Return what there is to answer."""
    if conversation.closed_at is not None:
        raise ValidationError(_("This conversation is closed."), code="conversation_closed")
    if conversation.identity.scope == Identity.Scope.GROUP:
        raise ValidationError(_("The assistant takes no part in groups."), code="group")
    if mode_of(conversation) == AssistantMode.OFF:
        raise ValidationError(_("The assistant is switched off here."), code="assistant_off")
    trigger = newest_words(conversation)
    if trigger is None or is_answered(trigger):
        raise ValidationError(_("The last word is ours: there is nothing to answer."), code="nothing_to_answer")
    return trigger


def _require_proposed(suggestion: Suggestion) -> None:
    match suggestion.state:
        case State.SHOWN if is_current(suggestion):
            return
        case State.SHOWN | State.SUPERSEDED:
            words = _("The chat went on meanwhile: read what is new, or send this as a message of your own.")
            raise ValidationError(words, code="overtaken")
        case State.QUEUED | State.GENERATING:
            raise _not_ready()
        case State.FAILED:
            raise ValidationError(_("No answer was written: ask for another one."), code="failed")
        case _:
            raise _already_decided()


def _is_repeated(suggestion: Suggestion, client_key: str, actor: Actor) -> bool:
    message = suggestion.message
    if message is None:
        return False
    sent_by = (message.author_id, message.api_token_id, message.client_key)
    return sent_by == (actor.user_id, actor.token_id, client_key)


def _decide(suggestion: Suggestion, state: Suggestion.State, actor: Actor, **changes: Any) -> None:
    Suggestion.objects.filter(pk=suggestion.pk).update(
        state=state, decided_by=actor.user_id, decided_token=actor.token_id, decided_at=Now(), **changes
    )
    announce(suggestion)


def _is_pinned(conversation: Conversation) -> bool:
    respondent = current_respondent(conversation)
    return respondent is not None and respondent.is_pinned


def _note_none(conversation: Conversation) -> None:
    """Note that nothing is proposed any more, so that an answer of ours need not ring for it."""
    note_suggestion(conversations=[conversation.pk], has_one=False)
    conversation.has_suggestion = False


def _not_ready() -> ValidationError:
    return ValidationError(_("It is still being written."), code="not_ready")


def _already_decided() -> ValidationError:
    return ValidationError(_("Somebody decided about this suggestion already."), code="already_decided")
