"""The feed of open screens: nothing skipped, nothing twice, whatever commits when and whoever is away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from apps.core import bell, live
from apps.core.actors import NOBODY, SYSTEM, Actor, Role, Scope
from apps.core.live import Cursor, LiveKind, publish, read_after
from apps.core.models import LiveEvent
from apps.core.tasks import prune_live_events
from tests import screens
from tests.factories import make_actor, make_branch
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def say(number: int) -> None:
    publish(LiveKind.MESSAGE_ADDED, branch_id=1, inbox_id=1, conversation_id=1, message_id=number)


def settle(start: str) -> None:
    """Wait until nothing is held back: transactions of other tests' databases hold events too."""
    eventually(lambda: not read_after(Cursor.parse(start))[1], within=30, what="the end of older transactions")


def say_elsewhere(number: int, *, written: threading.Event, commit: threading.Event) -> None:
    """Publish in a transaction of another connection that ends when `commit` is set."""
    try:
        with transaction.atomic():
            say(number)
            written.set()
            assert commit.wait(10)
    finally:
        connections.close_all()


@pytest.fixture
def slow_transaction():
    """A transaction that began earlier, wrote an event, and commits when told to."""
    written, commit = threading.Event(), threading.Event()
    thread = threading.Thread(target=say_elsewhere, args=[100], kwargs={"written": written, "commit": commit})
    thread.start()
    assert written.wait(10)
    yield commit
    commit.set()
    thread.join(10)


@pytest.fixture
def house(transactional_db):
    with screens.process() as process:
        yield process


def test_a_transaction_that_commits_late_is_not_skipped(slow_transaction):
    start = Cursor.parse(live.current_cursor())
    say(1)
    events, is_held = read_after(start)
    assert ([event.message_id for event in events], is_held) == ([], True)
    slow_transaction.set()
    eventually(lambda: len(read_after(start)[0]) == 2, what="both events")
    events, is_held = read_after(start)
    assert ([event.message_id for event in events], is_held) == ([100, 1], False)


def test_a_screen_sees_what_a_late_commit_held_back(house, slow_transaction, monkeypatch):
    screen = house.open()
    say(1)
    say(2)
    slow_transaction.set()
    eventually(lambda: len(screen.events) == 3, what="three events")
    assert screen.ids == [100, 1, 2]


def test_a_rolled_back_change_is_never_told(house):
    screen = house.open()
    with transaction.atomic():
        say(1)
        transaction.set_rollback(True)
    say(2)
    eventually(lambda: screen.events)
    assert screen.ids == [2]


def test_one_bell_for_a_transaction_however_much_it_says():
    with transaction.atomic():
        for number in range(5):
            say(number)
        with transaction.atomic():
            say(5)
        assert len(connection.run_on_commit) == 1


def test_a_bell_of_an_undone_part_does_not_silence_the_rest():
    with transaction.atomic():
        try:
            with transaction.atomic():
                say(1)
                raise LookupError
        except LookupError:
            say(2)
        assert len(connection.run_on_commit) == 1


def test_events_come_in_the_order_of_numbers_not_of_digits(transactional_db):
    with connection.cursor() as sql:
        for message, xid in enumerate((9, 10, 99, 100)):
            sql.execute(
                "INSERT INTO core_liveevent (xid, kind, message_id) VALUES (%s::text::xid8, 'message_added', %s)",
                [str(xid), message],
            )
    events, _ = read_after(Cursor(8, 0, 0))
    assert [(event.cursor.xid, event.message_id) for event in events] == [(9, 0), (10, 1), (99, 2), (100, 3)]


def test_between_the_gap_and_the_news_nothing_is_lost_or_repeated(house):
    def write(part: int) -> None:
        try:
            for number in range(50):
                say(part * 1000 + number)
        finally:
            connections.close_all()

    start = live.current_cursor()
    expected = sorted(part * 1000 + number for part in range(4) for number in range(50))
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, part) for part in range(4)]
        opened = [house.open(start) for _ in range(10)]
        for future in writing:
            future.result(30)
    for screen in opened:
        eventually(lambda: len(screen.events) >= 200, what="every event")  # noqa: B023
        assert sorted(screen.ids) == expected
        assert [event.cursor for event in screen.events] == sorted(event.cursor for event in screen.events)


