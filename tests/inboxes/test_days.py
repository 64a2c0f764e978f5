"""The bytes of webhooks by day: made ahead, dropped whole, and what still needs them stays."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.core.actors import SYSTEM
from apps.core.models import SiteSettings
from apps.inboxes.actions import bodies
from apps.inboxes.actions.journal import replay_events
from apps.inboxes.models import DeadLetter, WebhookBody, WebhookEvent
from apps.inboxes.tasks import prune_journal
from tests.factories import make_event

pytestmark = pytest.mark.django_db

State = WebhookEvent.State
DAY = timedelta(days=1)


def add_day(day):
    """Make the partition of a day that is over."""
    with connection.cursor() as sql:
        sql.execute(bodies._make(day))


def where(event):
    """Return the partition that holds the bytes of a delivery."""
    with connection.cursor() as sql:
        sql.execute("SELECT tableoid::regclass::text FROM inboxes_webhookbody WHERE event_uid = %s", [event.uid])
        return [name for (name,) in sql.fetchall()]


def tables():
    return sorted(f"{day:%Y-%m-%d}" for day in bodies._days())


def aged(days, state=State.PROCESSED, **fields):
    return make_event(body=b"{}", received_at=timezone.now() - days * DAY, state=state, **fields)


def test_today_has_a_table_and_a_week_is_made_ahead():
    today = timezone.now().astimezone(UTC).date()
    with connection.cursor() as sql:
        sql.execute(f"DROP TABLE {bodies._name(today + 7 * DAY)}")
    bodies.make_days(actor=SYSTEM)
    assert tables()[-8:] == [f"{today + number * DAY:%Y-%m-%d}" for number in range(8)]
    assert bodies.make_days(actor=SYSTEM) == 0
    assert where(make_event(body=b"{}")) == [bodies._name(today)]


def test_a_day_without_a_table_loses_nothing():
    late = make_event(body=b"late", received_at=timezone.now() + 40 * DAY)
    assert where(late) == ["inboxes_webhookbody_rest"]
    assert WebhookEvent.objects.get(pk=late.pk).body == b"late"


def test_a_day_whose_deliveries_are_in_the_rest_is_left_there(caplog):
    day = (timezone.now() + 5 * DAY).astimezone(UTC).date()
    with connection.cursor() as sql:
        sql.execute(f"DROP TABLE {bodies._name(day)}")
    early = make_event(body=b"early", received_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    assert bodies.make_days(actor=SYSTEM) == 0
    assert where(early) == ["inboxes_webhookbody_rest"]
    assert f"journal.partition_waits day={day}" in caplog.text


def test_a_day_is_dropped_whole_but_for_what_waits_for_somebody():
    SiteSettings.objects.create(journal_days=30)
    for days in range(29, 33):
        add_day((timezone.now() - days * DAY).astimezone(UTC).date())
    kept = {"kept": aged(29), "dead": aged(32, State.DEAD), "new": aged(32, State.NEW), "with a letter": aged(32)}
    DeadLetter.objects.create(event=kept["with a letter"], error_class="X", path="a")
    gone = {"old": aged(32), "ignored": aged(32, State.IGNORED), "settled": aged(32)}
    DeadLetter.objects.create(event=gone["settled"], error_class="X", path="a", state="replayed")
    before = len(tables())
    assert prune_journal() == "made 0 days, dropped 2, forgot 0 events"
    assert (before - len(tables()), [where(event) for event in gone.values()]) == (2, [[]] * 3)
    rest = ["inboxes_webhookbody_rest"]
    assert {name: where(event) == rest for name, event in kept.items()} == {
        "kept": False,
        "dead": True,
        "new": True,
        "with a letter": True,
    }
    assert {WebhookEvent.objects.get(pk=event.pk).body for event in kept.values()} == {b"{}"}
    prune_journal()
    assert WebhookBody.objects.count() == 4


def test_the_rest_is_emptied_too_and_what_was_known_goes_last():
    events = {
        "kept": aged(29),
        "old": aged(31),
        "dead": aged(89, State.DEAD),
        "dead old": aged(91, State.DEAD),
        "new, very old": aged(400, State.NEW),
    }
    assert prune_journal() == "made 0 days, dropped 0, forgot 1 events"
    left = {name: WebhookEvent.objects.filter(pk=event.pk).first() for name, event in events.items()}
    assert {name: None if event is None else event.body for name, event in left.items()} == {
        "kept": b"{}",
        "old": b"",
        "dead": b"{}",
        "dead old": None,
        "new, very old": b"{}",
    }
    assert left["old"] is not None
    assert left["old"].is_body_gone


def test_without_its_bytes_a_delivery_is_not_processed_again():
    kept, gone = make_event(body=b"{}", state=State.PROCESSED), make_event(body=b"{}", state=State.PROCESSED)
    WebhookBody.objects.filter(event_uid=gone.uid).delete()
    assert replay_events(events=[kept.uid, gone.uid], actor=SYSTEM) == 1
    gone.refresh_from_db()
    assert (gone.state, gone.is_body_gone, kept.is_body_gone) == (State.PROCESSED, True, False)


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_in_use_is_dropped_later(monkeypatch, caplog):
    monkeypatch.setattr(bodies, "LOCK_SECONDS", 0.05)
    day = (timezone.now() - 40 * DAY).astimezone(UTC).date()
    add_day(day)
    other = connection.copy()
    try:
        with transaction.atomic(), other.cursor() as sql:
            sql.execute("BEGIN")
            sql.execute("LOCK TABLE inboxes_webhookbody IN ROW EXCLUSIVE MODE")
        assert f"{day:%Y-%m-%d}" in tables()
        bounds = {"before": timezone.now() - 30 * DAY, "dead_before": timezone.now() - 90 * DAY}
        assert bodies.drop_days(**bounds, actor=SYSTEM) == 0
        assert "error=LockNotAvailable" in caplog.text
    finally:
        other.close()
    assert bodies.drop_days(**bounds, actor=SYSTEM) == 1
    assert f"{day:%Y-%m-%d}" not in tables()
