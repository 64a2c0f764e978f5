"""Edits, deletions and reactions: in any order, before or after their message, twice: the same state."""

from functools import partial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from apps.conversations.actions.changes import apply_reaction
from apps.conversations.actions.recover import forget_waiting, settle_waiting_changes
from apps.conversations.models import Conversation, Message, MessageEdit, PendingChange, Reaction
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from apps.people.models import Person
from providers.types import Address, AddressScope, ReactionChanged
from tests.conversations.arriving import (
    ANA,
    BETO,
    LATER,
    echo,
    edit,
    hear,
    put_emoji,
    second,
    stands,
    take_back,
)
from tests.crowd import crowd
from tests.factories import make_inbox


@pytest.fixture
def inbox(db):
    return make_inbox()


def test_an_edit_keeps_what_was_said_before(inbox):
    hear(inbox, "Hola")
    assert edit(inbox, "Hola Ana", at=5)
    assert edit(inbox, "Hola, Ana", at=9)
    assert stands() == {
        "messages": [("Hola, Ana", second(9), None)],
        "edits": [("Hola", second(5)), ("Hola Ana", second(9))],
        "reactions": [],
        "last": [("Hola, Ana", "text")],
        "waiting": 0,
    }
    assert [event.kind for event in LiveEvent.objects.order_by("pk")] == ["message_added"] + ["message_changed"] * 2


def test_the_same_edit_again_changes_nothing(inbox):
    hear(inbox)
    edit(inbox, "Hola Ana", at=5)
    before, events = stands(), LiveEvent.objects.count()
    assert not edit(inbox, "Hola Ana", at=5)
    assert (stands(), LiveEvent.objects.count()) == (before, events)


def test_a_message_that_was_taken_back_keeps_its_words_but_not_in_the_list(inbox):
    hear(inbox, "Me equivoqué")
    assert take_back(inbox, at=5)
    assert not take_back(inbox, at=5)
    assert stands()["messages"] == [("Me equivoqué", None, second(5))]
    assert stands()["last"] == [("", "deleted")]


def test_an_emoji_is_one_for_each_person_and_can_be_taken_back(inbox):
    hear(inbox)
    put_emoji(inbox, "👍", at=1)
    put_emoji(inbox, "❤️", at=2)
    put_emoji(inbox, "🎉", at=3, by=None)
    put_emoji(inbox, "", at=4, by=None)
    emojis = Reaction.objects.order_by("identity__address").values_list("identity__address", "emoji")
    assert list(emojis) == [("5493875550101", "❤️"), (None, "")]
    assert not put_emoji(inbox, "👍", at=1)


def test_an_emoji_counts_as_no_message(inbox):
    hear(inbox)
    before = Conversation.objects.values("unread_count", "window_ends_at", "last_message", "last_inbound_at").get()
    put_emoji(inbox, "👍", at=50)
    assert Conversation.objects.values(*before).get() == before


def test_an_emoji_of_the_same_person_by_another_address_is_theirs(inbox):
    user = Address(scope=AddressScope.BSUID, value="AR.1")
    hear(inbox, aliases=(user,))
    put_emoji(inbox, "👍", at=1)
    put_emoji(inbox, "❤️", at=2, by=user)
    assert list(Reaction.objects.values_list("emoji", flat=True)) == ["❤️"]
    assert Person.objects.count() == 1


def test_what_is_said_of_another_inbox_is_not_said_of_this_one(inbox):
    hear(inbox)
    other = make_inbox()
    assert not edit(other, "No", at=1)
    assert (Message.objects.get().text, PendingChange.objects.count()) == ("Hola", 1)


def test_what_was_written_on_the_phone_can_be_edited_there(inbox):
    echo(inbox, "Sí")
    edit(inbox, "Sí, hay lugar", at=5, key="wamid.echo")
    take_back(inbox, at=6, key="wamid.echo")
    assert stands()["messages"] == [("Sí, hay lugar", second(5), second(6))]


def test_in_the_same_second_the_emoji_that_is_taken_back_is_gone(inbox):
    hear(inbox)
    put_emoji(inbox, "👍", at=1)
    put_emoji(inbox, "", at=1)
    assert Reaction.objects.get().emoji == ""


# In any order ------------------------------------------------------------------------------

_changes = some.lists(
    some.one_of(
        some.builds(lambda text, at: partial(edit, text=text, at=at), some.sampled_from("ABC"), some.integers(0, 3)),
        some.builds(lambda at: partial(take_back, at=at), some.integers(0, 3)),
        some.builds(
            lambda emoji, at, by: partial(put_emoji, emoji=emoji, at=at, by=by),
            some.sampled_from(["👍", "❤️", ""]),
            some.integers(0, 3),
            some.sampled_from([ANA, BETO, None]),
        ),
    ),
    max_size=5,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=_changes, data=some.data())
def test_every_order_with_and_before_the_message_ends_the_same(changes, data, inbox):
    def outcome(steps):
        with transaction.atomic():
            for step in steps:
                step(inbox)
            found = stands()
            transaction.set_rollback(True)
        return found

    arrives = partial(hear, body="Hola")
    expected = outcome([arrives, *changes])
    doubled = [arrives, arrives, *changes, *changes]
    assert outcome(data.draw(some.permutations(doubled))) == expected


@pytest.mark.django_db(transaction=True)
def test_changes_and_their_message_at_once_end_as_in_order():
    inbox = make_inbox()
    with crowd(5) as gathered:
        for number in range(12):
            key = f"wamid.{number}"
            gathered.at_once(
                partial(hear, inbox, f"Hola {number}", key=key),
                partial(hear, inbox, f"Hola {number}", key=key),
                partial(edit, inbox, "Chau", at=3, key=key),
                partial(take_back, inbox, at=4, key=key),
                partial(put_emoji, inbox, "👍", at=5, key=key),
            )
    assert list(Message.objects.order_by().values_list("text", "edited_at", "deleted_at").distinct()) == [
        ("Chau", second(3), second(4))
    ]
    assert (Message.objects.count(), MessageEdit.objects.count(), Reaction.objects.count()) == (12, 12, 12)
    assert (PendingChange.objects.count(), Conversation.objects.get().unread_count) == (0, 12)


def test_what_crossed_with_the_id_of_a_message_is_found_by_the_sweep(inbox):
    message = hear(inbox, key="wamid.other")
    edit(inbox, "Chau", at=5)
    Message.objects.filter(pk=message.pk).update(provider_message_id="wamid.1")
    assert settle_waiting_changes(actor=SYSTEM) == 1
    assert (Message.objects.get().text, PendingChange.objects.count()) == ("Chau", 0)


def test_what_waits_for_a_message_that_never_comes_is_forgotten(inbox):
    edit(inbox, "Chau", at=5)
    PendingChange.objects.update(created_at=second(0).replace(year=2025))
    assert forget_waiting(actor=SYSTEM) == 1


def test_a_change_without_a_time_is_of_when_it_came(inbox):
    hear(inbox)
    told = ReactionChanged(path="", inbox_address="", provider_message_id="wamid.1", emoji="👍", reactor=ANA)
    apply_reaction(inbox=inbox, reaction=told, received_at=LATER, actor=SYSTEM)
    assert Reaction.objects.get().at == LATER
