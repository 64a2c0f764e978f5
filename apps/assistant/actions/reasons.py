"""When the assistant stops answering by itself and a person takes over: what was said, and how often.

Everything counts from the moment it was last handed back, so that one click gives it a fresh beginning.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate

from django.db.models import Q, QuerySet
from django.db.models.functions import Left, Now
from django.utils import timezone

from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.safety import names_word, plain
from apps.conversations.models import ACTS, Conversation, Direction, Kind, Message, Pause

LONG = 10_000
"""Characters without an answer that are more than a question."""
LOOKED_AT = 200
"""Of a burst, the newest messages in which words are looked for."""
SAME_WORDS = 3
"""The same words of the person this often in a row, answered each time, are a machine's."""
QUICK_TURNS = 6
QUICK_WITHIN = timedelta(minutes=1)
"""Nobody reads and writes this much in this time."""
INSTANT_TURNS = 3
INSTANT = timedelta(seconds=1)
"""Once somebody may have been writing already; this often in a row within this time only a machine answers."""
ECHO_LENGTH = 20
"""Words of ours this long that come back are an echo."""
_POLITE = re.compile(r"\b(por favor|porfa|hola|buenas|gracias|quiero|quisiera|necesito|prefiero|mejor|una|con)\b")


class Talk:
    """What was said in a conversation since the assistant was last handed it."""

    def __init__(self, conversation: Conversation, settings: AssistantSettings) -> None:
        self.conversation = conversation
        self.settings = settings
        self.since = conversation.assistant_resumed_at

    def reason_to_stop(self) -> Pause | None:
        """Return why a person should take over before anything is asked, if there is a reason."""
        if self.asks_for_somebody():
            return Pause.ASKED
        if any(names_word(text, self.settings.rule_words) for text in self.read):
            return Pause.RULE_WORD
        if sum(map(len, self.unanswered)) > LONG:
            return Pause.TOO_LONG
        if self.is_loop():
            return Pause.LOOP
        return Pause.TURNS if self.automatic.count() >= self.settings.auto_turns else None

    def asks_for_somebody(self) -> bool:
        """Tell whether the person wants a person: by the words of the settings, or by the one the notice names."""
        words = [plain(word) for word in re.findall("«(.+?)»", self.settings.notice)]
        return any(names_word(text, self.settings.handoff_words) or _bare(text) in words for text in self.read)

    def is_loop(self) -> bool:
        """Tell whether this looks like two machines talking."""
        answers = list(self.automatic.select_related("message")[:QUICK_TURNS])
        return bool(answers) and (
            self._repeats_itself(answers)
            or self._repeats_us(answers[0])
            or self.automatic.filter(message__created_at__gt=Now() - QUICK_WITHIN).count() >= QUICK_TURNS
            or self._answers_instantly(answers)
        )

    def is_over_limit(self) -> bool:
        """Tell whether models were asked as often today as one conversation may."""
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        asked = self.conversation.suggestions.filter(started_at__gte=max(midnight, self.since or midnight))
        return asked.count() >= self.settings.conversation_daily_limit

    @cached_property
    def automatic(self) -> QuerySet[Suggestion]:
        """The automatic answers, newest first."""
        sent = self.conversation.suggestions.filter(state=Suggestion.State.SENT, message__isnull=False)
        return sent.filter(_from(self.since, "decided_at")).order_by("-message_id")

    @cached_property
    def unanswered(self) -> Sequence[str]:
        """What the person said since our last word, newest first, as far as it has to be known."""
        ours = self.conversation.messages.filter(direction=Direction.OUT, is_imported=False).exclude(kind__in=ACTS)
        last = ours.order_by("-id").values_list("pk", flat=True).first() or 0
        return list(self._theirs.filter(pk__gt=last).values_list(Left("text", LONG + 1), flat=True)[:LOOKED_AT])

    @cached_property
    def read(self) -> Sequence[str]:
        """Of that, what words are looked for in: no more than would be too long."""
        before = accumulate(map(len, self.unanswered), initial=0)
        return [text[: LONG - length] for text, length in zip(self.unanswered, before, strict=False) if length < LONG]

    @property
    def _theirs(self) -> QuerySet[Message]:
        theirs = self.conversation.messages.filter(direction=Direction.IN, is_imported=False, deleted_at=None)
        return theirs.filter(_from(self.since, "created_at")).exclude(kind=Kind.SYSTEM).order_by("-id")

    def _repeats_itself(self, answers: Sequence[Suggestion]) -> bool:
        newest = list(self._theirs.values_list("pk", "text")[:SAME_WORDS])
        said = {plain(text) for _, text in newest}
        between = [answer for answer in answers if newest[-1][0] < (answer.message_id or 0)] if newest else []
        return len(said) == 1 and said != {""} and len(newest) == SAME_WORDS and len(between) >= SAME_WORDS - 1

    def _repeats_us(self, last: Suggestion) -> bool:
        ours = {plain(last.text), plain(last.sent_text)}
        return any(plain(text) in ours for text in self.read if len(text) >= ECHO_LENGTH)

    def _answers_instantly(self, answers: Sequence[Suggestion]) -> bool:
        last = answers[:INSTANT_TURNS]
        return len(last) == INSTANT_TURNS and all(self._is_instant(answer.message) for answer in last)

    def _is_instant(self, ours: Message | None) -> bool:
        if ours is None:
            return False
        left_at = ours.accepted_at or ours.created_at
        return self._theirs.filter(pk__gt=ours.pk, created_at__range=(left_at, left_at + INSTANT)).exists()


def _from(since: datetime | None, column: str) -> Q:
    return Q() if since is None else Q(**{f"{column}__gt": since})


def _bare(text: str) -> str:
    """Return what is left of a short message without its politeness."""
    return plain(_POLITE.sub(" ", plain(text))) if len(text) <= ECHO_LENGTH * 5 else ""
