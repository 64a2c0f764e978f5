"""Which rows a list has, in which order, page by page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.console.queries import PAGE, Asked, Order, View, count_views, inboxes_with_unread, listing, shown_count
from apps.conversations.actions import marks
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM, Role
from apps.people.models import Identity, Person
from tests.factories import make_actor, make_branch, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def inbox(db):
    return make_inbox()


def names(asked: Asked, actor=SYSTEM) -> list[str]:
    return [row.person.name for row in listing(actor, asked).rows]


def talk(inbox, name: str, **columns) -> Conversation:
    number = sum(map(ord, name)) + len(name) * 1000
    conversation = receive(inbox, f"Soy {name}", name=name, sender=f"549387{number:07}").conversation
    Conversation.objects.filter(pk=conversation.pk).update(**columns)
    conversation.refresh_from_db()
    return conversation


def many(inbox, count: int) -> None:
    """Make conversations quickly; some pending, some with an open window, some with equal times."""
    account = inbox.account
    people = Person.objects.bulk_create(Person(name=f"p{number}") for number in range(count))
    identities = Identity.objects.bulk_create(
        Identity(person=person, account=account, scope="phone", address=str(number))
        for number, person in enumerate(people)
    )
    Conversation.objects.bulk_create(
        Conversation(
            inbox=inbox,
            identity=identity,
            person=person,
            last_message_at=NOW - timedelta(minutes=number // 3),
            window_ends_at=[None, NOW - timedelta(hours=1), NOW + timedelta(hours=1 + number % 7)][number % 3],
            is_pending=number % 5 == 0,
            pending_since=NOW if number % 5 == 0 else None,
        )
        for number, (person, identity) in enumerate(zip(people, identities, strict=True))
    )


@pytest.mark.parametrize("order", Order)
def test_pages_follow_each_other_without_a_hole_or_a_repetition(inbox, order):
    many(inbox, 3 * PAGE + 7)
    seen, after, sizes = [], "", []
    while True:
        page = listing(SYSTEM, Asked(order=order, after=after))
        seen += [row.pk for row in page.rows]
        sizes.append(len(page.rows))
        if not (after := page.after):
            break
    assert sizes == [PAGE, PAGE, PAGE, 7]
    assert len(set(seen)) == 3 * PAGE + 7


def test_recent_is_by_the_last_message(inbox):
    talk(inbox, "vieja", last_message_at=NOW - timedelta(hours=2))
    talk(inbox, "nueva", last_message_at=NOW)
    assert names(Asked()) == ["nueva", "vieja"]


def test_urgent_is_pending_first_and_then_the_time_left(inbox):
    hour = timedelta(hours=1)
    pending = {"is_pending": True, "pending_since": NOW}
    talk(inbox, "vencida", window_ends_at=NOW - hour, last_message_at=NOW)
    talk(inbox, "le quedan 9", window_ends_at=NOW + 9 * hour, last_message_at=NOW - hour)
    talk(inbox, "le queda 1", window_ends_at=NOW + hour, last_message_at=NOW - 23 * hour)
    talk(inbox, "sin ventana", window_ends_at=None, last_message_at=NOW - 2 * hour)
    talk(inbox, "pendiente vencida", window_ends_at=NOW - hour, **pending)
    talk(inbox, "pendiente, le quedan 5", window_ends_at=NOW + 5 * hour, **pending)
    assert names(Asked(order=Order.URGENT)) == [
        "pendiente, le quedan 5",
        "pendiente vencida",
        "le queda 1",
        "le quedan 9",
        "vencida",
        "sin ventana",
    ]


def test_views_hold_what_they_say(inbox):
    me = make_user(Role.OPERATOR, (inbox.branch,))
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    talk(inbox, "leída", unread_count=0)
    marks.set_pending(conversation=talk(inbox, "pendiente"), is_pending=True, actor=actor)
    marks.assign(conversation=talk(inbox, "de otro"), assignee=me, actor=actor)
    marks.close(conversation=talk(inbox, "cerrada"), actor=actor)
    talk(make_inbox(), "de otra sede")
    expected = {
        View.PENDING: {"pendiente"},
        View.MINE: set(),
        View.UNASSIGNED: {"leída", "pendiente"},
        View.UNREAD: {"pendiente", "de otro"},
        View.ALL: {"leída", "pendiente", "de otro"},
        View.CLOSED: {"cerrada"},
    }
    assert {view: set(names(Asked(view=view), actor)) for view in View} == expected
    counts = count_views(actor)
    assert counts == {view: len(expected[View(view)]) for view in counts}
    assert inboxes_with_unread(actor) == [(inbox, 2)]


@pytest.mark.parametrize("words", ["ÑANDÚ", "nandu", "Nándu", "550777", "quisiera saber"])
def test_search_finds_name_number_and_last_words(inbox, words):
    receive(inbox, "Quisiera saber", name="María Ñandú", sender="5493875507771")
    talk(inbox, "otra")
    assert names(Asked(text=words)) == ["María Ñandú"]


def test_search_finds_closed_ones_and_stays_in_the_branch(inbox):
    marks.close(conversation=talk(inbox, "Ana cerrada"), actor=SYSTEM)
    talk(make_inbox(), "Ana de otra sede")
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    assert names(Asked(text="ana"), actor) == ["Ana cerrada"]
    assert names(Asked(text="ana", inbox=make_inbox(branch=make_branch())), actor) == []


def test_counters_stop_where_they_say_nothing_more():
    assert [shown_count(number) for number in (0, 1, 999, 1000, 5000)] == ["", "1", "999", "999+", "999+"]
