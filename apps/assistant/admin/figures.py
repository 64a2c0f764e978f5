"""The figures of the assistant: what it costs, how quick it is, and which of its values works."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from apps.assistant.admin.words import NOTHING, money, outcome_in_words, seconds
from apps.assistant.models import Suggestion
from apps.assistant.queries import figures
from apps.assistant.queries.figures import Judged, Period, Spent, Value
from apps.assistant.queries.intervals import Interval
from apps.conversations.models import Pause
from apps.core.actors import Actor
from apps.core.admin import RecordAdmin
from apps.core.requests import actor_of

NAME = "assistant_completion_figures"
CHOICES = (7, 30, 90)
USUAL = 30
LONGEST = 366
YEARS = range(2000, 2200)
ENDED = (
    *(Suggestion.State.ACCEPTED, Suggestion.State.EDITED, Suggestion.State.SENT, Suggestion.State.DISCARDED),
    *(Suggestion.State.SUPERSEDED, Suggestion.State.FAILED, Suggestion.State.SHOWN),
)
HIGH, WIDE = 120, 1000
"""Of the chart of costs, in its own units: whole numbers, which every language writes alike."""


class FiguresPage(RecordAdmin):
    """Adds the page to the log of requests."""

    def get_urls(self) -> list[URLPattern]:
        return [path("figures/", self.admin_site.admin_view(self.figures_view), name=NAME), *super().get_urls()]

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """Show the figures of a period: the last days, or from one date until another."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        period, chosen = period_of(request.GET.get("days"), request.GET.get("from"), request.GET.get("until"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Figures of the assistant"),
            "opts": self.opts,
            "is_fullwidth": "1",
            "period": period,
            "chosen": chosen,
            "choices": CHOICES,
            **figures_of(actor_of(request), period),
        }
        return TemplateResponse(request, "admin/assistant/completion/figures.html", context)


def period_of(days: str | None, first: str | None, last: str | None) -> tuple[Period, int]:
    """Return the period somebody asks for, and how many days if it is one of the usual; what is nonsense is usual."""
    one, other = _date(first), _date(last)
    if one is None or other is None:
        count = next((choice for choice in CHOICES if days == str(choice)), USUAL)
        return figures.last_days(count), count
    begins, ends = sorted((one, other))
    return Period(first=max(begins, ends - timedelta(days=LONGEST - 1)), last=ends), 0


def _date(text: str | None) -> date | None:
    """Return the date somebody wrote, if it is one in which anything can have happened."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if day.year in YEARS else None


def figures_of(actor: Actor, period: Period) -> dict[str, Any]:
    """Return all that the page shows."""
    spent = figures.spent(actor, period)
    fates = figures.fates(actor, period)
    overall, judged = figures.latency(actor, period), figures.judged(actor, period)
    handed = figures.handed_over(actor, period)
    found = figures.values(actor, period)
    return {
        "cards": _cards(spent, judged, overall, handed),
        "charts": charts(spent, period),
        "models": by(spent, lambda row: row.model),
        "inboxes": by(spent, lambda row: row.inbox),
        "quick": [
            (row.model, *_quick(row), part(row.failures, row.requests)) for row in _models(actor, period, overall)
        ],
        "outcomes": shares({outcome_in_words(code): n for code, n in figures.outcomes(actor, period).items()}),
        "fates": shares({str(Suggestion.State(state).label): fates[state] for state in ENDED if state in fates}),
        "handed": shares({str(Pause(reason).label): count for reason, count in handed.items()}),
        "values": [(param, [_value(row) for row in rows]) for param, rows in found.items()],
        "hints": [hint for rows in found.values() for hint in hints(rows)],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label, how many, and their part of all, in whole percents for a bar and in words."""

    label: str
    count: int
    percent: int
    words: str


def shares(counts: dict[str, int]) -> list[Line]:
    """Return counts with their part of the whole, the greatest first."""
    whole = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [
        Line(label=label, count=count, percent=round(100 * count / whole), words=part(count, whole))
        for label, count in ordered
    ]


def part(count: int, whole: int) -> str:
    """Return a part of a whole in percents."""
    return percents(count / whole) if whole else NOTHING


def percents(share: float) -> str:
    """Return a share as it is written."""
    return f"{number_format(100 * share, 0)} %"


def by(rows: Iterable[Spent], key: Callable[[Spent], str]) -> list[tuple[str, int, str]]:
    """Return what was spent by what `key` tells: its label, requests and cost in each currency, the dearest first."""
    requests: dict[str, int] = {}
    prices: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        requests[key(row)] = requests.get(key(row), 0) + row.requests
        coins = prices.setdefault(key(row), {})
        coins[row.currency] = coins.get(row.currency, Decimal(0)) + row.price
    dearest = sorted(requests, key=lambda label: (-max(prices[label].values()), label))
    return [(label, requests[label], in_coins(prices[label])) for label in dearest]


