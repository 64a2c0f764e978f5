"""Work becomes requests: who is asked next, and whom. One short transaction under the locks of all providers.

A claim is a fenced lease in the row, counted before anything is asked; it is also the place its request takes among
those the provider may have at once, and the money it may cost at most. So both limits hold across any number of
workers, and what a dead worker held is free again when its lease ends.
"""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from apps.assistant.actions.announce import announce
from apps.assistant.actions.automatic import note_failure
from apps.assistant.actions.holding import hold_suggestion
from apps.assistant.actions.overtaken import end_proposal
from apps.assistant.models import AIModel, AIProvider, AssistantSettings, Completion, Suggestion
from apps.assistant.queries import candidates_of
from apps.assistant.types import Failure
from apps.conversations.actions.assist import note_suggestion
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import AssistantMode

State = Suggestion.State

MARGIN_SECONDS = 15
"""How much longer than its request a lease lasts: what the answer said must still be written."""
FIRST_TEXT_SECONDS = 8
"""How long a request may be silent while somebody else could be asked."""
SHORTEST_SECONDS = 1
LOOKED_AT = 20
"""How many more than there is room for are looked at: those before them may wait for another provider."""
MILLION = Decimal(1_000_000)
CENT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One suggestion that is ours to have written by one model until the lease ends.

    Units:  `ends_at` in seconds of this process's clock, `time.monotonic`.
    """

    suggestion: Suggestion
    model: AIModel
    token: UUID
    ends_at: float
    first_text_seconds: float

    @property
    def seconds(self) -> float:
        """Return how long it may still take."""
        return max(self.ends_at - time.monotonic(), 0)


@dataclass(kw_only=True)
class Budget:
    """What may be spent in a day, what is spent, and what is under way may cost at most."""

    limit: Decimal | None
    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    def allows(self, price: Decimal) -> bool:
        """Tell whether a request of that price fits into the day at all."""
        return self.limit is None or self.spent + price <= self.limit

    def has_room_for(self, price: Decimal) -> bool:
        """Tell whether it also fits if all that is under way costs what it may."""
        return self.limit is None or self.spent + self.reserved + price <= self.limit


@dataclass(kw_only=True)
class Desk:
    """One provider as it is now: how many requests it has, what they may cost, and until when it rests."""

    provider: AIProvider
    budget: Budget
    under_way: int = 0

    @property
    def has_room(self) -> bool:
        return self.under_way < self.provider.concurrency


@dataclass(frozen=True, slots=True)
class Later:
    """Nobody can be asked now: at `at` again, or when something ends."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The assistant was switched off meanwhile."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ask, and how long."""

    model: AIModel
    seconds: float
    first_text_seconds: float


def price_of(model: AIModel, *, prompt_tokens: int, completion_tokens: int) -> Decimal:
    """Return what so many tokens of a model cost, in the currency of its provider."""
    provider = model.provider
    read = provider.price_input if model.price_input is None else model.price_input
    written = provider.price_output if model.price_output is None else model.price_output
    return ((read * prompt_tokens + written * completion_tokens) / MILLION).quantize(CENT)


def claim_due(*, actor: Actor) -> list[Claim]:
    """Take what is due as far as providers have room: wishes of people first, then whoever waits longest.

    What nobody is left to answer fails here.
    """
    require(actor, Scope.MESSAGES_SEND)
    if not due_suggestions().exists():
        return []
    claims, hopeless = _take()
    for suggestion, why in hopeless:
        _give_up(suggestion, why, actor)
    return claims


def due_suggestions() -> QuerySet[Suggestion]:
    """Return what waits for a model and may be asked now."""
    return Suggestion.objects.filter(state=State.QUEUED, next_attempt_at__lte=Now())


@transaction.atomic
def _take() -> tuple[list[Claim], list[tuple[Suggestion, Failure | Unwanted]]]:
    house = _House()
    if house.is_full:
        return [], []
    rows = due_suggestions().select_for_update(of=["self"], no_key=True, skip_locked=True)
    ordered = rows.select_related("inbox", "conversation", "respondent").order_by("priority", "asked_at", "pk")
    claims: list[Claim] = []
    hopeless: list[tuple[Suggestion, Failure | Unwanted]] = []
    waiting = list(ordered[: house.room + LOOKED_AT])
    found = candidates_of([suggestion.respondent for suggestion in waiting])
    for suggestion in waiting:
        whom = found[suggestion.respondent_id]
        match house.choose(suggestion, whom.models):
            case Choice() as choice:
                claims.append(_claim(suggestion, choice, whom.problem))
                house.book(suggestion, choice.model)
            case Failure() | Unwanted() as why:
                hopeless.append((suggestion, why))
            case Later(at=at) if at is not None:
                Suggestion.objects.filter(pk=suggestion.pk).update(next_attempt_at=at)
    return claims, hopeless


def _claim(suggestion: Suggestion, choice: Choice, problem: str) -> Claim:
    token = uuid.uuid4()
    lease = timedelta(seconds=choice.seconds + MARGIN_SECONDS)
    Suggestion.objects.filter(pk=suggestion.pk).update(
        state=State.GENERATING,
        attempts=F("attempts") + 1,
        lease_token=token,
        lease_until=Now() + lease,
        started_at=Coalesce("started_at", Now()),
        provider=choice.model.provider,
        model=choice.model,
        config_problem=problem,
        text="",
    )
    suggestion.attempts += 1
    announce(suggestion)
    return Claim(
        suggestion=suggestion,
        model=choice.model,
        token=token,
        ends_at=time.monotonic() + choice.seconds,
        first_text_seconds=choice.first_text_seconds,
    )


@transaction.atomic
def _give_up(suggestion: Suggestion, why: Failure | Unwanted, actor: Actor) -> None:
    """End a suggestion nobody will write, unless it is no longer waiting."""
    held = hold_suggestion(suggestion)
    if held.state != State.QUEUED:
        return
    match why:
        case Failure():
            fail(held, why, actor)
        case Unwanted():
            end_proposal(held.conversation)


def fail(held: Suggestion, failure: Failure, actor: Actor) -> None:
    """End a suggestion that is held without an answer."""
    Suggestion.objects.filter(pk=held.pk).update(state=State.FAILED, failure=failure, finished_at=Now())
    note_suggestion(conversations=[held.conversation_id], has_one=False)
    note_failure(suggestion=held, actor=actor)
    announce(held)


class _House:
    """All providers as they are now; nobody else claims until the transaction ends."""

    def __init__(self) -> None:
        self._settings = AssistantSettings.current()
        self._now = timezone.now()
        providers = AIProvider.objects.select_for_update(no_key=True).filter(is_enabled=True).order_by("pk")
        self._desks = {
            provider.pk: Desk(provider=provider, budget=Budget(limit=provider.daily_budget)) for provider in providers
        }
        self._inboxes: dict[int, Budget] = {}
        self._under_way = list(
            Suggestion.objects.filter(lease_until__gt=Now(), model__isnull=False).select_related("model__provider")
        )
        for desk in self._desks.values():
            if desk.budget.limit is not None:
                desk.budget.spent = _spent(self._now, provider_id=desk.provider.pk)
        for suggestion in self._under_way:
            if suggestion.model is not None and suggestion.model.provider_id in self._desks:
                self._occupy(self._desks[suggestion.model.provider_id], suggestion.model)

    @property
    def is_full(self) -> bool:
        """Tell whether one has to wait; where nobody could be asked at all there is nothing to wait for."""
        return bool(self._desks) and not self.room

    @property
    def room(self) -> int:
        """Return how many requests could begin now."""
        return sum(max(desk.provider.concurrency - desk.under_way, 0) for desk in self._desks.values())

    def choose(self, suggestion: Suggestion, models: Iterable[AIModel]) -> Choice | Later | Failure | Unwanted:
        """Return whom to ask for a suggestion, or why nobody."""
        if not self._settings.is_enabled or suggestion.inbox.assistant_mode == AssistantMode.OFF:
            return Unwanted()
        seconds = self._seconds_left(suggestion)
        last = Failure(suggestion.failure) if suggestion.failure else None
        if seconds < SHORTEST_SECONDS:
            return last or Failure.TOO_SLOW
        left = [
            (self._desks[model.provider_id], model)
            for model in models
            if model.provider_id in self._desks and model.provider_id not in suggestion.tried
        ]
        if not left:
            return last or Failure.NO_PROVIDER
        awake = [(desk, model) for desk, model in left if not self._rests(desk)]
        if not awake and suggestion.asked_by_id is not None and not suggestion.attempts:
            awake = left  # somebody looks at the screen and wants to know: once, nobody's rest is minded
        usable = [(desk, model) for desk, model in awake if desk.budget.allows(self._price(model))]
        if usable:
            return self._choose_among(usable, suggestion, seconds)
        if len(awake) < len(left):
            return self._wait_for_rest([desk for desk, _ in left if self._rests(desk)], seconds, last)
        return Failure.BUDGET

    def _choose_among(
        self, usable: list[tuple[Desk, AIModel]], suggestion: Suggestion, seconds: float
    ) -> Choice | Later | Failure:
        desk, model = usable[0]
        price, of_inbox = self._price(model), self._budget_of(suggestion.inbox_id)
        if not of_inbox.allows(price):
            return Failure.BUDGET
        if not (desk.has_room and desk.budget.has_room_for(price) and of_inbox.has_room_for(price)):
            return Later()
        first_text = min(FIRST_TEXT_SECONDS, seconds) if len(usable) > 1 else seconds
        return Choice(model, seconds, first_text)

    def _wait_for_rest(self, resting: Iterable[Desk], seconds: float, last: Failure | None) -> Later | Failure:
        ends_at = min(desk.provider.resting_until or self._now for desk in resting)
        is_soon = (ends_at - self._now).total_seconds() < seconds - SHORTEST_SECONDS
        return Later(ends_at) if is_soon else last or Failure.RESTING

    def book(self, suggestion: Suggestion, model: AIModel) -> None:
        """Count a claim of this moment."""
        self._occupy(self._desks[model.provider_id], model)
        self._budget_of(suggestion.inbox_id).reserved += self._price(model)

    def _occupy(self, desk: Desk, model: AIModel) -> None:
        desk.under_way += 1
        desk.budget.reserved += self._price(model)

    def _rests(self, desk: Desk) -> bool:
        return desk.provider.resting_until is not None and desk.provider.resting_until > self._now

    def _price(self, model: AIModel) -> Decimal:
        """Return what a request may cost at most."""
        return price_of(model, prompt_tokens=self._settings.context_tokens, completion_tokens=model.max_output_tokens)

    def _budget_of(self, inbox_id: int) -> Budget:
        if inbox_id not in self._inboxes:
            budget = Budget(limit=self._settings.inbox_daily_budget)
            if budget.limit is not None:
                budget.spent = _spent(self._now, inbox_id=inbox_id)
                models = [row.model for row in self._under_way if row.inbox_id == inbox_id and row.model is not None]
                budget.reserved = sum((self._price(model) for model in models), Decimal(0))
            self._inboxes[inbox_id] = budget
        return self._inboxes[inbox_id]

    def _seconds_left(self, suggestion: Suggestion) -> float:
        allowed = self._settings.deadline_seconds
        if suggestion.started_at is None:
            return allowed
        return allowed - (self._now - suggestion.started_at).total_seconds()


def _spent(now: datetime, **where: int) -> Decimal:
    """Return what was spent since midnight."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    spent = Completion.objects.filter(created_at__gte=midnight, **where).aggregate(total=Sum("price"))["total"]
    return Decimal(spent or 0)
