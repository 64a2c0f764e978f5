"""What messages and people mean for the assistant, which lives in a room above.

It is told that the person said something new (`reply_wanted_at`) or that what it proposes is overtaken
(`has_suggestion`), and rung for. Whether it answers by itself here is said by the mode, and held back by a pause.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce, Now

from apps.conversations.actions.columns import announce_conversation
from apps.conversations.models import Conversation, Direction, Message, Pause, Sender
from apps.conversations.permissions import require_handle
from apps.core.actors import Actor
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import AssistantMode, Inbox

REPLY_WANTED: dict[str, Any] = {"reply_wanted_at": Now()}
"""What new words of the person change of their conversation. Ring after writing it."""
ANSWERED: dict[str, Any] = {"reply_wanted_at": None}
"""What an answer of ours changes of its conversation."""
RESUMED: dict[str, Any] = {"assistant_paused_at": None, "assistant_pause": "", "assistant_resumed_at": Now()}
"""What handing it back to the assistant changes: it begins to count afresh."""


def listens(inbox: Inbox) -> bool:
    """Tell whether the assistant may look at what is said in an inbox."""
    return inbox.assistant_mode != AssistantMode.OFF


def paused_by(pause: Pause) -> dict[str, Any]:
    """Return what words of ours that are not the assistant's change: it is silent until it is handed back."""
    first = When(assistant_paused_at=None, then=Value(pause))
    return {
        "assistant_pause": Case(first, default=F("assistant_pause")),
        "assistant_paused_at": Coalesce("assistant_paused_at", Now()),
    }


def reconsider(message: Message) -> None:
    """Have the assistant look again where it proposes an answer to words that changed."""
    if message.direction == Direction.IN:
        proposed = Conversation.objects.filter(pk=message.conversation_id, has_suggestion=True)
        if proposed.update(**REPLY_WANTED):
            ring()


def note_suggestion(*, conversations: Collection[int], has_one: bool) -> None:
    """Note that something is proposed in these conversations, or nothing any more."""
    Conversation.objects.filter(pk__in=conversations).update(has_suggestion=has_one)


def settle_wish(*, conversation: Conversation) -> None:
    """Note that what the person said up to now is being answered."""
    Conversation.objects.filter(pk=conversation.pk).update(**ANSWERED)
    conversation.reply_wanted_at = None


def ring() -> None:
    """Have the assistant look; heard at commit."""
    enqueue(Job.SUGGEST_REPLY)


def ring_if_overtaken(conversation: Conversation) -> None:
    """Have the assistant look again where it proposes something already."""
    if conversation.has_suggestion:
        ring()


@transaction.atomic
def set_assistant_mode(*, conversation: Conversation, mode: AssistantMode, actor: Actor) -> None:
    """Say what the assistant does here; whatever held automatic answers back is over.

    Raises: PermissionDenied.
    """
    require_handle(actor, conversation)
    _write(conversation, assistant_mode=mode, **RESUMED)


@transaction.atomic
def hand_back(*, conversation: Conversation, actor: Actor) -> None:
    """Let the assistant answer again here, as its mode says, from the next words of the person on.

    Raises: PermissionDenied.
    """
    require_handle(actor, conversation)
    _write(conversation, **RESUMED)


@transaction.atomic
def pause_assistant(*, conversation: Conversation, pause: Pause, needs_somebody: bool, actor: Actor) -> None:
    """Keep the assistant from answering by itself here; with `needs_somebody` the conversation waits for a person."""
    require_handle(actor, conversation)
    pending = {"is_pending": True, "pending_since": Coalesce("pending_since", Now())} if needs_somebody else {}
    _write(conversation, assistant_paused_at=Now(), assistant_pause=pause, **pending)


@transaction.atomic
def note_unsent(*, messages: Collection[int], actor: Actor) -> None:
    """Let the chats wait for a person in which, of these messages, words of the assistant turn out not to have left."""
    theirs = Message.objects.filter(pk__in=messages, sender=Sender.ASSISTANT, failed_at__isnull=False)
    waiting = Conversation.objects.filter(pk__in=theirs.values("conversation"), assistant_paused_at=None)
    for conversation in waiting.filter(closed_at=None).select_related("inbox").order_by("pk"):
        pause_assistant(conversation=conversation, pause=Pause.UNSENT, needs_somebody=True, actor=actor)


def _write(conversation: Conversation, **changes: Any) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    conversation.refresh_from_db(fields=list(changes))
    ring()
    announce_conversation(conversation)
