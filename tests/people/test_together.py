"""People who are found, merged and separated by several hands at once."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from apps.conversations.actions.join import follow_identities, gather_stragglers
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import get_conversation
from apps.core.actors import SYSTEM
from apps.people.actions.identities import identity_at
from apps.people.actions.merge import merge_persons, unmerge_persons
from apps.people.models import Identity, Person, PersonMerge
from tests.crowd import crowd
from tests.factories import make_account, make_inbox
from tests.people.telling import phone, user, write

BY_HAND = PersonMerge.Reason.BY_HAND


@pytest.fixture
def together(transactional_db):
    with crowd(6) as gathered:
        yield gathered


def all_is_sound():
    """What must hold whatever happened in whatever order."""
    follow_identities(actor=SYSTEM)
    gather_stragglers(actor=SYSTEM)
    for identity in Identity.objects.select_related("person", "alias_of"):
        assert identity.person.merged_into_id is None
        if identity.alias_of:
            assert (identity.alias_of.alias_of_id, identity.alias_of.person_id) == (None, identity.person_id)
    for chat in Conversation.objects.filter(joined_to=None).select_related("identity"):
        assert (chat.identity.alias_of_id, chat.identity.person_id) == (None, chat.person_id)
    assert not Message.objects.filter(conversation__joined_to__isnull=False).exists()


def merge_if_possible(kept, merged):
    try:
        return merge_persons(kept=kept, merged=merged, reason=BY_HAND, actor=SYSTEM)
    except ValidationError as refusal:
        return refusal.code


def write_again(inbox, *addresses):
    """Write as the journal does: whoever is chosen to end a deadlock tries again."""
    for _ in range(3):
        try:
            return write(inbox, *addresses)
        except OperationalError:
            continue
    raise AssertionError("three deadlocks in a row")


@pytest.mark.django_db(transaction=True)
def test_all_forms_of_one_number_at_once_at_two_accounts_are_one_person(together):
    inboxes = [make_inbox(), make_inbox(make_account())]
    for number in range(10):
        forms = [phone(f"{start}3875550{number:03}") for start in ("549", "54")]
        together.at_once(*(partial(write, inbox, form) for inbox in inboxes for form in forms))
    assert (Person.objects.count(), Identity.objects.filter(alias_of=None).count()) == (10, 20)
    assert (Conversation.objects.count(), Message.objects.count()) == (20, 40)
    all_is_sound()


@pytest.mark.django_db(transaction=True)
def test_merges_in_both_directions_at_once_are_one_merge(together):
    inbox = make_inbox()
    for number in range(8):
        one = write(inbox, phone(f"54938755500{number:02}")).conversation.person
        other = write(inbox, user(f"AR.{number}")).conversation.person
        done = together.at_once(
            partial(merge_if_possible, one, other),
            partial(merge_if_possible, other, one),
            partial(merge_if_possible, one, other),
        )
        assert done.count("merged_already") == 2
    assert PersonMerge.objects.count() == 8
    all_is_sound()


@pytest.mark.django_db(transaction=True)
def test_who_writes_while_they_are_merged_loses_nothing(together):
    inbox = make_inbox()
    for number in range(8):
        number_address, hidden = phone(f"54938755500{number:02}"), user(f"AR.{number}")
        one = write(inbox, number_address).conversation.person
        chat = write(inbox, hidden).conversation
        together.at_once(
            partial(merge_if_possible, one, chat.person),
            partial(write_again, inbox, number_address),
            partial(write_again, inbox, hidden),
            partial(write_again, inbox, hidden, number_address),
            partial(follow_identities, actor=SYSTEM),
        )
        all_is_sound()
        assert get_conversation(SYSTEM, chat.pk).messages.count() == 5
    assert Person.objects.filter(merged_into=None).count() == 8


@pytest.mark.django_db(transaction=True)
def test_an_answer_in_the_moment_of_a_join_is_in_the_thread(together):
    inbox = make_inbox()
    for number in range(8):
        one = write(inbox, phone(f"54938755500{number:02}")).conversation
        other = get_conversation(SYSTEM, write(inbox, user(f"AR.{number}")).conversation_id)
        Conversation.objects.filter(pk=other.pk).update(window_ends_at="2100-01-01T00:00Z")
        other.refresh_from_db()
        merge_persons(kept=one.person, merged=other.person, reason=BY_HAND, actor=SYSTEM)
        together.at_once(
            partial(follow_identities, actor=SYSTEM),
            partial(send_message, conversation=other, text="Sí", client_key=f"k{number}", actor=SYSTEM),
        )
        all_is_sound()
        assert get_conversation(SYSTEM, other.pk).messages.count() == 3


@pytest.mark.django_db(transaction=True)
def test_separated_twice_at_once_is_once(together):
    inbox = make_inbox()

    def separate(merge):
        try:
            return unmerge_persons(merge=merge, actor=SYSTEM).pk
        except ValidationError as refusal:
            return refusal.code

    for number in range(5):
        one = write(inbox, phone(f"54938755500{number:02}")).conversation.person
        other = write(inbox, user(f"AR.{number}")).conversation.person
        merge = merge_persons(kept=one, merged=other, reason=BY_HAND, actor=SYSTEM)
        done = together.at_once(partial(separate, merge), partial(separate, merge))
        assert sorted(done, key=str) == sorted([other.pk, "undone_already"], key=str)
        all_is_sound()


@pytest.mark.parametrize("aliases", [(), (user("AR.1"),)])
def test_a_known_sender_costs_one_statement(aliases, inbox):
    who = {"account": inbox.account, "sender": phone("5493875550101"), "aliases": aliases, "actor": SYSTEM}
    known = identity_at(display_name="Ana", username="anita", **who)
    with CaptureQueriesContext(connection) as queries:
        again = identity_at(display_name="Ana", username="anita", **who)
        assert (again, again.person.name) == (known, "Ana")
    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 1, asked