def test_a_screen_that_comes_back_gets_the_gap(house):
    first = house.open()
    say(1)
    eventually(lambda: first.events)
    house.close(first)
    say(2)
    say(3)
    again = house.open(str(first.events[-1].cursor))
    say(4)
    eventually(lambda: len(again.events) == 3)
    assert again.ids == [2, 3, 4]


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "a.b.c", "-1.2.3", "1.2.٣", "9" * 19 + ".1.1", "1.2.3\n"])
@pytest.mark.django_db(transaction=False)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(live.InvalidCursor):
        Cursor.parse(text)


@pytest.mark.parametrize(
    ("_case", "changes"),
    [
        ("older than what is kept", {"at": -49 * 3600}),
        ("of another database, or of the time before a restore", {"xid": 10**6}),
    ],
)
def test_a_gap_nobody_can_fill_is_named(_case, changes, house):
    now = Cursor.parse(live.current_cursor())
    cursor = now._replace(**{name: getattr(now, name) + change for name, change in changes.items()})
    screen = house.open(str(cursor))
    eventually(lambda: screen.ended)
    assert isinstance(screen.ended, live.GapTooOld)


def test_a_gap_that_is_too_long_is_named(house, monkeypatch):
    monkeypatch.setattr(live, "BACKLOG", 10)
    start = live.current_cursor()
    for number in range(12):
        say(number)
    settle(start)
    screen = house.open(start)
    eventually(lambda: screen.ended)
    assert isinstance(screen.ended, live.GapTooOld)


def test_a_screen_that_cannot_follow_ends_and_delays_nobody(house, monkeypatch):
    monkeypatch.setattr(live, "BACKLOG", 10)
    lagging, quick = house.open(reads=False), house.open()
    for number in range(1, 31):
        say(number)
        eventually(lambda: quick.ids[-1:] == [number])  # noqa: B023
    house.let_read(lagging)
    eventually(lambda: lagging.ended)
    assert isinstance(lagging.ended, live.GapTooOld)
    assert lagging.ids == sorted(lagging.ids, key=lambda number: number or 0)


def test_a_change_that_waits_gives_way_to_the_next_of_the_same(house):
    slow, quick = house.open(reads=False), house.open()
    for told, number in enumerate([1, 2, 1, 2, 3], 1):
        live.publish(live.LiveKind.MESSAGE_CHANGED, branch_id=1, message_id=number)
        eventually(lambda: len(quick.events) == told, what="the change")  # noqa: B023
    house.let_read(slow)
    eventually(lambda: slow.ids[-1:] == [3], what="the last change")
    assert (quick.ids, slow.ids) == ([1, 2, 1, 2, 3], [1, 1, 2, 3])
    assert slow.events[-1].cursor == quick.events[-1].cursor


def test_a_lost_bell_costs_a_moment_and_no_event(house, monkeypatch):
    monkeypatch.setattr(live, "SAFETY_SECONDS", 0.05)
    monkeypatch.setattr(bell, "_ring", lambda: None)
    screen = house.open()
    for number in range(3):
        say(number)
    eventually(lambda: len(screen.events) == 3)


def test_without_the_channel_layer_nothing_fails_and_screens_still_hear(house, monkeypatch, caplog):
    from channels.layers import channel_layers

    monkeypatch.setattr(live, "SAFETY_SECONDS", 0.05)
    away = channel_layers._make_backend("default", {"hosts": ["redis://127.0.0.1:1/0"]})
    for room in (bell, live):
        monkeypatch.setattr(room, "get_channel_layer", lambda: away)
    screen = house.open()
    say(1)
    eventually(lambda: screen.events)
    eventually(lambda: "live.bell_lost" in caplog.text, what="the complaint of the bell")
    eventually(lambda: "live.deaf" in caplog.text, what="the complaint of the listener")


def test_the_reader_survives_the_database(house, database_proxy, monkeypatch):
    monkeypatch.setattr(live, "SAFETY_SECONDS", 0.05)
    screen = house.open()
    say(1)
    eventually(lambda: screen.events)
    database_proxy.cut()
    say(2)
    database_proxy.mend()
    say(3)
    eventually(lambda: len(screen.events) == 3)
    assert screen.ids == [1, 2, 3]


