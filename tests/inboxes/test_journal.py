"""The journal: claimed under a lease, counted before the work, never lost, never for ever."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.conversations.actions import process
from apps.conversations.actions.receive import receive_message
from apps.conversations.actions.send import send_message
from apps.conversations.actions.statuses import apply_statuses
from apps.conversations.models import Conversation, Message
from apps.conversations.tasks import process_events, sweep
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from apps.inboxes.actions import journal
from apps.inboxes.actions.journal import (
    BrokenPart,
    add_event,
    claim_events,
    discard_dead_letter,
    finish_event,
    postpone_event,
    replay_events,
)
from apps.inboxes.models import DeadLetter, WebhookEvent
from apps.inboxes.queries import dead_letters_for, events_for
from tests.factories import make_account, make_actor, make_branch, make_inbox, receive
from tests.providers.meta_webhooks import change, delivery, encode, status, text_message

pytestmark = pytest.mark.django_db

State = WebhookEvent.State


@pytest.fixture
def inbox():
    return make_inbox()


def write(inbox, *texts, **more):
    messages = [text_message(text, **more) for text in texts]
    body = encode(delivery([change(inbox.address, messages=messages)]))
    return add_event(account=inbox.account, body=body, headers={}, actor=SYSTEM)


def pass_time(event, seconds):
    """Let the lease and the pauses of an event age."""
    age = timedelta(seconds=seconds)
    WebhookEvent.objects.filter(pk=event.pk).update(
        lease_until=F("lease_until") - age, next_attempt_at=F("next_attempt_at") - age
    )


def test_a_claimed_event_belongs_to_one_worker_until_its_lease_ends(inbox):
    event = write(inbox, "Hola")
    [claimed] = claim_events(limit=5, actor=SYSTEM)
    assert (claimed.pk, claimed.attempts, claim_events(limit=5, actor=SYSTEM)) == (event.pk, 1, [])
    pass_time(event, journal.LEASE_SECONDS + 1)
    [again] = claim_events(limit=5, actor=SYSTEM)
    assert (again.pk, again.attempts) == (event.pk, 2)
    # and the first worker, awake again, changes nothing
    assert not finish_event(event=claimed, items=1, ignored=[], broken=[], actor=SYSTEM)
    postpone_event(event=claimed, error=ValueError(), actor=SYSTEM)
    event.refresh_from_db()
    assert (event.state, event.lease_token) == (State.NEW, again.lease_token)
    assert finish_event(event=again, items=1, ignored=[], broken=[], actor=SYSTEM)


def test_what_was_tried_before_is_taken_alone(inbox):
    events = [write(inbox, f"n{number}") for number in range(4)]
    WebhookEvent.objects.filter(pk__in=[events[1].pk, events[2].pk]).update(attempts=1)
    taken = [[event.pk for event in claim_events(limit=10, actor=SYSTEM)] for _ in range(4)]
    assert taken == [[events[1].pk], [events[2].pk], [events[0].pk, events[3].pk], []]


def test_a_delivery_that_kills_its_worker_is_dead_after_five_attempts(inbox):
    poison = write(inbox, "poison")
    others = [write(inbox, f"n{number}") for number in range(3)]
    for _ in range(20):  # each worker claims, dies, and its leases end
        for event in claim_events(limit=10, actor=SYSTEM):
            if event.pk == poison.pk:
                break
            process.process_event(event)
        for event in [poison, *others]:
            pass_time(event, 7200)
    sweep()
    assert Message.objects.count() == 3
    poison.refresh_from_db()
    assert (poison.state, poison.attempts) == (State.DEAD, journal.ATTEMPTS)
    assert DeadLetter.objects.get().error_class == "WorkerLost"
    # and when the cause is mended, it is processed
    replay_events(events=[poison.uid], actor=SYSTEM)
    process_events()
    assert (Message.objects.count(), DeadLetter.objects.get().state) == (4, DeadLetter.State.REPLAYED)


def test_a_failing_delivery_waits_longer_each_time_and_ends_as_a_dead_letter(inbox, monkeypatch):
    event = write(inbox, "Hola")
    monkeypatch.setattr(process.Delivery, "apply", lambda self: 1 / 0)
    waits = []
    for _ in range(journal.ATTEMPTS):
        process_events()
        event.refresh_from_db()
        waits.append(round((event.next_attempt_at - timezone.now()).total_seconds()))
        pass_time(event, 7200)
    assert [pytest.approx(wait, abs=5) for wait in journal.PAUSE_SECONDS] == waits[:-1]
    assert (event.state, DeadLetter.objects.get().error_class) == (State.DEAD, "ZeroDivisionError")
    process_events()
    event.refresh_from_db()
    assert event.attempts == journal.ATTEMPTS


def test_what_a_task_did_not_begin_it_gives_back(inbox, monkeypatch):
    events = [write(inbox, f"n{number}") for number in range(3)]
    monkeypatch.setattr("apps.conversations.tasks.EVENT_SECONDS", -1)
    assert process_events() == "0 events, more wait"
    assert {(event.attempts, event.lease_until) for event in WebhookEvent.objects.all()} == {(0, None)}
    monkeypatch.undo()
    assert process_events() == f"{len(events)} events"


def test_a_fault_of_one_item_stops_only_that_item(inbox, monkeypatch):
    original = receive_message

    def receive(**told):
        if told["inbound"].content.body == "poison":
            raise LookupError("poison")
        return original(**told)

    def receive_all(**told):
        raise LookupError("poison")

    monkeypatch.setattr(process, "receive_message", receive)
    monkeypatch.setattr(process, "receive_messages", receive_all)
    event = write(inbox, "one", "poison", "three")
    process_events()
    event.refresh_from_db()
    assert (event.state, event.item_count, event.dead_count) == (State.PROCESSED, 3, 1)
    assert sorted(Message.objects.values_list("text", flat=True)) == ["one", "three"]
    letter = DeadLetter.objects.get()
    assert (letter.path, letter.error_class) == ("entry[0].changes[0].messages[1]", "LookupError")
    # mended and replayed
    monkeypatch.undo()
    replay_events(events=[event.uid], actor=SYSTEM)
    process_events()
    letter.refresh_from_db()
    assert (letter.state, Message.objects.count()) == (DeadLetter.State.REPLAYED, 3)


def test_a_status_that_cannot_be_stored_stops_no_other(inbox, monkeypatch):
    original = apply_statuses

    def apply(**told):
        if any(update.provider_message_id == "wamid.bad" for update in told["updates"]):
            raise ValueError
        return original(**told)

    monkeypatch.setattr(process, "apply_statuses", apply)
    statuses = [status(f"wamid.{name}", "delivered") for name in ("1", "bad", "2")]
    body = encode(delivery([change(inbox.address, statuses=statuses, messages=[text_message("Hola")])]))
    add_event(account=inbox.account, body=body, headers={}, actor=SYSTEM)
    process_events()
    from apps.conversations.models import PendingStatus

    assert sorted(PendingStatus.objects.values_list("provider_message_id", flat=True)) == ["wamid.1", "wamid.2"]
    assert (Message.objects.count(), DeadLetter.objects.get().path) == (1, "entry[0].changes[0].statuses[1]")


def test_many_broken_items_are_counted_and_the_first_hundred_kept(inbox):
    event = write(inbox, "Hola")
    [claimed] = claim_events(limit=1, actor=SYSTEM)
    broken = [BrokenPart(path=f"items[{number}]", error_class="BrokenItem") for number in range(5000)]
    finish_event(event=claimed, items=5000, ignored=[], broken=broken, actor=SYSTEM)
    event.refresh_from_db()
    assert (event.state, event.dead_count, DeadLetter.objects.count()) == (State.DEAD, 5000, 100)


def test_replaying_what_is_fine_changes_nothing(inbox):
    for number in range(3):
        write(inbox, f"n{number}", message_id=f"wamid.{number}")
    process_events()
    before = list(Message.objects.values()), list(Conversation.objects.values())
    assert replay_events(events=list(WebhookEvent.objects.values_list("uid", flat=True)), actor=SYSTEM) == 3
    process_events()
    assert (list(Message.objects.values()), list(Conversation.objects.values())) == before


def test_a_deadlock_is_tried_again(inbox, monkeypatch):
    import psycopg
    from django.db import OperationalError

    original, trouble = receive_message, [1, 1]

    def receive(**told):
        if trouble:
            trouble.pop()
            raise OperationalError from psycopg.errors.DeadlockDetected()
        return original(**told)

    monkeypatch.setattr(process, "receive_message", receive)
    write(inbox, "Hola")
    process_events()
    assert (Message.objects.count(), WebhookEvent.objects.get().state) == (1, State.PROCESSED)


def test_trouble_of_the_database_kills_no_item(inbox, monkeypatch):
    from django.db import OperationalError

    def receive(**told):
        raise OperationalError

    monkeypatch.setattr(process, "receive_message", receive)
    event = write(inbox, "Hola")
    process_events()
    event.refresh_from_db()
    assert (event.state, event.note, DeadLetter.objects.count()) == (State.NEW, "OperationalError", 0)


def test_supervisors_replay_and_discard_only_what_exists_for_them(inbox):
    here, there = inbox, make_inbox(make_account())
    mine, other = write(here, "a"), write(there, "b")
    for event in (mine, other):
        DeadLetter.objects.create(event=event, error_class="X")
    supervisor = make_actor(Role.SUPERVISOR, (here.branch,))
    assert list(events_for(supervisor)) == [mine]
    assert replay_events(events=[mine.uid, other.uid], actor=supervisor) == 1
    with pytest.raises(DeadLetter.DoesNotExist):
        discard_dead_letter(dead_letter=DeadLetter.objects.get(event=other), reason="why", actor=supervisor)
    discard_dead_letter(dead_letter=DeadLetter.objects.get(event=mine), reason="why", actor=supervisor)
    assert set(DeadLetter.objects.values_list("event", "state")) == {(mine.pk, "discarded"), (other.pk, "open")}


def test_the_journal_of_a_shared_account_exists_only_for_who_sees_all_of_it(inbox):
    elsewhere = make_inbox(inbox.account, make_branch())
    event = write(inbox, "a")
    both = make_actor(Role.SUPERVISOR, (inbox.branch, elsewhere.branch))
    one = make_actor(Role.SUPERVISOR, (inbox.branch,))
    DeadLetter.objects.create(event=event, error_class="X")
    assert (list(events_for(both)), list(events_for(one))) == ([event], [])
    assert (dead_letters_for(both).count(), dead_letters_for(one).count()) == (1, 0)


def test_an_event_and_its_ring_come_and_go_together(inbox):
    from django_q.models import OrmQ

    with transaction.atomic():
        write(inbox, "Hola")
        transaction.set_rollback(True)
    assert (WebhookEvent.objects.count(), OrmQ.objects.count()) == (0, 0)


def report(inbox, *items, address=None):
    """Write a delivery of statuses: pairs of a provider's id and a word."""
    told = [status(provider_id, word, at=1_700_000_000) for provider_id, word in items]
    body = encode(delivery([change(address or inbox.address, statuses=told)]))
    return add_event(account=inbox.account, body=body, headers={}, actor=SYSTEM)


