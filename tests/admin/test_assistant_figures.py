"""The page of the assistant's figures: its periods, its words, its hints, and who sees what."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from apps.assistant.admin.figures import by, charts, hints, period_of, shares
from apps.assistant.models import AIParam, AIValue, Completion, Respondent, Suggestion
from apps.assistant.queries.figures import Period, Spent, Value
from tests.admin.conftest import Enter, words_of
from tests.admin.house import House
from tests.admin.test_pages import HOSTILE
from tests.factories import make_completion, make_suggestion

FIGURES = "/admin/assistant/completion/figures/"
MOST_QUERIES = 14


def spent(day: int, price: str, **columns: Any) -> Spent:
    told = {"model": "m", "inbox": "Centro", "currency": "USD", "requests": 1, **columns}
    return Spent(day=date(2026, 3, day), price=Decimal(price), **told)


def value(name: str, **columns: int) -> Value:
    return Value(param="Tono", name=name, uses=sum(columns.values()), **columns)


@pytest.mark.parametrize(
    ("asked", "days", "chosen"),
    [
        ((None, None, None), 30, 30),
        (("7", None, None), 7, 7),
        (("90", None, ""), 90, 90),
        (("8", None, None), 30, 30),
        (("x", "2026-02-30", "2026-03-01"), 30, 30),
        ((None, "2026-03-01", "2026-03-31"), 31, 0),
        ((None, "2026-03-31", "2026-03-01"), 31, 0),
        ((None, "2001-01-01", "2026-03-31"), 366, 0),
    ],
)
def test_a_period_is_what_is_asked_or_the_usual(asked: tuple[Any, ...], days: int, chosen: int) -> None:
    period, found = period_of(*asked)
    assert (len(period.days), found) == (days, chosen)
    assert asked[1] or period.last == timezone.localdate()


@pytest.mark.parametrize(
    "asked", ["from=0001-01-01&until=0001-01-02", "from=9999-12-30&until=9999-12-31", "days=%C3%B1"]
)
def test_no_date_breaks_the_page(asked: str, built: House, enter: Enter) -> None:
    assert enter("supervisor").get(f"{FIGURES}?{asked}").status_code == 200


def test_costs_are_added_by_currency_and_the_dearest_is_first() -> None:
    rows = [spent(1, "1"), spent(2, "2", model="k"), spent(2, "3", model="k", currency="ARS"), spent(3, "0", model="z")]
    with override("es-ar"):
        assert by(rows, lambda row: row.model) == [
            ("k", 2, "ARS 3,00 + USD 2,00"),
            ("m", 1, "USD 1,00"),
            ("z", 1, "USD 0,00"),
        ]


def test_a_chart_has_a_bar_for_each_day_in_whole_numbers() -> None:
    period = Period(first=date(2026, 3, 1), last=date(2026, 3, 4))
    with override("es-ar"):
        (chart,) = charts([spent(1, "1"), spent(3, "4"), spent(3, "4", model="k"), spent(4, "0")], period)
    assert [(bar.x, bar.y, bar.width, bar.height) for bar in chart.bars] == [
        *((0, 105, 188, 15), (250, 120, 188, 0), (500, 0, 188, 120), (750, 120, 188, 0)),
    ]
    assert chart.label == "Costo por día, como mucho USD 8,00 el 3 de marzo"


def test_parts_are_of_the_whole() -> None:
    with override("es-ar"):
        lines = shares({"a": 1, "b": 3})
    assert [(line.label, line.count, line.percent, line.words) for line in lines] == [
        ("b", 3, 75, "75 %"),
        ("a", 1, 25, "25 %"),
    ]
    assert shares({}) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([value("cercano", as_is=90, edited=10), value("formal", as_is=50, discarded=50)],
         ["«cercano» se envía tal cual más seguido que «formal»."]),
        ([value("formal", as_is=50, discarded=50), value("cercano", as_is=90, edited=10)],
         ["«cercano» se envía tal cual más seguido que «formal»."]),
        ([value("cercano", as_is=9, edited=1), value("formal", as_is=5, discarded=5)], []),
        ([value("cercano", as_is=3), value("formal")], []),
        ([value("cercano", ratings=40, rating_sum=190), value("formal", ratings=40, rating_sum=100)],
         ["«cercano» recibe mejores calificaciones que «formal»."]),
    ],
)  # fmt: skip
def test_a_hint_says_only_what_chance_does_not_explain(rows: list[Value], said: list[str]) -> None:
    with override("es-ar"):
        assert hints(rows) == said


def decide(built: House, side: str, states: dict[str, int]) -> None:
    """Propose with the values of one branch, and let people decide."""
    rows = getattr(built, side)
    chat = rows[Suggestion].conversation
    respondent = Respondent.objects.get(conversation=chat)
    for state, count in states.items():
        for _ in range(count):
            make_suggestion(chat, state=state, respondent=respondent)


def test_the_page_says_which_value_works(built: House, enter: Enter) -> None:
    Suggestion.objects.all().delete()
    decide(built, "own", {"accepted": 8, "edited": 1, "discarded": 1})
    page = words_of(enter("supervisor").get(FIGURES).content.decode())
    name = Respondent.objects.get(conversation=built.own[Suggestion].conversation).drawn.get().value.name
    assert f"{name} 10 80 % 49 % a 94 % 1 1 – –" in page
    assert "Enviadas tal cual 80 % 49 % a 94 % · de 10 que alguien decidió" in page
    for words in ("Enviada tal cual 8 80 %", "Descartado 1 10 %", "Enviada con cambios 1 10 %"):
        assert words in page, words


def test_a_supervisor_sees_the_figures_of_own_branches(built: House, enter: Enter) -> None:
    for rows, price in ((built.own, 2), (built.foreign, 3)):
        make_completion(rows[Suggestion], price=price)
    for role, cost, has_foreign in (
        ("administrator", "USD 5,00", True),
        ("supervisor", "USD 2,00", False),
        ("supervisor of the other branch", "USD 3,00", True),
    ):
        page = words_of(enter(role).get(FIGURES).content.decode())
        assert f"Costo {cost}" in page
        assert ("Canal Norte" in page) is has_foreign
    for role in ("viewer", "operator"):
        assert enter(role).get(FIGURES).status_code == 403
    assert enter("anonymous").get(FIGURES).status_code == 302


def test_the_page_asks_the_database_no_more_with_more_rows(built: House, enter: Enter) -> None:
    client = enter("administrator")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(FIGURES).status_code == 200
        return len(queries)

    few = asked()
    for number in range(5):
        make_completion(built.own[Suggestion], price=1, model_name=f"m{number}", currency=f"C{number}")
        decide(built, "own", {"accepted": 1})
    assert asked() == few <= MOST_QUERIES


def test_names_are_only_ever_text(built: House, enter: Enter) -> None:
    decide(built, "own", {"accepted": 1})
    AIParam.objects.update(name=HOSTILE[0])
    AIValue.objects.update(name=HOSTILE[2])
    make_completion(built.own[Suggestion], model_name=HOSTILE[0], price=1)
    html = enter("administrator").get(FIGURES).content.decode()
    assert not [part for part in HOSTILE if set(part) & set("<>\"'&") and part in html]


def test_the_first_page_leads_there(built: House, enter: Enter) -> None:
    Completion.objects.all().delete()
    Suggestion.objects.all().delete()
    decide(built, "own", {"accepted": 3, "edited": 1})
    make_completion(Suggestion.objects.filter(conversation=built.own[Suggestion].conversation)[0], price="0.5")
    page = enter("supervisor").get("/admin/")
    assert [(str(card.title), card.words) for card in page.context["assistant"]] == [
        ("Costo de hoy", "USD 0,5000"),
        ("Enviadas tal cual, 7 días", "75 %"),
    ]
    assert all(card.address.startswith(FIGURES) for card in page.context["assistant"])
    foreign = enter("supervisor of the other branch").get("/admin/").context["assistant"]
    assert [card.words for card in foreign] == ["–", "–"]