def in_coins(prices: dict[str, Decimal]) -> str:
    """Return amounts of several currencies; what is free is left out beside what is not."""
    dear = {coin: price for coin, price in prices.items() if price} or prices
    return " + ".join(money(price, coin) for coin, price in sorted(dear.items())) or NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day of a chart, in its units."""

    day: date
    words: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What was spent each day, in one currency."""

    currency: str
    bars: list[Bar]
    most: str
    label: str


def charts(spent: Iterable[Spent], period: Period) -> list[Chart]:
    """Return a chart for each currency in which anything was paid."""
    days: dict[str, dict[date, Decimal]] = {}
    for row in spent:
        if row.price:
            coins = days.setdefault(row.currency, {})
            coins[row.day] = coins.get(row.day, Decimal(0)) + row.price
    return [_chart(coin, prices, period) for coin, prices in sorted(days.items())]


def _chart(coin: str, prices: dict[date, Decimal], period: Period) -> Chart:
    most, step = max(prices.values()), WIDE / len(period.days)
    bars = []
    for number, day in enumerate(period.days):
        price = prices.get(day, Decimal(0))
        height = max(round(HIGH * price / most), 1 if price else 0)
        x, width = round(number * step), max(round(step * 0.75), 1)
        words = f"{date_format(day, 'j M')}: {money(price, coin)}"
        bars.append(Bar(day=day, words=words, x=x, y=HIGH - height, width=width, height=height))
    dearest = max(prices, key=lambda day: prices[day])
    label = _("Cost per day, at most %(price)s on %(day)s") % {
        "price": money(most, coin),
        "day": date_format(dearest, "MONTH_DAY_FORMAT"),
    }
    return Chart(currency=coin, bars=bars, most=money(most, coin), label=label)


def _models(actor: Actor, period: Period, overall: figures.Latency) -> list[figures.Latency]:
    """Return each model, and all together where there are several."""
    rows = figures.latencies(actor, period)
    return [*rows, overall] if len(rows) > 1 else rows


def _quick(row: figures.Latency) -> tuple[int, str, str, str, str]:
    times = (row.first_half, row.first_most, row.half, row.most)
    return (row.requests, *(seconds(value) for value in times))  # type: ignore[return-value]


def _cards(
    spent: list[Spent], judged: Judged, overall: figures.Latency, handed: dict[str, int]
) -> list[tuple[str, str, str]]:
    """Return the figures on top: what, how much, and what to know of it."""
    whole = by(spent, lambda row: "")
    requests, cost = (whole[0][1], whole[0][2]) if whole else (0, NOTHING)
    decided = _("of %(count)d that somebody decided on") % {"count": judged.decided}
    rated = _("%(count)d ratings") % {"count": judged.ratings}
    late = _("95 of 100 within %(time)s") % {"time": seconds(overall.first_most)}
    return [
        (_("Cost"), cost, _("%(count)d requests to models") % {"count": requests}),
        (_("Sent as they were"), share_words(judged.share), f"{range_words(judged.share, percents)} · {decided}"),
        (_("Mean rating"), rating_words(judged.rating), rated),
        (_("First word, half of all within"), seconds(overall.first_half), late),
        (_("Handed to a person"), str(sum(handed.values())), _("conversations not handed back yet")),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """A value as the page shows it; `low`, `wide` and `dot` draw its interval, in whole percents."""

    row: Value
    share: str
    between: str
    rating: str
    rating_between: str
    low: int
    wide: int
    dot: int


def _value(row: Value) -> ValueLine:
    share = row.share or Interval(value=0, low=0, high=0)
    low, high, dot = (round(100 * bound) for bound in (share.low, share.high, share.value))
    return ValueLine(
        row=row,
        share=share_words(row.share),
        between=range_words(row.share, percents),
        rating=rating_words(row.rating),
        rating_between=range_words(row.rating, _tenths),
        low=low,
        wide=max(high - low, 1),
        dot=dot,
    )


def share_words(share: Interval | None) -> str:
    """Return a share, or a dash of nothing."""
    return percents(share.value) if share else NOTHING


def rating_words(rating: Interval | None) -> str:
    """Return a mean rating, or a dash of nothing."""
    return _tenths(rating.value) if rating else NOTHING


def _tenths(value: float) -> str:
    return number_format(value, 1)


def range_words(interval: Interval | None, words: Callable[[float], str]) -> str:
    """Return between which bounds the true value lies."""
    if interval is None:
        return NOTHING
    return _("%(low)s to %(high)s") % {"low": words(interval.low), "high": words(interval.high)}


def hints(rows: list[Value]) -> list[str]:
    """Return what chance does not explain between the values of one parameter, in plain words."""
    found = []
    for one, other in combinations(rows, 2):
        for better, worse in ((one, other), (other, one)):
            names = {"better": better.name, "worse": worse.name}
            if better.share and worse.share and better.share.is_above(worse.share):
                found.append(_("“%(better)s” is sent as it is more often than “%(worse)s”.") % names)
            if better.rating and worse.rating and better.rating.is_above(worse.rating):
                found.append(_("“%(better)s” is rated better than “%(worse)s”.") % names)
    return found