def sent(inbox, count):
    """Make messages of ours that their provider took, with the ids wamid.0, wamid.1, …"""
    conversation = receive(inbox).conversation
    for number in range(count):
        made = send_message(conversation=conversation, text="Sí", client_key=f"k{number}", actor=SYSTEM)
        Message.objects.filter(pk=made.pk).update(dispatch="accepted", provider_message_id=f"wamid.{number}")
    return Message.objects.filter(conversation=conversation, direction="out").order_by("pk")


def test_statuses_that_wait_are_applied_together(inbox, django_assert_max_num_queries):
    messages = sent(inbox, 10)
    for word in ("sent", "delivered", "read"):
        for number in range(10):
            report(inbox, (f"wamid.{number}", word))
    write(inbox, "Hola")
    LiveEvent.objects.all().delete()
    with django_assert_max_num_queries(30 + 10 + 25):  # one each to finish and to announce, a few for all
        process_events()
    assert {(one.status, one.sent_at is None) for one in messages} == {("read", False)}
    assert {(event.state, event.item_count) for event in WebhookEvent.objects.all()} == {("processed", 1)}
    told = LiveEvent.objects.values_list("kind", flat=True)
    assert sorted(told) == ["message_added"] + ["message_changed"] * 10


def test_statuses_of_strange_deliveries_wait_for_their_turn(inbox):
    messages = sent(inbox, 2)
    report(inbox, ("wamid.0", "delivered"))
    strange = report(inbox, ("wamid.1", "delivered"), address="nobody's")
    broken = add_event(account=inbox.account, body=b"no JSON", headers={}, actor=SYSTEM)
    report(inbox, ("wamid.1", "read"))
    process_events()
    assert [one.status for one in messages] == ["delivered", "read"]
    states = {event.pk: event.state for event in WebhookEvent.objects.all()}
    assert (states.pop(strange.pk), states.pop(broken.pk)) == ("ignored", "dead")
    assert set(states.values()) == {"processed"}


def test_statuses_that_fail_together_are_tried_one_by_one(inbox, monkeypatch, caplog):
    def refuse(**_):
        raise ValueError("together")

    messages = sent(inbox, 3)
    for number in range(3):
        report(inbox, (f"wamid.{number}", "read"))
    monkeypatch.setattr(process, "apply_told", refuse)
    process_events()
    assert "event.statuses_failed" in caplog.text
    assert {one.status for one in messages} == {"read"}
