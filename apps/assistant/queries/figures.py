"""What the assistant costs, how quick it is, and what people make of it, in a period.

Each figure is one statement over the rows of the period, which an index on `created_at` finds, and only over those
that exist for the actor. `docs/explanation/assistant-figures.md` says what each counts.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.assistant.models import Completion, Suggestion
from apps.assistant.queries.doors import completions_for, suggestions_for
from apps.assistant.queries.intervals import Interval, mean_rating, wilson
from apps.assistant.types import Failure
from apps.conversations.models import Pause
from apps.core.actors import Actor

State = Suggestion.State
UNFINISHED = (State.QUEUED, State.GENERATING)
BY_PEOPLE = (Pause.OPERATOR, Pause.APPLICATION, Pause.PHONE)
"""Pauses that are no hand-off: somebody of ours answered by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days of the house, the first and the last among them."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """When it begins and when it is over."""
        begins, ends = (datetime.combine(day, time.min) for day in (self.first, self.last + timedelta(days=1)))
        return timezone.make_aware(begins), timezone.make_aware(ends)


def last_days(count: int) -> Period:
    """Return today and the days before it."""
    today = timezone.localdate()
    return Period(first=today - timedelta(days=count - 1), last=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What requests of one day to one model for one inbox cost."""

    day: date
    model: str
    inbox: str
    currency: str
    requests: int
    price: Decimal


def spent(actor: Actor, period: Period) -> list[Spent]:
    """Return what was spent, by day, model, inbox and currency."""
    keys = {"day": TruncDate("created_at"), "model": F("model_name"), "place": F("inbox__name"), "coin": F("currency")}
    rows = _requests(actor, period).values(**keys).annotate(requests=Count("pk"), total=Sum("price"))
    names = ("day", "model", "place", "coin", "requests", "total")
    return [
        Spent(day=day, model=model, inbox=inbox, currency=coin, requests=requests, price=price)
        for day, model, inbox, coin, requests, price in rows.values_list(*names)
    ]


class Percentile(Aggregate):
    """The value below which a part of all values lies."""

    function = "percentile_cont"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)%(filter)s"
    output_field = FloatField()

    def __init__(self, expression: str, fraction: float) -> None:
        super().__init__(expression, fraction=fraction, filter=Q(outcome=Completion.OK))


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a model takes, in milliseconds, when it answers: in half of all cases at most, in 95 of 100 at most."""

    model: str
    requests: int
    failures: int
    first_half: float | None
    first_most: float | None
    half: float | None
    most: float | None


_QUICK: dict[str, Any] = {
    "requests": Count("pk"),
    "failures": Count("pk", filter=~Q(outcome__in=(Completion.OK, Failure.OVERTAKEN))),
    "first_half": Percentile("first_text_ms", 0.5),
    "first_most": Percentile("first_text_ms", 0.95),
    "half": Percentile("latency_ms", 0.5),
    "most": Percentile("latency_ms", 0.95),
}


def latencies(actor: Actor, period: Period) -> list[Latency]:
    """Return how quick each model is and how often it failed; those that were asked most first."""
    rows = _requests(actor, period).values("model_name").annotate(**_QUICK).values_list("model_name", *_QUICK)
    found = [Latency(model=model, **dict(zip(_QUICK, figures, strict=True))) for model, *figures in rows]
    return sorted(found, key=lambda row: (-row.requests, row.model))


def latency(actor: Actor, period: Period) -> Latency:
    """Return how quick models are, all together."""
    return Latency(model="", **_requests(actor, period).aggregate(**_QUICK))


def outcomes(actor: Actor, period: Period) -> dict[str, int]:
    """Return how many requests ended how; what happened most first."""
    rows = _requests(actor, period).values_list("outcome").annotate(requests=Count("pk"))
    return dict(rows.order_by("-requests", "outcome"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What people did with suggestions, and what they said of them."""

    as_is: int = 0
    edited: int = 0
    discarded: int = 0
    ratings: int = 0
    rating_sum: int = 0

    @property
    def decided(self) -> int:
        """How many somebody decided on."""
        return self.as_is + self.edited + self.discarded

    @property
    def share(self) -> Interval | None:
        """The part of those that somebody decided on that left as they were."""
        return wilson(self.as_is, self.decided)

    @property
    def rating(self) -> Interval | None:
        """The mean rating."""
        return mean_rating(self.rating_sum, self.ratings)


_JUDGED: dict[str, Any] = {
    "as_is": Count("pk", filter=Q(state=State.ACCEPTED)),
    "edited": Count("pk", filter=Q(state=State.EDITED)),
    "discarded": Count("pk", filter=Q(state=State.DISCARDED)),
    "ratings": Count("rating"),
    "rating_sum": Sum("rating", default=0),
}


def judged(actor: Actor, period: Period) -> Judged:
    """Return what people did with all suggestions."""
    return Judged(**_suggestions(actor, period).aggregate(**_JUDGED))


def fates(actor: Actor, period: Period) -> dict[str, int]:
    """Return how many suggestions are in each state."""
    return dict(_suggestions(actor, period).values_list("state").annotate(rows=Count("pk")))


def handed_over(actor: Actor, period: Period) -> dict[str, int]:
    """Return in how many conversations the assistant stepped aside, by why; those handed back since do not count."""
    began, ended = period.bounds
    paused = _suggestions(actor, period).filter(
        conversation__assistant_paused_at__gte=began, conversation__assistant_paused_at__lt=ended
    )
    others = paused.exclude(conversation__assistant_pause__in=BY_PEOPLE)
    rows = others.values_list("conversation__assistant_pause")
    return dict(rows.annotate(rows=Count("conversation", distinct=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Judged):
    """How one value of a parameter did, in the suggestions whose respondent has it."""

    param: str
    name: str
    uses: int


def values(actor: Actor, period: Period) -> dict[str, list[Value]]:
    """Return how each value did, by its parameter, in the order of the parameters; the one most used first."""
    keys = {"param": F("respondent__drawn__param__name"), "name": F("respondent__drawn__value__name")}
    position = ("respondent__drawn__param__position", "respondent__drawn__param_id", "respondent__drawn__value_id")
    rows = (
        _suggestions(actor, period)
        .exclude(state__in=(*UNFINISHED, State.FAILED))
        .filter(respondent__drawn__isnull=False)
        .values(*position, **keys)
        .annotate(uses=Count("pk"), **_JUDGED)
        .order_by(*position[:2], "-uses", "name")
    )
    found: dict[str, list[Value]] = {}
    for row in rows:
        told = {name: row[name] for name in ("param", "name", "uses", *_JUDGED)}
        found.setdefault(row["param"], []).append(Value(**told))
    return found


def _requests(actor: Actor, period: Period) -> QuerySet[Completion]:
    began, ended = period.bounds
    return completions_for(actor).filter(created_at__gte=began, created_at__lt=ended).order_by()


def _suggestions(actor: Actor, period: Period) -> QuerySet[Suggestion]:
    began, ended = period.bounds
    return suggestions_for(actor).filter(created_at__gte=began, created_at__lt=ended).order_by()
