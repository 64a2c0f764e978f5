"""The doorbell: heard at commit, by whom it is for, at least once, through trouble."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction
from django_q.conf import Conf
from django_q.models import OrmQ

from apps.core.broker import ListeningBroker
from apps.core.jobs import Job, enqueue, is_answered
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 30
"""So long that whatever is heard in a test was heard by its ring."""


class Puller(ListeningBroker):
    """A broker that counts how often it looked in vain, and tells when it began to wait."""

    vain = 0
    waits = 0

    def _take(self):
        taken = super()._take()
        self.vain += not taken and not self.got
        return taken

    def _heard(self, ear):
        self.waits += 1
        return super()._heard(ear)

    def __init__(self, list_key: str) -> None:
        super().__init__(list_key=list_key)
        self.got: list[int] = []


@contextmanager
def pulling(queue: str = "default") -> Iterator[tuple[Puller, list[int]]]:
    """Pull in a thread, as django-q2's pusher does; yield the broker and what it got."""
    stopping = threading.Event()
    broker = Puller(list_key=queue)

    def pull() -> None:
        while not stopping.is_set():
            broker.got.extend(pk for pk, _ in broker.dequeue() or [])
        if broker._ear is not None:
            broker._ear.close()
        connections.close_all()

    thread = threading.Thread(target=pull)
    thread.start()
    try:
        eventually(lambda: broker.waits or broker.got, what="a puller that waits")
        yield broker, broker.got
    finally:
        stopping.set()
        with connection.cursor() as sql:
            sql.execute("SELECT pg_notify('mostrador_jobs', %s)", [queue])
        thread.join(LONG)


@pytest.fixture(autouse=True)
def long_poll(monkeypatch):
    monkeypatch.setattr(Conf, "POLL", LONG)


def test_a_ring_is_heard_when_it_is_committed():
    with pulling() as (_, got):
        with transaction.atomic():
            ring = enqueue(Job.SWEEP)
            assert got == []
        eventually(lambda: got, what="the ring")
        assert got == [ring]


def test_a_rolled_back_ring_is_never_heard():
    with pulling() as (broker, got):
        with transaction.atomic():
            enqueue(Job.SWEEP)
            transaction.set_rollback(True)
        ring = enqueue(Job.SWEEP)
        eventually(lambda: got, what="the second ring")
        assert (got, broker.vain) == ([ring], 1)


def test_rings_for_another_queue_wake_nobody():
    with pulling() as (broker, got):
        for _ in range(3):
            enqueue(Job.PRUNE_JOURNAL, cluster="bulk")
        ring = enqueue(Job.SWEEP)
        eventually(lambda: got, what="our ring")
        assert (got, broker.vain) == ([ring], 1)
    assert OrmQ.objects.filter(key="bulk").count() == 3


def test_a_lost_ear_is_replaced_at_once():
    with pulling() as (broker, got):
        ear = broker._ear
        assert ear is not None
        with connection.cursor() as sql:
            sql.execute("SELECT pg_terminate_backend(%s)", [ear.info.backend_pid])
        ring = enqueue(Job.SWEEP)
        eventually(lambda: got, what="the ring")
        assert got == [ring]


def test_pulling_goes_on_when_the_database_comes_back(database_proxy, monkeypatch, caplog):
    monkeypatch.setattr(Conf, "POLL", 0.05)
    with pulling() as (_, got):
        database_proxy.cut()
        eventually(lambda: "broker.no_database" in caplog.text, what="the complaint")
        ring = enqueue(Job.SWEEP)
        database_proxy.mend()
        eventually(lambda: got, what="the ring")
        assert got == [ring]


def test_what_waits_is_taken_without_a_ring():
    rings = [enqueue(Job.HEARTBEAT, name) for name in "abc"]
    with pulling() as (_, got):
        eventually(lambda: len(got) == 3, what="three rings")
        assert got == rings


def test_rings_for_the_same_work_that_wait_are_one_task():
    sweep, again, beat, other = (
        enqueue(Job.SWEEP),
        enqueue(Job.SWEEP),
        enqueue(Job.HEARTBEAT, "default"),
        enqueue(Job.HEARTBEAT, "bulk"),
    )
    with pulling() as (_, got):
        eventually(lambda: len(got) == 3, what="three tasks")
        assert got == [sweep, beat, other]
    assert is_answered(again)


def test_a_burst_of_rings_hides_no_other(monkeypatch):
    monkeypatch.setattr("apps.core.broker.TOGETHER", 3)
    first, *_ = [enqueue(Job.PROCESS_EVENTS) for _ in range(10)]
    beat = enqueue(Job.HEARTBEAT, "default")
    broker = ListeningBroker(list_key="default")
    try:
        assert [pk for pk, _ in broker._take() or []] == [first, beat]
    finally:
        broker._listen().close()


def test_two_pullers_share_and_never_take_the_same(monkeypatch):
    monkeypatch.setattr("apps.core.broker.TOGETHER", 1)
    rings = {enqueue(Job.HEARTBEAT, str(number)) for number in range(40)}

    def pull_all() -> list[int]:
        broker, got = ListeningBroker(list_key="default"), []
        try:
            while taken := broker._take():
                got += [pk for pk, _ in taken]
            return got
        finally:
            broker._listen().close()
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: pull_all(), range(2))
    assert sorted(first + second) == sorted(rings)


def test_an_unanswered_ring_comes_again_after_retry(monkeypatch):
    broker = ListeningBroker(list_key="default")
    ring = enqueue(Job.SWEEP)
    monkeypatch.setattr(Conf, "RETRY", 0)  # as if the time had passed
    assert [pk for pk, _ in broker._take() or []] == [ring]
    monkeypatch.setattr(Conf, "RETRY", 240)
    assert [pk for pk, _ in broker._take() or []] == [ring]
    assert broker._take() is None
    assert not is_answered(ring)
    broker.acknowledge(ring)
    assert is_answered(ring)
    broker._listen().close()
