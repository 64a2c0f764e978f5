"""Trying a provider: one small question asked by a worker, and what came back in words."""

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from apps.assistant.actions.providers import add_provider, change_key, change_provider
from apps.assistant.actions.trials import LOST_AFTER, request_trial
from apps.assistant.models import AIModel, AIProvider, Completion
from apps.assistant.queries import config_problems
from apps.assistant.tasks import try_providers
from apps.core.actors import SYSTEM
from tests.assistant.model_behaviour import html, limited, replies
from tests.assistant.model_server import ModelServer

pytestmark = pytest.mark.django_db


def make_provider(server: ModelServer, **columns: object) -> AIProvider:
    provider = add_provider(name="Uno", endpoint_url=server.url, api_key="sk-1", model="m-1", actor=SYSTEM)
    AIProvider.objects.filter(pk=provider.pk).update(**columns)
    return AIProvider.objects.get(pk=provider.pk)


def tried(provider: AIProvider) -> AIProvider:
    request_trial(provider=provider, actor=SYSTEM)
    assert try_providers() == "1 tried"
    return AIProvider.objects.get(pk=provider.pk)


def test_an_answer_is_noted_and_ends_the_rest(model_server: ModelServer) -> None:
    model_server.script(replies("¡Te leo!"))
    provider = tried(make_provider(model_server, failures=3, resting_until=timezone.now()))
    assert (provider.trial, provider.trial_text) == ("ok", "¡Te leo!")
    assert provider.trial_ms is not None
    assert (provider.failures, provider.resting_until) == (0, None)
    (asked,) = model_server.asked
    assert (asked.key, asked.model, asked.last) == ("sk-1", "m-1", "Hola, ¿me leés?")
    assert not Completion.objects.exists()


@pytest.mark.parametrize(("fault", "code"), [(limited("2"), "limited"), (html(), "unreadable")])
def test_a_fault_is_noted_and_rests_nobody(fault, code, model_server: ModelServer) -> None:
    model_server.script(fault, fault)
    provider = tried(make_provider(model_server))
    assert (provider.trial, provider.trial_text, provider.failures, provider.resting_until) == (code, "", 0, None)


def test_a_long_answer_is_cut(model_server: ModelServer) -> None:
    model_server.script(replies("largo " * 100))
    assert len(tried(make_provider(model_server)).trial_text) == 200


def test_without_a_model_or_a_key_that_opens_nobody_is_asked(model_server: ModelServer, settings: Settings) -> None:
    provider = make_provider(model_server)
    AIModel.objects.update(is_enabled=False)
    assert tried(provider).trial == "no_provider"
    AIModel.objects.update(is_enabled=True)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert tried(provider).trial == "unauthorized"
    assert model_server.asked == []


def test_asked_twice_it_is_one_question(model_server: ModelServer) -> None:
    provider = make_provider(model_server)
    for _ in range(3):
        request_trial(provider=provider, actor=SYSTEM)
    assert OrmQ.objects.filter(key="bulk").count() == 1
    assert (try_providers(), try_providers()) == ("1 tried", "0 tried")


def test_what_a_dead_worker_left_can_be_asked_again(model_server: ModelServer) -> None:
    provider = make_provider(model_server, trial="running", trial_at=timezone.now())
    request_trial(provider=provider, actor=SYSTEM)
    assert try_providers() == "0 tried"
    AIProvider.objects.update(trial_at=timezone.now() - LOST_AFTER)
    assert tried(provider).trial == "ok"


def test_a_new_key_or_address_ends_the_rest(model_server: ModelServer) -> None:
    provider = make_provider(model_server, failures=4, resting_until=timezone.now())
    change_key(provider=provider, api_key="sk-2", actor=SYSTEM)
    provider.refresh_from_db()
    assert (provider.api_key(), provider.failures, provider.resting_until) == ("sk-2", 0, None)
    AIProvider.objects.update(failures=4)
    changed = change_provider(provider=provider, changes={"endpoint_url": f"{model_server.url}/"}, actor=SYSTEM)
    assert (changed.failures, changed.endpoint_url, changed.api_key()) == (0, model_server.url, "sk-2")


def test_a_key_copied_from_another_row_opens_nowhere(model_server: ModelServer) -> None:
    first = make_provider(model_server)
    second = add_provider(name="Dos", endpoint_url=model_server.url, api_key="sk-2", model="m-1", actor=SYSTEM)
    with connection.cursor() as sql:
        sql.execute(
            "UPDATE assistant_aiprovider SET credentials = other.credentials FROM assistant_aiprovider other"
            " WHERE assistant_aiprovider.id = %s AND other.id = %s",
            [first.pk, second.pk],
        )
    assert tried(AIProvider.objects.get(pk=first.pk)).trial == "unauthorized"
    assert [(trouble.code, trouble.subject) for trouble in config_problems(SYSTEM)] == [("no_key", first)]
    assert model_server.asked == []
