"""replay_events: which webhooks each option chooses."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError

from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookBody, WebhookEvent
from tests import factories
from tests.commands.conftest import Call

EARLY, LATE = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_event(account: ProviderAccount, state: str, at: datetime = LATE, error: str = "") -> WebhookEvent:
    event = factories.make_event(account, b"{}", state=state, received_at=at, attempts=5)
    if error:
        DeadLetter.objects.create(event=event, error_class=error)
    return event


@pytest.fixture
def events(db: None) -> dict[str, WebhookEvent]:
    one, two = factories.make_account(), factories.make_account()
    return {
        "dead": make_event(one, "dead", error="ValueError"),
        "old": make_event(one, "dead", EARLY, "KeyError"),
        "other": make_event(two, "dead", error="ValueError"),
        "ignored": make_event(one, "ignored"),
        "processed": make_event(one, "processed"),
        "partly": make_event(one, "processed", error="ValueError"),
    }


def replayed(events: dict[str, WebhookEvent]) -> set[str]:
    fresh = WebhookEvent.objects.filter(state="new", attempts=0, lease_token=None)
    return {name for name, event in events.items() if fresh.filter(pk=event.pk).exists()}


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ((), {"dead", "old", "other"}),
        (("--account", "one"), {"dead", "old"}),
        (("--state", "ignored"), {"ignored"}),
        (("--state", "processed"), {"processed", "partly"}),
        (("--since", "2026-11-21"), {"dead", "other"}),
        (("--since", "2026-11-22T12:00:01Z"), set()),
        (("--since", "2026-11-22T09:00"), {"dead", "other"}),
        (("--class", "ValueError"), {"dead", "other", "partly"}),
        (("--class", "ValueError", "--state", "dead", "--account", "one"), {"dead"}),
        (("--event", "processed"), {"processed"}),
    ],
)
def test_the_options_choose(
    options: tuple[str, ...], chosen: set[str], events: dict[str, WebhookEvent], call: Call
) -> None:
    known = {"one": str(events["dead"].account_id), "processed": str(events["processed"].uid)}
    given = [
        known.get(part, part) if position and options[position - 1] in {"--account", "--event"} else part
        for position, part in enumerate(options)
    ]
    assert call("replay_events", *given, "--dry-run") == {"events": len(chosen), "without_body": 0, "dry_run": True}
    assert replayed(events) == set()
    assert call("replay_events", *given) == {"events": len(chosen), "without_body": 0, "dry_run": False}
    assert replayed(events) == chosen


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--account", "999999"), "There is no account 999999."),
        (("--since", "yesterday"), "“yesterday” is no time"),
        (("--event", "nope"), "“nope” is no id of a webhook."),
        (("--event", "0b9e8f4e-2f2c-4d0e-9f5c-1c1f0c3d2a11"), "There is no webhook"),
        (("--state", "new"), "invalid choice"),
    ],
)
def test_what_cannot_be_chosen_is_said(options: tuple[str, ...], words: str, call: Call) -> None:
    with pytest.raises(CommandError, match=words):
        call("replay_events", *options)


def test_what_has_no_body_any_more_is_counted_and_left(events: dict[str, WebhookEvent], call: Call) -> None:
    WebhookBody.objects.filter(event_uid=events["old"].uid).delete()
    assert call("replay_events") == {"events": 2, "without_body": 1, "dry_run": False}
    assert WebhookEvent.objects.get(pk=events["old"].pk).state == "dead"
