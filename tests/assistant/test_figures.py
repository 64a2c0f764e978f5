"""The figures of the assistant: exact numbers of a set made by hand, one's own branches only, and by an index."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.assistant.models import Completion, Respondent, Suggestion
from apps.assistant.queries import figures
from apps.assistant.queries.figures import Judged, Latency, Period, Spent, Value
from apps.assistant.queries.intervals import Interval, mean_rating, wilson
from apps.conversations.models import Conversation
from apps.core.actors import NOBODY, SYSTEM, Role
from apps.inboxes.models import Inbox
from tests.factories import (
    make_actor,
    make_completion,
    make_conversation,
    make_inbox,
    make_respondent,
    make_suggestion,
)

MARCH = Period(first=date(2026, 3, 1), last=date(2026, 3, 31))
FIRST, LAST = datetime(2026, 3, 1, 3, tzinfo=UTC), datetime(2026, 4, 1, 2, 59, 59, tzinfo=UTC)
"""The first and the last second of March in Salta."""
READS: list[Callable[..., Any]] = [
    *(figures.spent, figures.latencies, figures.latency, figures.outcomes, figures.judged, figures.fates),
    *(figures.handed_over, figures.values),
]


def rounded(interval: Interval | None) -> tuple[float, ...] | None:
    return tuple(round(bound, 4) for bound in (interval.value, interval.low, interval.high)) if interval else None


@pytest.mark.parametrize(
    ("successes", "count", "expected"),
    [
        (0, 0, None),
        (8, 10, (0.8, 0.4902, 0.9433)),
        (0, 10, (0.0, 0.0, 0.2775)),
        (10, 10, (1.0, 0.7225, 1.0)),
        (1, 1, (1.0, 0.2065, 1.0)),
        (500, 1000, (0.5, 0.4691, 0.5309)),
    ],
)
def test_the_interval_of_a_share_is_wilsons(successes: int, count: int, expected: Any) -> None:
    assert rounded(wilson(successes, count)) == expected


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [(0, 0, None), (42, 10, (4.2, 2.9606, 4.7733)), (50, 10, (5.0, 3.8899, 5.0)), (1, 1, (1.0, 1.0, 4.1738))],
)
def test_the_interval_of_a_rating_stays_between_one_and_five(total: int, count: int, expected: Any) -> None:
    assert rounded(mean_rating(total, count)) == expected


def at(row: Any, when: datetime) -> Any:
    """Let a suggestion be of another time."""
    type(row).objects.filter(pk=row.pk).update(created_at=when)
    return row


@pytest.fixture
def chats(db: None) -> dict[str, Conversation]:
    """Two chats in two inboxes of two branches, one with a formal respondent and one with a close one."""
    made = {name: make_conversation(make_inbox(name=name)) for name in ("Centro", "Norte")}
    for name, tone in (("Centro", "formal"), ("Norte", "cercano")):
        make_respondent(made[name], tono=tone)
    return made


def proposed(chat: Conversation, state: str, when: datetime = FIRST, **columns: Any) -> Suggestion:
    respondent = Respondent.objects.get(conversation=chat)
    row: Suggestion = at(make_suggestion(chat, state=state, respondent=respondent, **columns), when)
    return row


def branch_of(chat: Conversation) -> Any:
    return Inbox.objects.select_related("branch").get(pk=chat.inbox_id).branch


def asked(chat: Conversation, **columns: Any) -> Completion:
    suggestion = chat.suggestions.first() or proposed(chat, "superseded")
    return make_completion(suggestion, **{"created_at": FIRST, **columns})


def test_what_was_spent_by_day_model_inbox_and_currency(chats: dict[str, Conversation]) -> None:
    centro, norte = chats.values()
    for price in ("0.25", "0.5"):
        asked(centro, price=price)
    asked(centro, price=1, currency="ARS", model_name="k", created_at=LAST)
    asked(norte, price=2, created_at=LAST)
    for outside in (FIRST - timedelta(seconds=1), LAST + timedelta(seconds=1)):
        asked(norte, price=99, created_at=outside)
    rows = sorted(figures.spent(SYSTEM, MARCH), key=lambda row: (row.day, row.inbox))
    first, last = MARCH.first, MARCH.last
    assert rows == [
        Spent(day=first, model="m", inbox="Centro", currency="USD", requests=2, price=Decimal("0.75")),
        Spent(day=last, model="k", inbox="Centro", currency="ARS", requests=1, price=Decimal(1)),
        Spent(day=last, model="m", inbox="Norte", currency="USD", requests=1, price=Decimal(2)),
    ]


def test_how_quick_models_are_and_how_requests_end(chats: dict[str, Conversation]) -> None:
    centro, norte = chats.values()
    for number in range(1, 6):
        asked(centro, first_text_ms=100 * number, latency_ms=1000 * number)
    asked(centro, outcome="limited", latency_ms=9)
    asked(norte, outcome="overtaken", model_name="k", latency_ms=9)
    slow = {"first_half": 300.0, "first_most": 480.0, "half": 3000.0, "most": 4800.0}
    nothing = dict.fromkeys(slow)
    assert figures.latencies(SYSTEM, MARCH) == [
        Latency(model="m", requests=6, failures=1, **slow),
        Latency(model="k", requests=1, failures=0, **nothing),
    ]
    assert figures.latency(SYSTEM, MARCH) == Latency(model="", requests=7, failures=1, **slow)
    assert list(figures.outcomes(SYSTEM, MARCH).items()) == [("ok", 5), ("limited", 1), ("overtaken", 1)]


def test_what_people_made_of_it_and_of_each_value(chats: dict[str, Conversation]) -> None:
    centro, norte = chats.values()
    for state, count in {"accepted": 3, "edited": 2, "discarded": 1, "superseded": 1, "failed": 1}.items():
        for _ in range(count):
            proposed(centro, state)
    for rating in (5, 4):
        proposed(norte, "accepted", rating=rating, when=LAST)
    sent = make_suggestion(norte, state="superseded")
    Suggestion.objects.filter(pk=sent.pk).update(state="sent", respondent=Respondent.objects.get(conversation=norte))
    at(sent, LAST)
    proposed(norte, "accepted", when=LAST + timedelta(seconds=1), rating=1)
    assert figures.judged(SYSTEM, MARCH) == Judged(as_is=5, edited=2, discarded=1, ratings=2, rating_sum=9)
    assert figures.fates(SYSTEM, MARCH) == {
        "accepted": 5,
        "edited": 2,
        "discarded": 1,
        "superseded": 1,
        "failed": 1,
        "sent": 1,
    }
    assert figures.values(SYSTEM, MARCH) == {
        "tono": [
            Value(param="tono", name="formal", uses=7, as_is=3, edited=2, discarded=1, ratings=0, rating_sum=0),
            Value(param="tono", name="cercano", uses=3, as_is=2, edited=0, discarded=0, ratings=2, rating_sum=9),
        ]
    }
    formal, close = figures.values(SYSTEM, MARCH)["tono"]
    assert (rounded(formal.share), rounded(formal.rating)) == ((0.5, 0.1876, 0.8124), None)
    assert (rounded(close.share), rounded(close.rating)) == ((1.0, 0.3424, 1.0), (4.5, 2.0562, 4.9709))


def test_who_was_handed_over_counts_each_conversation_once(chats: dict[str, Conversation]) -> None:
    centro, norte = chats.values()
    for chat, reason in ((centro, "asked"), (norte, "operator")):
        for _ in range(2):
            proposed(chat, "superseded")
        Conversation.objects.filter(pk=chat.pk).update(assistant_paused_at=FIRST, assistant_pause=reason)
    assert figures.handed_over(SYSTEM, MARCH) == {"asked": 1}
    Conversation.objects.filter(pk=centro.pk).update(assistant_paused_at=LAST + timedelta(seconds=1))
    assert figures.handed_over(SYSTEM, MARCH) == {}


def test_a_branch_sees_its_own_figures_only(chats: dict[str, Conversation]) -> None:
    centro, norte = chats.values()
    for chat in (centro, norte):
        proposed(chat, "accepted", rating=5)
        asked(chat, price=1)
    actor = make_actor(Role.SUPERVISOR, (branch_of(centro),))
    assert [row.inbox for row in figures.spent(actor, MARCH)] == ["Centro"]
    assert figures.latency(actor, MARCH).requests == 1
    assert figures.outcomes(actor, MARCH) == {"ok": 1}
    assert figures.judged(actor, MARCH) == Judged(as_is=1, ratings=1, rating_sum=5)
    assert figures.fates(actor, MARCH) == {"accepted": 1}
    assert [row.name for row in figures.values(actor, MARCH)["tono"]] == ["formal"]
    for read in READS:
        assert read(NOBODY, MARCH) in ([], {}, Judged(), Latency(**_nothing())), read


def _nothing() -> dict[str, Any]:
    empty = dict.fromkeys(("first_half", "first_most", "half", "most"))
    return {"model": "", "requests": 0, "failures": 0, **empty}


def test_each_figure_is_one_statement_that_an_index_bounds(chats: dict[str, Conversation]) -> None:
    centro = chats["Centro"]
    proposed(centro, "accepted")
    asked(centro)
    _multiply(20_000)
    for read in READS:
        with CaptureQueriesContext(connection) as queries:
            read(SYSTEM, MARCH)
        assert len(queries) == 1, read
        with connection.cursor() as sql:
            sql.execute(f"EXPLAIN {queries[0]['sql']}")
            plan = "\n".join(line for (line,) in sql.fetchall())
        assert "completion_by_day" in plan or "suggestion_by_day" in plan, plan


def _multiply(count: int) -> None:
    """Copy the suggestion and the request that are there, an hour apart and back in time."""
    for model in (Suggestion, Completion):
        columns = [field.column for field in model._meta.concrete_fields if field.column not in ("id", "created_at")]
        listed = ", ".join(f'"{column}"' for column in columns)
        table = model._meta.db_table
        with connection.cursor() as sql:
            sql.execute(
                f"INSERT INTO {table} ({listed}, created_at) SELECT {listed}, created_at - n * interval '1 hour' "
                f"FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) row, generate_series(1, {count}) n"
            )
            sql.execute(f"ANALYZE {table}")
