"""The engine among others: many chats at once, several processes, and what dies on the way."""

import os
import signal
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from apps.assistant import engine
from apps.assistant.models import Suggestion
from apps.assistant.tasks import suggest_reply, sweep_suggestions
from apps.conversations.models import Message
from apps.core.models import SiteSettings
from tests.assistant import model_behaviour as model
from tests.assistant.rig import ask_at, at_work, engine_only, outcomes_of, wait_for
from tests.assistant.worker_process import worker_process
from tests.factories import make_inbox, receive
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
State = Suggestion.State


@pytest.fixture
def inbox(db):
    return make_inbox()


def shown():
    return Suggestion.objects.filter(state=State.SHOWN)


def test_many_chats_are_answered_oldest_first_and_never_too_many_at_once(model_server, inbox):
    ask_at(model_server, concurrency=5)
    model_server.default = model.held(model.result("Hola."))
    names = [f"Pregunta {number:02}" for number in range(50)]
    for number, name in enumerate(names):
        receive(inbox, name, sender=f"5493875551{number:03}")

    with at_work():
        model_server.wait_until_open(5)
        model_server.release(50)
        eventually(lambda: shown().count() == 50, within=30)

    asked = [next(name for name in names if name in request.last) for request in model_server.asked]
    assert sorted(asked) == names
    assert max(abs(names.index(name) - place) for place, name in enumerate(asked)) < 5
    assert model_server.most_open == 5


def test_two_processes_share_the_places_of_a_provider_and_one_goes_on_alone(model_server, inbox):
    ask_at(model_server, concurrency=3)
    with worker_process() as other:
        model_server.default = model.held(model.result("Hola."))
        for number in range(12):
            receive(inbox, sender=f"5493875551{number:03}")
        with engine_only():
            suggest_reply()
            model_server.wait_until_open(3)
            model_server.release(12)
            eventually(lambda: shown().count() == 12, within=30)
        assert (len(model_server.asked), model_server.most_open) == (12, 3)

        # killed while a model answers, it leaves one answer, which leaves once
        SiteSettings.objects.update_or_create(defaults={"auto_reply": True})
        model_server.default = model.Behaviour()
        model_server.script(model.slow(delay_seconds=30))
        message = receive(inbox, sender="5493875552000")
        model_server.wait_for(13)
        os.kill(other.pid, signal.SIGKILL)
    model_server.wait_until_open(0)
    suggestion = Suggestion.objects.get(state=State.GENERATING)

    with engine_only():
        assert sweep_suggestions() == "0 lost, 0 switched off"  # for all we know it is being written
        Suggestion.objects.filter(pk=suggestion.pk).update(lease_until=Now() - timedelta(seconds=1))
        assert sweep_suggestions() == "1 lost, 0 switched off"
        answered = wait_for(message, State.SENT)

    assert (answered.pk, answered.attempts, Suggestion.objects.count()) == (suggestion.pk, 2, 13)
    assert outcomes_of(answered) == [("Modelos", "lost"), ("Modelos", "ok")]
    assert Message.objects.filter(direction="out").count() == 1


def test_a_worker_that_stops_hands_over_what_it_had_begun(model_server, inbox):
    ask_at(model_server)
    model_server.script(model.hangs_after_headers())
    with worker_process() as worker:
        message = receive(inbox)
        model_server.wait_for(1)
        worker.end()

    model_server.wait_until_open(0)
    suggestion = Suggestion.objects.get(trigger=message)
    assert (suggestion.state, suggestion.lease_until, suggestion.started_at) == (State.QUEUED, None, None)
    assert outcomes_of(suggestion) == [("Modelos", "lost")]
    assert OrmQ.objects.filter(key="ai").count() == 1  # the ring for whoever comes next


def test_what_kills_every_worker_is_given_up(model_server, inbox):
    ask_at(model_server)
    model_server.default = model.hangs()
    message = receive(inbox)
    with engine_only():
        suggest_reply()
        model_server.wait_for(1)
    lost = {"state": State.GENERATING, "lease_token": "00000000-0000-4000-8000-000000000000"}
    Suggestion.objects.update(**lost, lease_until=Now() - timedelta(seconds=1), attempts=3)

    with engine_only():
        sweep_suggestions()
        suggestion = wait_for(message, State.FAILED)

    assert (suggestion.failure, len(model_server.asked)) == ("lost", 1)


def test_an_answer_is_written_when_the_database_is_back(model_server, inbox, database_proxy):
    ask_at(model_server)
    model_server.script(model.held(model.result("Hola.")))
    message = receive(inbox)
    with engine_only():
        suggest_reply()
        model_server.wait_for(1)
        database_proxy.cut()
        model_server.release()
        model_server.wait_until_open(0)
        database_proxy.mend()

        suggestion = wait_for(message)

    assert suggestion.text == "Hola."
    assert outcomes_of(suggestion) == [("Modelos", "ok")]


def test_an_engine_that_died_is_begun_anew(model_server, inbox):
    ask_at(model_server)
    with engine_only():
        dead = engine.current()
        dead._loop.call_soon_threadsafe(dead._loop.stop)
        eventually(lambda: not dead.lives)

        receive(inbox)
        suggest_reply()

        eventually(lambda: shown().exists())
        assert engine.current() is not dead
