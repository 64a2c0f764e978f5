"""The log of the assistant: what was asked, answered and decided, in words, and never as anything but text."""

from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils.translation import override

from apps.assistant.admin.words import changes, money, outcome_in_words, seconds, stars
from apps.assistant.models import Completion, Suggestion
from apps.assistant.types import Failure, failure_in_words
from tests.admin.conftest import Enter, words_of
from tests.admin.house import House
from tests.admin.test_pages import HOSTILE
from tests.factories import make_completion

COMPLETIONS = "/admin/assistant/completion/"
SUGGESTIONS = "/admin/assistant/suggestion/"
TURNS = [
    {"role": "system", "content": "Sos el asistente del instituto."},
    {"role": "user", "content": "¿Hay lugar?"},
    {"role": "assistant", "content": "¿Para qué edad?"},
]


def made(built: House, **fields: Any) -> Completion:
    """Log a request with everything in it, for the first branch."""
    told = {"request": TURNS, "response": '{"reply": "Sí"}', "values": [{"param": "Tono", "value": "cercano"}]}
    counted = {"prompt_tokens": 1200, "completion_tokens": 34, "price": "0.01234567", "currency": "ARS"}
    took = {"first_text_ms": 312, "latency_ms": 2149, "model_name": "claro-1"}
    return make_completion(built.own[Suggestion], **{**told, **counted, **took, **fields})


@pytest.mark.parametrize(
    ("amount", "words"),
    [("0", "USD 0,00"), ("1234.5", "USD 1.234,50"), ("0.01234", "USD 0,0123"), ("0.00000001", "USD < 0,0001")],
)
def test_money_is_never_nothing_where_it_is_something(amount: str, words: str) -> None:
    with override("es-ar"):
        assert money(Decimal(amount), "USD") == words


def test_small_things_in_words() -> None:
    with override("es-ar"):
        assert [seconds(None), seconds(0), seconds(2149)] == ["–", "0,0 s", "2,1 s"]
        assert [stars(None), stars(4), stars(5)] == ["–", "★★★★☆", "★★★★★"]
        for failure in Failure:
            assert outcome_in_words(failure) not in ("", failure), failure


def test_what_was_changed_is_marked_and_only_text() -> None:
    suggestion = Suggestion(text="Empieza el <b>lunes</b>.", sent_text="Empieza el <i>martes</i>.")
    assert changes(suggestion) == (
        '<div class="verbatim changes"><span>Empieza el &lt;</span><del>b</del><ins>i</ins><span>&gt;</span>'
        "<del>lunes</del><ins>martes</ins><span>&lt;/</span><del>b</del><ins>i</ins><span>&gt;.</span></div>"
    )


def test_a_request_is_shown_turn_by_turn_with_what_it_cost(built: House, enter: Enter) -> None:
    Suggestion.objects.filter(pk=built.own[Suggestion].pk).update(rating=4, feedback="Muy bien")
    page = words_of(enter("supervisor").get(f"{COMPLETIONS}{made(built).pk}/change/").content.decode())
    for words in (
        "Instrucciones Sos el asistente del instituto.",
        "La persona ¿Hay lugar?",
        "Nosotros ¿Para qué edad?",
        "{&quot;reply&quot;: &quot;Sí&quot;}",
        "Tono: cercano",
        "1.200 leídos, 34 escritos",
        "ARS 0,0123",
        "0,3 s",
        "2,1 s",
        "Respondió",
        "Enviada con cambios",
        "★★★★☆",
        "Muy bien",
    ):
        assert words in page, words


def test_a_failure_is_said_in_words(built: House, enter: Enter) -> None:
    failed = made(built, outcome="limited", detail="429", response="", request=None)
    client = enter("supervisor")
    pages = {COMPLETIONS: "No aceptó más", f"{SUGGESTIONS}{failed.suggestion_id}/change/": "No aceptó más"}
    with override("es-ar"):
        pages[f"{COMPLETIONS}{failed.pk}/change/"] = f"No aceptó más: {failure_in_words('limited')}"
    for path, words in pages.items():
        page = words_of(client.get(path).content.decode())
        assert words in page, path
        assert "(&#x27;" not in page, path


def test_what_was_forgotten_is_said_to_be(built: House, enter: Enter) -> None:
    row = made(built)
    Completion.objects.filter(pk=row.pk).update(request=None, response="", redacted_at=Now())
    page = words_of(enter("supervisor").get(f"{COMPLETIONS}{row.pk}/change/").content.decode())
    assert page.count("Ya no se guarda: se cumplió su plazo.") == 2
    assert "1.200 leídos, 34 escritos" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", 3),
        ("outcome=limited", 1),
        ("outcome=ok", 2),
        ("model_name=claro-1", 2),
        ("model_name=nope", 0),
        ("provider_name=Model+house", 3),
        ("created_at__gte=2000-01-01+00:00%2B00:00", 3),
        ("created_at__lt=2000-01-01+00:00%2B00:00", 0),
    ],
)
def test_requests_are_narrowed(asked: str, found: int, built: House, enter: Enter) -> None:
    rows = [made(built), made(built, outcome="limited")]
    page = enter("supervisor").get(f"{COMPLETIONS}?{asked}")
    result = list(page.context["cl"].result_list)
    assert len(result) == found
    assert [row.pk for row in result] == sorted((row.pk for row in result), reverse=True)
    assert asked or result[0] == rows[1]


def test_suggestions_show_what_was_sent_instead(built: House, enter: Enter) -> None:
    row = built.own[Suggestion]
    Suggestion.objects.filter(pk=row.pk).update(
        text="Empieza el lunes.", sent_text="Empieza el martes.", rating=2, warnings=["link"], needs_human=True
    )
    client = enter("supervisor")
    page = client.get(f"{SUGGESTIONS}{row.pk}/change/").content.decode()
    assert "<del>lunes</del><ins>martes</ins>" in page
    assert "Tiene un enlace que no es nuestro." in page
    listed = words_of(client.get(SUGGESTIONS).content.decode())
    for words in ("Empieza el lunes.", "Enviada con cambios", "★★☆☆☆"):
        assert words in listed, words


def test_words_of_people_and_models_are_only_ever_text(built: House, enter: Enter) -> None:
    words = " ".join(HOSTILE)
    Suggestion.objects.filter(pk=built.own[Suggestion].pk).update(
        text=words, sent_text=words[::-1], feedback=words, reason=words[:300], suggested_tags=[HOSTILE[0]]
    )
    hostile = {"detail": words[:200], "model_name": words[:120], "provider_name": HOSTILE[1]}
    row = made(
        built,
        request=[{"role": HOSTILE[0], "content": words}, {"content": {"a": words}}, words],
        response=words,
        values=[{"param": HOSTILE[0], "value": HOSTILE[2]}],
        **hostile,
    )
    client = enter("administrator")
    paths = [COMPLETIONS, SUGGESTIONS, f"{COMPLETIONS}{row.pk}/change/", f"{SUGGESTIONS}{row.suggestion_id}/change/"]
    for path in paths:
        html = client.get(path).content.decode()
        assert not [part for part in HOSTILE if set(part) & set("<>\"'&") and part in html], path
        assert "x-init='alert" not in html
