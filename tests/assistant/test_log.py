"""The log of requests to models: nobody rewrites it, and it is forgotten in time."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.assistant.actions import log
from apps.assistant.models import AssistantSettings, Completion, Suggestion
from apps.assistant.tasks import prune_completions
from apps.core.actors import NOBODY, Role
from tests.factories import make_actor, make_completion, make_conversation, make_suggestion

pytestmark = pytest.mark.django_db
OTHERS = {
    "attempt": 2,
    "provider_id": 2,
    "provider_name": "x",
    "model_name": "x",
    "is_simulated": True,
    "outcome": "fault",
    "detail": "x",
    "request": [],
    "response": "Otra cosa",
    "values": [{"param": "Tono", "value": "formal", "value_id": 1}],
    "request_id": "x",
    "prompt_tokens": 1,
    "completion_tokens": 1,
    "is_estimated": True,
    "price": 1,
    "currency": "ARS",
    "first_text_ms": 1,
    "latency_ms": 1,
    "created_at": "2020-01-01T00:00Z",
}
"""Other values of every column that is not a key."""


@pytest.fixture
def logged() -> Completion:
    made = make_completion(make_suggestion(make_conversation(), "Sí, hay lugar."))
    return Completion.objects.get(pk=made.pk)


def rows() -> list[Any]:
    return list(Completion.objects.order_by("pk").values())


def backdate(completion: Completion, **ago: float) -> Completion:
    """Let a completion be of another time, as if it had been written then."""
    kept = completion.__dict__ | {"created_at": timezone.now() - timedelta(**ago)}
    columns = {field.attname: kept[field.attname] for field in Completion._meta.concrete_fields}
    Completion.objects.filter(pk=completion.pk).delete()
    return Completion.objects.create(**columns)


def test_every_column_is_tried() -> None:
    keys = {"id", "suggestion_id", "conversation_id", "inbox_id", "redacted_at"}
    assert {field.attname for field in Completion._meta.concrete_fields} == {*OTHERS} | keys


@pytest.mark.parametrize("column", OTHERS)
def test_no_column_is_rewritten(column: str, logged: Completion) -> None:
    before = rows()
    for also in ({}, {"request": None, "response": "", "redacted_at": Now()}):
        with pytest.raises(IntegrityError, match="is final"), transaction.atomic():
            Completion.objects.filter(pk=logged.pk).update(**{**also, column: OTHERS[column]})
    assert rows() == before


def test_neither_saving_nor_sql_rewrites_it(logged: Completion) -> None:
    before = rows()
    logged.response = "Otra cosa"
    with pytest.raises(IntegrityError, match="is final"), transaction.atomic():
        logged.save()
    with pytest.raises(IntegrityError, match="is final"), transaction.atomic():
        Completion.objects.bulk_update([logged], ["response"])
    with pytest.raises(IntegrityError, match="is final"), transaction.atomic(), connection.cursor() as sql:
        sql.execute("UPDATE assistant_completion SET response = 'Otra cosa'")
    assert rows() == before


def test_it_holds_for_superusers_and_replicas_too() -> None:
    with connection.cursor() as sql:
        sql.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'completion_is_final'")
        assert sql.fetchall() == [("A",)]


def test_words_are_forgotten_whole_and_once(logged: Completion) -> None:
    halves = ({"response": ""}, {"request": None, "response": ""}, {"request": None, "redacted_at": Now()})
    for half in halves:
        with pytest.raises(IntegrityError), transaction.atomic():
            Completion.objects.update(**half)
    assert Completion.objects.update(request=None, response="", redacted_at=Now()) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Completion.objects.update(redacted_at=Now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Completion.objects.update(redacted_at=None, response="Otra cosa")


def test_words_go_after_their_days_and_figures_after_theirs() -> None:
    suggestion = make_suggestion(make_conversation(), "Sí, hay lugar.")
    AssistantSettings.objects.create(text_days=7, log_days=90)
    kept, emptied, stays, _gone = (
        backdate(make_completion(suggestion, price=2, detail="d"), days=days)
        for days in (6.99, 7.01, 89.99, 90.01)
    )  # fmt: skip
    assert prune_completions() == "deleted 1, emptied 2"
    assert set(Completion.objects.values_list("pk", flat=True)) == {kept.pk, emptied.pk, stays.pk}
    for row, is_emptied in ((kept, False), (emptied, True), (stays, True)):
        row.refresh_from_db()
        assert (row.request is None, row.response == "", row.redacted_at is not None) == (is_emptied,) * 3
        assert f"{row.price.normalize()} {row.detail}" == "2 d"
    before = rows()
    assert prune_completions() == "deleted 0, emptied 0"
    assert rows() == before
    assert Suggestion.objects.get().text == "Sí, hay lugar."


def test_it_is_forgotten_in_batches_and_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log.AT_ONCE <= 1000
    monkeypatch.setattr(log, "AT_ONCE", 2)
    suggestion = make_suggestion(make_conversation())
    for days in range(5):
        backdate(make_completion(suggestion), days=100 + days)
    logged = make_completion(suggestion)
    backdate(logged, days=8)
    Completion.objects.filter(created_at__lt=timezone.now() - timedelta(days=103)).update(
        request=None, response="", redacted_at=Now()
    )
    assert prune_completions() == "deleted 5, emptied 1"
    assert Completion.objects.count() == 1


@pytest.mark.parametrize("forget", [log.forget_words, log.forget_completions])
def test_only_who_may_write_the_assistant_forgets(forget: Any, logged: Completion) -> None:
    before = rows()
    for actor in (NOBODY, make_actor(Role.OPERATOR)):
        with pytest.raises(PermissionDenied):
            forget(before=timezone.now() + timedelta(days=1), actor=actor)
    assert rows() == before
