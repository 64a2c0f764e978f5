"""The assistant answers by itself: whether it may, and the one moment in which it does.

A conversation is answered by itself only while all of it holds at once, looked at under its lock in the
transaction that sends. Whatever does not hold leaves a proposal for people; see docs/explanation/automatic-answers.md.
"""

import logging

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from apps.assistant.actions.announce import announce
from apps.assistant.actions.holding import hold_suggestion
from apps.assistant.actions.reasons import Talk
from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.queries import is_current, mode_of
from apps.conversations.actions.assist import note_suggestion, pause_assistant
from apps.conversations.actions.limits import text_parts
from apps.conversations.actions.marks import set_pending
from apps.conversations.actions.outgoing import capabilities_of
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message, Pause
from apps.conversations.permissions import require_handle, require_reply
from apps.core.actors import ASSISTANT, Actor
from apps.inboxes.models import AssistantMode
from apps.people.models import Identity

logger = logging.getLogger(__name__)

State = Suggestion.State


def mode_for(*, conversation: Conversation, trigger: Message, actor: Actor) -> AssistantMode:
    """Return what is done about new words of a person, before a model is asked; hand over to people where needed.

    AUTO only where the answer may leave by itself. Call it with the conversation held. Raises PermissionDenied.
    """
    require_handle(actor, conversation)
    mode = mode_of(conversation)
    if mode == AssistantMode.OFF:
        return mode
    settings = AssistantSettings.current()
    talk = Talk(conversation, settings)
    is_automatic = mode == AssistantMode.AUTO and _is_open_to_answers(conversation)
    if talk.is_over_limit():
        if conversation.assistant_paused_at is None:
            _hand_over(conversation, trigger, Pause.LIMIT, settings, tells=is_automatic)
        return AssistantMode.OFF
    if not is_automatic:
        return AssistantMode.SUGGEST
    if reason := talk.reason_to_stop():
        _hand_over(conversation, trigger, reason, settings)
        return AssistantMode.SUGGEST
    return AssistantMode.AUTO


@transaction.atomic
def answer_if_allowed(*, suggestion: Suggestion, actor: Actor) -> bool:
    """Send a proposal by itself if it may leave, once; tell whether it left. Safe to run twice, and at once.

    Otherwise it stays proposed, and where a person is needed the conversation waits for one. Hold its conversation
    before the suggestion, or neither. Raises PermissionDenied.
    """
    require_reply(actor, suggestion.conversation)
    if suggestion.mode != AssistantMode.AUTO:
        return False
    held = hold_suggestion(suggestion)
    if not _may_answer(held):
        return False
    settings = AssistantSettings.current()
    if held.warnings or held.needs_human or not held.text.strip():
        reason = Pause.CONTENT if held.warnings else Pause.NEEDS_HUMAN
        _hand_over(held.conversation, held.trigger, reason, settings)
        return False
    try:
        with transaction.atomic():
            _send(held, settings)
    except ValidationError as error:
        logger.info("automatic_answer_refused", extra={"suggestion_id": held.pk, "code": _code_of(error)})
        _hand_over(held.conversation, held.trigger, Pause.UNSENT, settings, tells=False)
        return False
    return True


@transaction.atomic
def note_failure(*, suggestion: Suggestion, actor: Actor) -> None:
    """Let a conversation that no model could answer by itself wait for a person. Raises PermissionDenied."""
    require_handle(actor, suggestion.conversation)
    if suggestion.mode == AssistantMode.AUTO:
        set_pending(conversation=suggestion.conversation, is_pending=True, actor=actor)


@transaction.atomic
def note_nobody(*, conversation: Conversation, actor: Actor) -> None:
    """Let a conversation that would be answered by itself wait for a person while there is no model to ask.

    Raises PermissionDenied.
    """
    require_handle(actor, conversation)
    if mode_of(conversation) == AssistantMode.AUTO and _is_open_to_answers(conversation):
        set_pending(conversation=conversation, is_pending=True, actor=actor)


def _is_open_to_answers(conversation: Conversation) -> bool:
    is_group = conversation.identity.scope == Identity.Scope.GROUP
    return conversation.assistant_paused_at is None and conversation.closed_at is None and not is_group


def _may_answer(suggestion: Suggestion) -> bool:
    """Tell whether nothing happened since it was asked for, and nothing left for its trigger before."""
    conversation = suggestion.conversation
    is_wanted = suggestion.state == State.SHOWN and mode_of(conversation) == AssistantMode.AUTO
    is_free = is_wanted and _is_open_to_answers(conversation) and is_current(suggestion)
    return is_free and not _left_already(suggestion.trigger)


def _send(suggestion: Suggestion, settings: AssistantSettings) -> None:
    conversation, words = suggestion.conversation, suggestion.text.strip()
    note_suggestion(conversations=[conversation.pk], has_one=False)
    conversation.has_suggestion = False
    is_first = not conversation.suggestions.filter(state=State.SENT).exists()
    notice = settings.notice.strip() if is_first else ""
    together = f"{words}\n\n{notice}".strip()
    fits = _fits(conversation, together)
    text = together if fits else words
    message = send_message(conversation=conversation, text=text, client_key=_key(suggestion.trigger), actor=ASSISTANT)
    sent = {"state": State.SENT, "message": message, "sent_text": text, "decided_at": Now()}
    Suggestion.objects.filter(pk=suggestion.pk).update(**sent)
    if not fits and notice:
        key = f"{_key(suggestion.trigger)}-notice"
        send_message(conversation=conversation, text=notice, client_key=key, actor=ASSISTANT)
    suggestion.refresh_from_db(fields=list(sent))
    announce(suggestion)


def _hand_over(
    conversation: Conversation, trigger: Message, reason: Pause, settings: AssistantSettings, *, tells: bool = True
) -> None:
    """Stop answering by itself, let the conversation wait for a person, and tell the one who wrote, once."""
    words = settings.handoff_message.strip() if tells else ""
    if words and not _left_already(trigger):
        try:
            send_message(conversation=conversation, text=words, client_key=_key(trigger), actor=ASSISTANT)
        except ValidationError as error:
            logger.info("handoff_message_refused", extra={"message_id": trigger.pk, "code": _code_of(error)})
    pause_assistant(conversation=conversation, pause=reason, needs_somebody=True, actor=ASSISTANT)


def _key(trigger: Message) -> str:
    """Return the key of whatever leaves by itself for a message: it can be used once."""
    return f"auto-{trigger.pk}"


def _left_already(trigger: Message) -> bool:
    own = Message.objects.filter(author=None, api_token=None, client_key=_key(trigger))
    return own.exists()


def _fits(conversation: Conversation, text: str) -> bool:
    try:
        text_parts(capabilities_of(conversation), text)
    except ValidationError:
        return False
    return True


def _code_of(error: ValidationError) -> str:
    return ",".join(str(found.code) for found in error.error_list) if hasattr(error, "error_list") else "fields"
