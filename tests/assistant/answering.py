"""What the engine does around a model, step by step: before it asks, and when the answer is there."""

from django.db import transaction
from django.utils import timezone

from apps.assistant.actions.automatic import answer_if_allowed, mode_for
from apps.assistant.actions.holding import hold_conversation
from apps.assistant.models import AssistantSettings
from apps.assistant.models.settings import NOTICE
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from apps.inboxes.models import AssistantMode
from tests.assistant.proposing import ANSWER, propose
from tests.factories import receive

AUTO, SUGGEST, OFF = AssistantMode.AUTO, AssistantMode.SUGGEST, AssistantMode.OFF
QUIET = ("", False)
FIRST = f"{ANSWER}\n\n{NOTICE}"


def change(**settings):
    AssistantSettings.objects.update_or_create(defaults=settings)


def begin(message):
    """Ask what is done about these words, as the engine does before it asks a model."""
    with transaction.atomic():
        held = hold_conversation(message.conversation_id)
        mode = mode_for(conversation=held, trigger=message, actor=SYSTEM)
    message.conversation.refresh_from_db()
    return mode


def finish(message, text=ANSWER, **columns):
    """Propose an answer as the engine does in the end, and tell whether it left."""
    suggestion = propose(message, text, mode=AUTO, **columns)
    return answer_if_allowed(suggestion=suggestion, actor=SYSTEM)


def turn(inbox, words, text=ANSWER):
    """Let a person write and an answer leave; tell whether it did."""
    message = receive(inbox, words)
    return begin(message) == AUTO and finish(message, text, started_at=timezone.now())


def sent():
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def pause():
    return Conversation.objects.values_list("assistant_pause", "is_pending").get()
