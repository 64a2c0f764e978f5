"""What is proposed in a conversation, whether it still answers, and what the assistant does there."""

import re
from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Any

from django.db.models import FETCH_PEERS, Exists, OuterRef, QuerySet

from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.types import Change, Piece
from apps.conversations.models import ACTS, Conversation, Direction, Kind, Message, Sender, Status
from apps.core.models import SiteSettings
from apps.inboxes.models import AssistantMode

SHOWN_STATES = (*Suggestion.OPEN, Suggestion.State.FAILED)


def current_suggestions(conversations: Collection[Conversation]) -> dict[int, Suggestion]:
    """Return what is proposed now, is being written or failed, by the key of the conversation.

    What was decided or overtaken is no longer proposed, nor what failed once somebody answered.
    """
    newest = Suggestion.objects.filter(conversation__in=[conversation.pk for conversation in conversations])
    rows = newest.select_related("inbox", "trigger", "provider", "model").defer("provider__credentials")
    latest = rows.order_by("conversation_id", "-id").distinct("conversation_id").fetch_mode(FETCH_PEERS)
    shown = {row.conversation_id: row for row in latest if row.state in SHOWN_STATES}
    failed = [row.pk for row in shown.values() if row.state == Suggestion.State.FAILED]
    answered = Suggestion.objects.filter(answered_since(), pk__in=failed).values_list("conversation", flat=True)
    for conversation_id in answered if failed else ():
        del shown[conversation_id]
    return shown


def current_suggestion(conversation: Conversation) -> Suggestion | None:
    """Return what is proposed in a conversation now, being written or failed; None when it was decided or overtaken."""
    return current_suggestions([conversation]).get(conversation.pk)


def modes_of(conversations: Collection[Conversation]) -> dict[int, AssistantMode]:
    """Return what the assistant does while it is not paused, by the key of the conversation."""
    is_enabled = AssistantSettings.current().is_enabled
    house = SiteSettings.objects.first() or SiteSettings()
    usual = AssistantMode.AUTO if house.auto_reply else AssistantMode.SUGGEST
    return {
        conversation.pk: _narrowest(conversation, usual) if is_enabled else AssistantMode.OFF
        for conversation in conversations
    }


def mode_of(conversation: Conversation) -> AssistantMode:
    """Return what the assistant does in a conversation while it is not paused: the narrowest setting decides.

    An inbox that is off is off for every chat, and so is a house whose assistant is.
    """
    return modes_of([conversation])[conversation.pk]


def _narrowest(conversation: Conversation, usual: AssistantMode) -> AssistantMode:
    if conversation.inbox.assistant_mode == AssistantMode.OFF:
        return AssistantMode.OFF
    return AssistantMode(conversation.assistant_mode or conversation.inbox.assistant_mode or usual)


def newest_words(conversation: Conversation) -> Message | None:
    """Return the newest message of the person, which an answer is for; what was taken back or imported is none."""
    theirs = conversation.messages.filter(direction=Direction.IN, deleted_at=None, is_imported=False)
    return theirs.exclude(kind=Kind.SYSTEM).order_by("-id").first()


def answers(*, conversation: Any, after: Any, since: Any) -> QuerySet[Message]:
    """Return what we said in a conversation after the message with an id and a time; columns of a query will do.

    That we pass the person on to somebody is no answer, nor is what did not arrive.
    """
    ours = Message.objects.filter(conversation=conversation, direction=Direction.OUT, is_imported=False)
    said = ours.filter(pk__gt=after, occurred_at__gte=since).exclude(kind__in=ACTS).exclude(status=Status.FAILED)
    return said.exclude(sender=Sender.ASSISTANT, suggestion=None)


def answered_since() -> Exists:
    """Return the condition on suggestions that somebody answered the words they are for."""
    trigger = {"after": OuterRef("trigger"), "since": OuterRef("trigger__occurred_at")}
    return Exists(answers(conversation=OuterRef("conversation"), **trigger))


def answers_after(message: Message) -> QuerySet[Message]:
    """Return what we said since a message of the person."""
    return answers(conversation=message.conversation_id, after=message.pk, since=message.occurred_at)


def is_answered(message: Message) -> bool:
    """Tell whether somebody answered a message of the person."""
    return answers_after(message).exists()


def is_current(suggestion: Suggestion) -> bool:
    """Tell whether it still answers the newest words as they are, and nobody answered them."""
    newest = newest_words(suggestion.conversation)
    is_newest = newest is not None and newest.pk == suggestion.trigger_id
    return is_newest and suggestion.conversation.reply_wanted_at is None and not is_answered(suggestion.trigger)


_WORDS = re.compile(r"\s+|\w+|.", re.DOTALL)


def difference(suggestion: Suggestion) -> list[Piece]:
    """Return what was changed before it left, in the order it is read; nothing changed gives one piece."""
    before, after = _WORDS.findall(suggestion.text), _WORDS.findall(suggestion.sent_text)
    pieces = []
    for tag, *(start, end, from_, to) in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(change=Change.KEPT, text="".join(before[start:end])))
            continue
        gone, new = "".join(before[start:end]), "".join(after[from_:to])
        pieces += [Piece(change=Change.GONE, text=gone)] if gone else []
        pieces += [Piece(change=Change.NEW, text=new)] if new else []
    return pieces
