"""check_health: every finding, well and not."""

import json
from datetime import time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from apps.conversations.models import Attachment, Conversation, Message
from apps.core.models import Heartbeat
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def beating(db: None, settings: Settings) -> None:
    for cluster in settings.CLUSTERS:
        Heartbeat.objects.create(cluster=cluster, finished_at=timezone.now())


def look() -> tuple[set[str], dict[str, Any]]:
    """Return the names of what is not well, and everything that was said."""
    said, code = StringIO(), 0
    try:
        call_command("check_health", "--json", stdout=said)
    except CommandError as failure:
        code = failure.returncode
    facts = json.loads(said.getvalue())
    assert (code == 0) is facts["is_well"] is all(finding["is_well"] for finding in facts["findings"])
    return {finding["name"] for finding in facts["findings"] if not finding["is_well"]}, facts


def test_all_is_well() -> None:
    troubles, facts = look()
    assert (troubles, facts["is_well"]) == (set(), True)
    assert [finding["name"] for finding in facts["findings"]] == [
        "database",
        "migrations",
        "redis",
        "cluster default",
        "cluster ai",
        "cluster media",
        "cluster bulk",
        "webhooks due",
        "messages due",
        "files due",
        "proposals due",
        "dead letters",
        "accounts",
        "silence",
    ]


def test_a_cluster_that_stopped_is_found() -> None:
    Heartbeat.objects.filter(cluster="bulk").update(finished_at=timezone.now() - timedelta(seconds=91))
    Heartbeat.objects.filter(cluster="default").delete()
    assert look()[0] == {"cluster default", "cluster bulk"}


@pytest.mark.parametrize(("seconds", "troubles"), [(30, set()), (90, {"webhooks due"})])
def test_webhooks_that_wait_are_found(seconds: int, troubles: set[str]) -> None:
    due = timezone.now() - timedelta(seconds=seconds)
    factories.make_event(next_attempt_at=due, received_at=due)
    assert look()[0] == troubles


@pytest.mark.parametrize(("seconds", "troubles"), [(60, set()), (150, {"messages due"})])
def test_messages_that_wait_are_found(seconds: int, troubles: set[str]) -> None:
    chat = factories.make_conversation()
    due = timezone.now() - timedelta(seconds=seconds)
    Message.objects.create(
        conversation=chat,
        inbox=chat.inbox,
        direction="out",
        sender="operator",
        dispatch="queued",
        next_attempt_at=due,
        valid_until=due + timedelta(days=1),
    )
    assert look()[0] == troubles


@pytest.mark.parametrize(
    ("seconds", "code", "troubles"),
    [(200, "", set()), (301, "", {"files due"}), (-60, "connect_timeout", set()), (-60, "storage", {"files due"})],
)
def test_files_that_wait_are_found(seconds: int, code: str, troubles: set[str]) -> None:
    Attachment.objects.create(
        message=factories.receive(factories.make_inbox()),
        kind="image",
        state="waiting",
        error_code=code,
        next_attempt_at=timezone.now() - timedelta(seconds=seconds),
    )
    assert look()[0] == troubles


@pytest.mark.parametrize(("seconds", "troubles"), [(170, set()), (190, {"proposals due"})])
def test_people_the_assistant_did_not_look_at_are_found(seconds: int, troubles: set[str]) -> None:
    chat = factories.make_conversation()
    Conversation.objects.filter(pk=chat.pk).update(reply_wanted_at=timezone.now() - timedelta(seconds=seconds))
    assert look()[0] == troubles


def test_what_waits_for_a_person_is_found() -> None:
    account = factories.make_account()
    event = factories.make_event(account, state="dead")
    letter = DeadLetter.objects.create(event=event, error_class="ValueError")
    ProviderAccount.objects.filter(pk=account.pk).update(state="needs_auth")
    troubles, facts = look()
    assert troubles == {"dead letters", "accounts"}
    assert facts["findings"][-2]["detail"] == f"need credentials: {account.pk}"
    DeadLetter.objects.filter(pk=letter.pk).update(state="discarded")
    ProviderAccount.objects.filter(pk=account.pk).update(is_active=False)
    assert look()[0] == set()


def test_a_redis_that_does_not_answer_is_found(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    troubles, facts = look()
    assert troubles == {"redis"}
    assert [finding["detail"] for finding in facts["findings"] if finding["name"] == "redis"] == [
        "no answer (ConnectionError)"
    ]


def test_people_read_lines_and_the_last_one_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    Heartbeat.objects.all().delete()
    with pytest.raises(CommandError, match=r"Not well: cluster default, cluster ai, cluster media, cluster bulk\."):
        call_command("check_health")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "ok   database: reads and writes"
    assert "FAIL cluster bulk: never finished a task" in said


def test_an_account_that_is_too_quiet_is_found() -> None:
    long_ago = timezone.now() - timedelta(days=1)
    hours: dict[str, Any] = {"expected_from": time(0), "expected_until": time(0)}
    account = factories.make_account(silence_minutes=30, created_at=long_ago, **hours)
    factories.make_event(account, received_at=timezone.now() - timedelta(minutes=29), state="processed")
    assert look()[0] == set()
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(minutes=31))
    troubles, facts = look()
    assert (troubles, facts["findings"][-1]["detail"]) == ({"silence"}, f"nothing comes from: {account.pk}")
