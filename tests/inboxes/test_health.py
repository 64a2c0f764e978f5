"""How webhooks of an account come: the last one, how long they take, and whether it is too quiet."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from apps.conversations.tasks import process_events
from apps.core.actors import SYSTEM, Role
from apps.inboxes.actions.accounts import set_silence_alarm
from apps.inboxes.actions.journal import add_event
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookEvent
from apps.inboxes.queries import health_of
from tests.factories import make_account, make_actor, make_event, make_inbox
from tests.providers.meta_webhooks import change, delivery, encode, status, text_message

pytestmark = pytest.mark.django_db


def health(account):
    return health_of([ProviderAccount.objects.get(pk=account.pk)])[account.pk]


def told(inbox, *, messages=(), statuses=()):
    body = encode(delivery([change(inbox.address, messages=messages, statuses=statuses)]))
    return add_event(account=inbox.account, body=body, headers={}, actor=SYSTEM)


def test_each_delivery_knows_how_long_it_took():
    inbox = make_inbox()
    now = int(timezone.now().timestamp())
    told(inbox, messages=[text_message("old", at=now - 300), text_message("new", at=now - 60)])
    told(inbox, statuses=[status("wamid.1", "sent", at=now - 30)])
    told(inbox, statuses=[status("wamid.1", "read", at=now + 600)])
    add_event(account=inbox.account, body=b"no JSON", headers={}, actor=SYSTEM)
    process_events()
    delays = list(WebhookEvent.objects.order_by("pk").values_list("delay_ms", flat=True))
    assert [None if delay is None else delay // 5000 for delay in delays] == [12, 6, 0, None]
    assert delays[2] == 0


def test_the_median_is_of_the_last_hundred_of_this_account():
    account, other = make_account(), make_account()
    for number in range(103):
        make_event(account, delay_ms=60_000 if number < 3 else 1000 + number)
    make_event(other, delay_ms=9)
    DeadLetter.objects.create(event=make_event(account, state="dead"), error_class="X")
    found = health_of([account, other])
    assert (found[account.pk].delay_seconds, found[account.pk].open_letters) == (1.053, 1)
    assert (found[other.pk].delay_seconds, found[other.pk].open_letters) == (0.009, 0)


def test_an_account_that_never_heard_anything_has_no_figures():
    found = health(make_account())
    assert (found.last_event_at, found.delay_seconds, found.open_letters, found.is_silent) == (None, None, 0, False)


MORNING = (time(8), time(20))
NIGHT = (time(22), time(6))
ALL_DAY = (time(0), time(0))


@pytest.mark.parametrize(
    ("_case", "hours", "heard", "now", "is_silent"),
    [
        ("just heard", MORNING, "12:00", "12:30", False),
        ("too long", MORNING, "12:00", "12:31", True),
        ("the night does not count", MORNING, "03:00", "08:30", False),
        ("the morning does", MORNING, "03:00", "08:31", True),
        ("not expected yet", MORNING, "03:00", "07:59", False),
        ("not expected any more", MORNING, "12:00", "20:00", False),
        ("over midnight, before", NIGHT, "22:10", "22:50", True),
        ("over midnight, after", NIGHT, "00:10", "00:50", True),
        ("over midnight, heard", NIGHT, "00:10", "00:40", False),
        ("over midnight, by day", NIGHT, "00:10", "12:00", False),
        ("the whole day", ALL_DAY, "02:00", "02:31", True),
    ],
)
def test_silence_counts_while_events_are_expected(_case, hours, heard, now, is_silent):
    day = timezone.localdate() + timedelta(days=2)

    def at(clock):
        return timezone.make_aware(datetime.fromisoformat(f"{day} {clock}"))

    account = make_account(silence_minutes=30, expected_from=hours[0], expected_until=hours[1])
    make_event(account, received_at=at(heard))
    with time_machine.travel(at(now), tick=False):
        assert health(account).is_silent is is_silent


def test_no_alarm_without_minutes_or_when_switched_off():
    long_ago = timezone.now() - timedelta(days=3)
    hours: dict[str, Any] = {"expected_from": time(0), "expected_until": time(0)}
    quiet = make_account(**hours)
    off = make_account(silence_minutes=1, is_active=False, **hours)
    new = make_account(silence_minutes=60, **hours)
    for account in (quiet, off):
        make_event(account, received_at=long_ago)
    assert [health(account).is_silent for account in (quiet, off, new)] == [False, False, False]


def test_the_alarm_is_set_by_whoever_sets_up():
    account = make_account()
    hours = {"expected_from": time(9), "expected_until": time(18, 30)}
    set_silence_alarm(account=account, minutes=45, **hours, actor=SYSTEM)
    account.refresh_from_db()
    assert (account.silence_minutes, account.expected_from, account.expected_until) == (45, time(9), time(18, 30))
    with pytest.raises(PermissionDenied):
        set_silence_alarm(account=account, minutes=1, **hours, actor=make_actor(Role.SUPERVISOR))
    with pytest.raises(ValidationError):
        set_silence_alarm(account=account, minutes=-1, **hours, actor=SYSTEM)
    account.refresh_from_db()
    assert account.silence_minutes == 45
