"""What providers tell of people besides their messages, and where answers go."""

from datetime import timedelta
from functools import partial

import pytest

from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from apps.people.actions.contacts import apply_addresses_changed, apply_contact_synced, set_marketing_preference
from apps.people.actions.identities import best_address
from apps.people.actions.people import change_person
from apps.people.models import Identity, Person
from apps.people.queries import marketing_stopped_of, people_for
from providers.types import AddressesChanged, AddressScope, ContactSynced, Group, MarketingPreference
from tests.people.telling import NOW, phone, user, write

OLD, NEW = phone("5493875550101"), phone("5493875550202")


def change(inbox, known, *now):
    said = AddressesChanged(path="", inbox_address=inbox.address, known=known, now=now)
    return apply_addresses_changed(account=inbox.account, change=said, actor=SYSTEM)


def sync(inbox, address, name="", *aliases, is_removed=False):
    said = ContactSynced(
        path="", inbox_address=inbox.address, address=address, name=name, aliases=aliases, is_removed=is_removed
    )
    return apply_contact_synced(account=inbox.account, contact=said, actor=SYSTEM)


def prefer(inbox, person, is_allowed, minutes):
    at = NOW + timedelta(minutes=minutes)
    said = MarketingPreference(
        path="", inbox_address=inbox.address, person=person, is_allowed=is_allowed, provider_time=at
    )
    return set_marketing_preference(account=inbox.account, preference=said, actor=SYSTEM)


def answers_to(inbox):
    return best_address(Identity.objects.select_related("reached_by").get(account=inbox.account, alias_of=None))


def test_a_changed_number_is_the_same_thread_and_gets_the_answers(inbox):
    before = write(inbox, OLD).conversation
    change(inbox, OLD, NEW)
    assert answers_to(inbox) == NEW
    assert write(inbox, NEW).conversation == before
    assert write(inbox, OLD, text="late").conversation == before  # written before the change
    assert answers_to(inbox) == NEW
    assert (Person.objects.get().phone, Identity.objects.get(address=OLD.value).left_at is None) == (
        "+5493875550202",
        False,
    )


def test_a_number_they_came_back_to_is_theirs_again(inbox):
    write(inbox, OLD)
    change(inbox, OLD, NEW)
    change(inbox, NEW, OLD)
    assert answers_to(inbox) == OLD
    assert Identity.objects.get(left_at__isnull=False).address == NEW.value


def test_a_number_an_operator_wrote_stays(inbox):
    person = write(inbox, OLD).conversation.person
    change_person(person=person, details={"phone": "+5491155550000"}, actor=SYSTEM)
    change(inbox, OLD, NEW)
    assert Person.objects.get().phone == "+5491155550000"


def test_an_id_that_changed_gets_the_answers_because_the_number_did_too(inbox):
    write(inbox, OLD, user("AR.1"))
    assert answers_to(inbox) == OLD
    change(inbox, user("AR.1"), user("AR.2"))
    assert answers_to(inbox) == user("AR.2")
    write(inbox, user("AR.2"), NEW)
    assert (answers_to(inbox), Person.objects.count()) == (NEW, 1)


def test_two_people_a_change_proves_to_be_one_are_merged(inbox):
    first, second = write(inbox, OLD).conversation.person, write(inbox, NEW).conversation.person
    change(inbox, OLD, NEW)
    assert list(people_for(SYSTEM)) == [first]
    second.refresh_from_db()
    assert (second.merged_into, answers_to(inbox)) == (first, NEW)


def test_a_number_that_comes_to_light_is_written_down_unless_there_is_one(inbox):
    write(inbox, user("AR.1"))
    assert Person.objects.get().phone == ""
    write(inbox, user("AR.1"), OLD)
    assert (Person.objects.get().phone, Person.objects.get().phone_key) == ("+5493875550101", "543875550101")
    write(inbox, user("AR.1"), NEW)
    assert Person.objects.get().phone == "+5493875550101"


def test_a_change_of_nobody_we_know_makes_nobody(inbox):
    assert change(inbox, OLD, NEW) is None
    assert not Person.objects.exists()


@pytest.mark.parametrize("known", [(OLD, user("AR.1")), (user("AR.1"), OLD)])
def test_the_number_is_answered_whichever_came_first(known, inbox):
    for address in (*known, *known):
        write(inbox, address, *known)
    assert answers_to(inbox) == OLD
    write(inbox, user("AR.1"))  # the number is hidden by now
    assert answers_to(inbox) == OLD


def test_the_form_they_write_from_is_the_one_that_is_answered(inbox):
    write(inbox, phone("543875550101"))
    write(inbox, phone("5493875550101"))
    assert answers_to(inbox) == phone("5493875550101")


def test_a_group_has_a_person_of_its_own_and_its_members_are_people(inbox):
    from apps.people.actions.identities import identity_at

    group = Group(address="1203630@g.us", name="Curso de verano")
    for number in (OLD, NEW):
        write(inbox, number, sender_name="Ana", group=group)
    both = [
        identity_at(account=inbox.account, sender=number, aliases=(), display_name="", group=group, actor=SYSTEM)
        for number in (OLD, NEW)
    ]
    assert both[0] == both[1]
    assert (both[0].scope, both[0].address, both[0].person.name) == (AddressScope.GROUP, group.address, group.name)
    assert Person.objects.count() == 3
    assert best_address(both[0]).value == group.address


# The address book ----------------------------------------------------------------------------


def test_the_name_in_the_address_book_wins_over_the_one_they_show(inbox):
    write(inbox, OLD, sender_name="anita ✨")
    sync(inbox, OLD, "Ana Pérez", user("AR.1"))
    assert (Person.objects.get().name, Identity.objects.filter(alias_of=None).get().display_name) == (
        "Ana Pérez",
        "anita ✨",
    )
    assert write(inbox, user("AR.1")).conversation.person.name == "Ana Pérez"
    change_person(person=Person.objects.get(), details={"name": "Ana (mamá de Leo)"}, actor=SYSTEM)
    sync(inbox, OLD, "Ana P.")
    assert Person.objects.get().name == "Ana (mamá de Leo)"


def test_who_is_in_the_address_book_has_a_name_before_they_write(inbox):
    sync(inbox, OLD, "Ana Pérez")
    assert write(inbox, OLD, sender_name="anita").conversation.person.name == "Ana Pérez"


def test_who_is_taken_out_of_it_stays(inbox):
    sync(inbox, OLD, "Ana Pérez")
    before = Person.objects.values().get(), LiveEvent.objects.count()
    assert sync(inbox, OLD, is_removed=True) is None
    assert sync(inbox, NEW, is_removed=True) is None
    assert (Person.objects.values().get(), LiveEvent.objects.count()) == before


# Marketing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1, 2, 0)])
def test_what_was_said_last_about_marketing_stands(order, inbox):
    person = write(inbox, OLD, user("AR.1")).conversation.person
    said = [
        partial(prefer, inbox, OLD, False, 0),
        partial(prefer, inbox, user("AR.1"), True, 1),
        partial(prefer, inbox, user("AR.1"), False, 2),
    ]
    for place in order:
        said[place]()
    assert {*marketing_stopped_of([person])[person.pk]} == {NOW + timedelta(minutes=2)}
    prefer(inbox, OLD, True, 3)
    assert marketing_stopped_of([person]) == {}


def test_who_never_wrote_may_want_no_marketing_all_the_same(inbox):
    identity = prefer(inbox, OLD, False, 0)
    assert list(marketing_stopped_of([identity.person])) == [identity.person_id]