def test_the_reader_survives_the_end_of_its_session(house, monkeypatch):
    monkeypatch.setattr(live, "SAFETY_SECONDS", 0.05)
    screen = house.open()
    with connection.cursor() as sql:
        sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    " AND datname = current_database() AND query LIKE '%core_liveevent%'")  # fmt: skip
    say(1)
    eventually(lambda: screen.events)
    assert house.open().is_open


def test_many_screens_cost_one_query(house, monkeypatch):
    reads = []

    def counted(*asked):
        found = read_after(*asked)
        reads.append(len(found[0]))
        return found

    monkeypatch.setattr(live, "read_after", counted)
    opened = [house.open() for _ in range(30)]
    eventually(lambda: len(reads) > 30, what="every screen's look at its gap")
    reads.clear()
    say(1)
    eventually(lambda: all(screen.events for screen in opened))
    assert sum(reads) == 1


def test_what_a_newer_version_writes_is_passed_over(house):
    screen = house.open()
    LiveEvent.objects.create(kind="comet_sighted", branch_id=1)
    say(1)
    eventually(lambda: screen.events)
    assert screen.ids == [1]


def test_a_reader_that_dies_sends_its_screens_back(house, monkeypatch, caplog):
    screen = house.open()
    say(0)
    eventually(lambda: screen.events)
    monkeypatch.setattr(live, "read_after", lambda *asked: 1 / 0)
    say(1)
    eventually(lambda: screen.ended)
    monkeypatch.undo()
    assert "live.reader_died" in caplog.text
    again = house.open()
    say(2)
    eventually(lambda: again.events)


def test_events_are_kept_as_long_as_a_gap_may_be():
    say(1)
    say(2)
    LiveEvent.objects.filter(message_id=1).update(at=timezone.now() - timedelta(hours=48, minutes=1))
    LiveEvent.objects.filter(message_id=2).update(at=timezone.now() - timedelta(hours=47, minutes=59))
    assert prune_live_events() == "deleted 1"
    assert LiveEvent.objects.get().message_id == 2


def test_that_a_text_grew_is_kept_for_minutes():
    for kind in (LiveKind.SUGGESTION_CHANGED, LiveKind.SUGGESTION_STREAMED, LiveKind.SUGGESTION_STREAMED):
        live.publish(kind)
    old, grew, lately = LiveEvent.objects.order_by("id")
    LiveEvent.objects.filter(pk__in=[old.pk, grew.pk]).update(at=timezone.now() - timedelta(minutes=11))
    assert prune_live_events() == "deleted 1"
    assert set(LiveEvent.objects.all()) == {old, lately}


def test_who_hears_of_what():
    here, there = make_branch(), make_branch()
    operator = make_actor(Role.OPERATOR, (here,))
    token = replace(operator, token_id=1, scopes=frozenset({Scope.INBOXES_READ}))

    def hears(actor: Actor, kind: LiveKind, **what: int) -> bool:
        told = dict.fromkeys(("branch_id", "inbox_id", "conversation_id", "message_id", "person_id", "user_id"))
        return live.Event(cursor=Cursor(1, 1, 1), kind=kind, at=timezone.now(), **{**told, **what}).visible_to(actor)

    assert hears(operator, LiveKind.MESSAGE_ADDED, branch_id=here.pk)
    assert hears(SYSTEM, LiveKind.MESSAGE_ADDED, branch_id=there.pk)
    assert hears(operator, LiveKind.ACCESS_CHANGED, user_id=operator.user_id or 0)
    assert hears(operator, LiveKind.PERSON_CHANGED, person_id=1)
    assert not hears(operator, LiveKind.MESSAGE_ADDED, branch_id=there.pk)
    assert not hears(operator, LiveKind.MESSAGE_ADDED)
    assert not hears(operator, LiveKind.ACCESS_CHANGED, user_id=(operator.user_id or 0) + 1)
    for actor in (NOBODY, token):
        assert not hears(actor, LiveKind.MESSAGE_ADDED, branch_id=here.pk)
        assert not hears(actor, LiveKind.CONVERSATION_CHANGED, branch_id=here.pk)
        assert not hears(actor, LiveKind.PERSON_CHANGED, person_id=1)
    assert not hears(NOBODY, LiveKind.ACCESS_CHANGED)
