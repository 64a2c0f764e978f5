"""Our messages leave: once, in order, permitted at the last moment, and every outcome is written."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ

from apps.conversations.actions import deliver
from apps.conversations.actions.deliver import RETRY_SECONDS, can_claim, permit, record_failure, record_sent
from apps.conversations.actions.recover import end_lost_leases, expire_unsent
from apps.conversations.models import Conversation, Message, SendAttempt
from apps.conversations.tasks import prune_delivery, sweep
from apps.core.actors import SYSTEM
from apps.inboxes.actions.accounts import change_credentials, set_account_active
from apps.inboxes.models import Inbox, ProviderAccount
from providers import errors
from providers.errors import NotSent, UncertainSend
from tests.conversations.sending import ACCEPTED, claim, one, pass_time, say, state, wait_seconds
from tests.factories import make_account, make_conversation, make_inbox

pytestmark = pytest.mark.django_db


# Claims ------------------------------------------------------------------------------------


def test_a_claim_is_written_before_the_work(inbox):
    message = one(inbox)
    [claimed] = claim()
    attempt = SendAttempt.objects.get()
    message.refresh_from_db()
    assert (claimed.message, claimed.token, attempt.token) == (message, message.lease_token, message.lease_token)
    assert (message.dispatch, message.attempts, attempt.number, attempt.outcome) == ("sending", 1, 1, "")
    assert attempt.write_started_at is None
    assert Conversation.objects.get().last_message_status == "sending"
    assert claim() == []


def test_the_oldest_of_each_conversation_comes_first(inbox):
    first, second = make_conversation(inbox, sender="5493875550101"), make_conversation(inbox, sender="5493875550102")
    a1, _a2, _a3 = say(first, "1", "2", "3")
    b1, _b2 = say(second, "1", "2")
    assert {item.message for item in claim()} == {a1, b1}
    assert claim() == []


def test_a_message_that_waits_holds_back_those_behind_it(inbox):
    first, second = say(make_conversation(inbox), "1", "2")
    record_failure(claim=claim()[0], error=NotSent("dns"), actor=SYSTEM)
    assert (claim(), can_claim(actor=SYSTEM)) == ([], False)
    pass_time(first, hours=1)
    record_sent(claim=claim()[0], result=ACCEPTED, actor=SYSTEM)
    assert [item.message for item in claim()] == [second]


@pytest.mark.parametrize("error", [UncertainSend("read_timeout"), errors.Rejected("131026"), errors.WindowClosed("x")])
def test_one_that_is_over_or_unknown_holds_nobody_back(error, inbox):
    _, second = say(make_conversation(inbox), "1", "2")
    record_failure(claim=claim()[0], error=error, actor=SYSTEM)
    assert [item.message for item in claim()] == [second]


def test_the_more_urgent_ones_are_taken_first(inbox):
    messages = [one(inbox) for _ in range(3)]
    Message.objects.filter(pk=messages[0].pk).update(priority=9)
    assert [item.message for item in claim(limit=2)] == messages[1:]


def test_what_is_not_due_is_left_alone(inbox):
    message = one(inbox)
    pass_time(message, seconds=-60)
    assert (claim(), can_claim(actor=SYSTEM)) == ([], False)


def test_one_account_never_takes_every_hand(inbox, monkeypatch):
    monkeypatch.setattr(deliver, "ACCOUNT_SHARE", 3)
    other = make_inbox(make_account())
    same_account = make_inbox(inbox.account)
    for number in range(4):
        for place in (inbox, same_account, other):
            say(make_conversation(place, sender=f"54938755501{number:02}"), "Sí")
    taken = [item.message.inbox.account_id for item in claim()]
    assert sorted(taken) == sorted([inbox.account_id] * 3 + [other.account_id] * 3)
    assert (claim(), can_claim(actor=SYSTEM)) == ([], False)


def test_the_places_of_a_worker_that_died_are_free_long_before_its_leases_end(inbox, monkeypatch):
    monkeypatch.setattr(deliver, "ACCOUNT_SHARE", 1)
    lost, waiting = one(inbox), one(inbox)
    assert [item.message for item in claim()] == [lost]
    assert not can_claim(actor=SYSTEM)
    pass_time(lost, seconds=46)
    assert [item.message for item in claim()] == [waiting]


@pytest.mark.parametrize("model", [Inbox, ProviderAccount])
def test_what_is_switched_off_waits_without_attempts(model, inbox):
    message = one(inbox)
    model.objects.update(is_active=False)
    assert (claim(), can_claim(actor=SYSTEM), state(message)) == ([], False, ("queued", "queued"))
    model.objects.update(is_active=True)
    assert [item.message for item in claim()] == [message]


def test_a_switch_back_rings(inbox):
    message = one(inbox)
    set_account_active(account=inbox.account, is_active=False, actor=SYSTEM)
    OrmQ.objects.all().delete()
    set_account_active(account=inbox.account, is_active=True, actor=SYSTEM)
    assert OrmQ.objects.exists()
    assert [item.message for item in claim()] == [message]


# Permits -----------------------------------------------------------------------------------


def test_a_permit_is_written_before_the_socket_is_touched(inbox):
    one(inbox)
    claims = claim()
    assert permit(claims=claims, actor=SYSTEM) == {claims[0].token}
    assert SendAttempt.objects.get().write_started_at is not None
    assert permit(claims=claims, actor=SYSTEM) == set()  # once


@pytest.mark.parametrize(
    ("_case", "change", "expected"),
    [
        ("window", lambda m: Conversation.objects.update(window_ends_at=Now()), ("window_closed", "failed")),
        ("validity", lambda m: Message.objects.filter(pk=m.pk).update(valid_until=Now()), ("expired", "failed")),
        ("inbox off", lambda m: Inbox.objects.update(is_active=False), ("waiting", "queued")),
        ("account off", lambda m: ProviderAccount.objects.update(is_active=False), ("waiting", "queued")),
        ("lease nearly over", lambda m: pass_time(m, seconds=90), ("waiting", "queued")),
    ],
)
def test_a_permit_looks_at_the_last_moment(_case, change, expected, inbox):
    message = one(inbox)
    claims = claim()
    change(message)
    assert permit(claims=claims, actor=SYSTEM) == set()
    attempt = SendAttempt.objects.get()
    assert (state(message), attempt.outcome, attempt.write_started_at) == (expected, "not_sent", None)
    assert Conversation.objects.get().last_message_status == expected[1]


def test_a_claim_that_was_lost_gets_no_permit_and_changes_nothing(inbox):
    message = one(inbox)
    lost = claim()
    pass_time(message, seconds=200)
    end_lost_leases(actor=SYSTEM)
    [again] = claim()
    assert permit(claims=lost, actor=SYSTEM) == set()
    assert not record_sent(claim=lost[0], result=ACCEPTED, actor=SYSTEM)
    assert not record_failure(claim=lost[0], error=errors.Rejected("131026"), actor=SYSTEM)
    message.refresh_from_db()
    assert (message.dispatch, message.lease_token) == ("sending", again.token)


# Outcomes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected", "outcome", "waits"),
    [
        (errors.NotSent("dns"), ("waiting", "queued"), "not_sent", 2),
        (errors.Throttled("130429"), ("waiting", "queued"), "not_sent", 2),
        (errors.Throttled("131056", retry_after=6), ("waiting", "queued"), "not_sent", 6),
        (errors.Throttled("131048", retry_after=3600), ("waiting", "queued"), "not_sent", 3600),
        (errors.RefusedForNow("131016"), ("waiting", "queued"), "not_sent", 2),
        (errors.Rejected("131026"), ("rejected", "failed"), "rejected", None),
        (errors.WindowClosed("131047"), ("window_closed", "failed"), "rejected", None),
        (errors.AuthFailed("190"), ("needs_auth", "queued"), "not_sent", 0),
        (errors.UncertainSend("read_timeout"), ("uncertain", "uncertain"), "uncertain", None),
        (errors.SendError("new"), ("rejected", "failed"), "rejected", None),
    ],
)
def test_the_class_of_the_error_alone_decides(error, expected, outcome, waits, inbox):
    message = one(inbox)
    assert record_failure(claim=claim()[0], error=error, actor=SYSTEM)
    assert state(message) == expected
    assert (message.error_code, message.lease_token) == (error.code, None)
    attempt = SendAttempt.objects.get()
    assert (attempt.outcome, attempt.error_code) == (outcome, error.code)
    assert attempt.finished_at is not None
    assert Conversation.objects.get().last_message_status == expected[1]
    if waits is not None:
        assert waits * 0.75 - 1 <= wait_seconds(message) <= waits * 1.25 + 1


def test_the_pauses_grow_and_never_undercut_what_was_asked(inbox):
    message = one(inbox)
    waits = []
    for _ in range(8):
        record_failure(claim=claim()[0], error=NotSent("dns"), actor=SYSTEM)
        waits.append(wait_seconds(message))
        pass_time(message, hours=2)
    planned = [*RETRY_SECONDS, 3600, 3600]
    assert all(0.79 * plan - 1 < wait < 1.21 * plan + 1 for plan, wait in zip(planned, waits, strict=True))
    record_failure(claim=claim()[0], error=errors.Throttled("4", retry_after=20_000), actor=SYSTEM)
    assert wait_seconds(message) > 19_990


def test_an_accepted_message_carries_the_providers_id(inbox):
    message = one(inbox)
    assert record_sent(claim=claim()[0], result=ACCEPTED, actor=SYSTEM)
    assert state(message) == ("accepted", "sent")
    assert (message.provider_message_id, message.lease_token) == ("wamid.out", None)
    assert Conversation.objects.get().last_message_status == "sent"


def test_an_id_the_provider_gave_twice_is_an_unknown_outcome(inbox):
    first, second = one(inbox), one(inbox)
    claims = claim()
    record_sent(claim=claims[0], result=ACCEPTED, actor=SYSTEM)
    assert record_sent(claim=claims[1], result=ACCEPTED, actor=SYSTEM)
    assert (state(first), state(second)) == (("accepted", "sent"), ("uncertain", "uncertain"))
    assert second.error_code == "repeated_id"


@pytest.mark.parametrize("error", [UncertainSend("read_timeout"), NotSent("dns"), errors.Rejected("131026")])
def test_what_the_provider_proved_meanwhile_counts_more_than_our_answer(error, inbox):
    message = one(inbox)
    [claimed] = claim()
    Message.objects.filter(pk=message.pk).update(provider_message_id="wamid.told", delivered_at=Now())
    assert record_failure(claim=claimed, error=error, actor=SYSTEM)
    assert state(message) == ("accepted", "delivered")
    assert claim() == []


def test_a_later_attempt_forgets_what_went_wrong_before(inbox):
    message = one(inbox)
    record_failure(claim=claim()[0], error=errors.Throttled("130429"), actor=SYSTEM)
    pass_time(message, hours=1)
    record_sent(claim=claim()[0], result=ACCEPTED, actor=SYSTEM)
    assert (state(message), message.error_code) == (("accepted", "sent"), "")
    assert list(SendAttempt.objects.values_list("number", "outcome")) == [(1, "not_sent"), (2, "sent")]


# Refused credentials -----------------------------------------------------------------------


def refuse(inbox):
    [claimed] = claim()
    record_failure(claim=claimed, error=errors.AuthFailed("190"), actor=SYSTEM)
    return claimed.message


def test_refused_credentials_stop_the_account_and_nobody_else(inbox):
    waiting = [one(inbox) for _ in range(3)]
    [first] = claim(limit=1)
    record_failure(claim=first, error=errors.AuthFailed("190"), actor=SYSTEM)
    elsewhere = one(make_inbox(make_account()))
    inbox.account.refresh_from_db()
    assert (inbox.account.state, inbox.account.state_reason) == ("needs_auth", "190")
    assert [item.message for item in claim()] == [elsewhere]
    assert {message.status for message in Message.objects.filter(pk__in=[item.pk for item in waiting])} == {"queued"}


def test_one_message_tries_refused_credentials_again_every_five_minutes(inbox):
    refuse_all = [one(inbox) for _ in range(3)]
    for item in claim():
        record_failure(claim=item, error=errors.AuthFailed("190"), actor=SYSTEM)
    assert (claim(), can_claim(actor=SYSTEM)) == ([], False)
    ProviderAccount.objects.update(probe_at=Now())
    probe = claim()
    assert (len(probe), claim()) == (1, [])
    record_failure(claim=probe[0], error=errors.AuthFailed("190"), actor=SYSTEM)
    assert claim() == []
    ProviderAccount.objects.update(probe_at=Now())
    record_sent(claim=claim()[0], result=ACCEPTED, actor=SYSTEM)
    inbox.account.refresh_from_db()
    assert (inbox.account.state, inbox.account.state_reason) == ("ok", "")
    assert len(claim()) == len(refuse_all) - 1


def test_new_credentials_send_what_waited(inbox):
    message = one(inbox)
    refuse(inbox)
    OrmQ.objects.all().delete()
    change_credentials(account=inbox.account, credentials={"access_token": "new"}, actor=SYSTEM)
    assert OrmQ.objects.exists()
    assert [item.message for item in claim()] == [message]


# What died ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "permitted", "proved", "expected", "outcome"),
    [
        ("before the permit", False, False, ("queued", "queued"), "not_sent"),
        ("after the permit", True, False, ("uncertain", "uncertain"), "uncertain"),
        ("after the provider told of it", True, True, ("accepted", "delivered"), "sent"),
    ],
)
def test_a_worker_that_died(_case, permitted, proved, expected, outcome, inbox):
    message = one(inbox)
    claims = claim()
    if permitted:
        permit(claims=claims, actor=SYSTEM)
    if proved:
        Message.objects.filter(pk=message.pk).update(provider_message_id="wamid.x", delivered_at=Now())
    sweep()
    assert state(message)[0] == "sending"  # the lease is not over
    pass_time(message, seconds=121)
    sweep()
    assert state(message) == expected
    assert SendAttempt.objects.get().outcome == outcome
    assert Conversation.objects.get().last_message_status == expected[1]
    assert len(claim()) == (expected[0] == "queued")


@pytest.mark.parametrize(
    ("_case", "columns", "window", "expected"),
    [
        ("too old", {"valid_until": Now()}, None, "expired"),
        ("its window closed", {}, Now(), "window_closed"),
        ("still good", {}, None, "queued"),
    ],
)
@pytest.mark.parametrize("dispatch", ["queued", "waiting", "needs_auth"])
def test_what_waited_too_long_ends_by_itself(_case, columns, window, expected, dispatch, inbox):
    message = one(inbox)
    Message.objects.filter(pk=message.pk).update(dispatch=dispatch, **columns)
    if window is not None:
        Conversation.objects.update(window_ends_at=window)
    expire_unsent(actor=SYSTEM)
    assert state(message)[0] == (dispatch if expected == "queued" else expected)


def test_the_sweep_rings_for_what_is_due_and_only_then(inbox):
    message = one(inbox)
    OrmQ.objects.all().delete()
    sweep()
    assert OrmQ.objects.count() == 1
    OrmQ.objects.all().delete()
    record_failure(claim=claim()[0], error=NotSent("dns"), actor=SYSTEM)
    sweep()
    assert (OrmQ.objects.count(), state(message)[0]) == (0, "waiting")


def test_old_traces_go(inbox):
    from apps.conversations.models import PendingStatus

    message = one(inbox)
    for number, days in ((1, 181), (2, 179)):
        attempt = SendAttempt.objects.create(message=message, number=number, token=uuid4(), owner="x", outcome="sent")
        SendAttempt.objects.filter(pk=attempt.pk).update(claimed_at=timezone.now() - timedelta(days=days))
        status = PendingStatus.objects.create(
            inbox=inbox, provider_message_id=f"{number}", status="sent", at=timezone.now()
        )
        age = timedelta(days=7, hours=1 if number == 1 else -1)
        PendingStatus.objects.filter(pk=status.pk).update(created_at=timezone.now() - age)
    assert prune_delivery() == "deleted 1 waiting, 1 attempts"
    assert SendAttempt.objects.get().number == 2
    assert PendingStatus.objects.get().provider_message_id == "2"
