"""Two people turn out to be one, and one to be two."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from apps.conversations.actions.join import follow_identities
from apps.conversations.actions.marks import close
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import ChatFilter, chat_list, get_conversation
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from apps.people.actions.identities import best_address
from apps.people.actions.merge import merge_persons, tell_apart, unmerge_persons
from apps.people.actions.people import change_person
from apps.people.models import DifferentPeople, Identity, Person, PersonMerge, PersonTag, Tag
from apps.people.queries import identities_of, people_for
from tests.factories import make_account, make_actor, make_branch, make_inbox
from tests.people.telling import NOW, phone, user, write

BY_HAND = PersonMerge.Reason.BY_HAND


def snapshot():
    """Everything a merge may touch, but for its own history and what is never put back."""
    return {
        "people": list(
            Person.objects.order_by("pk").values("pk", "merged_into", "name", "email", "phone", "phone_key")
        ),
        "identities": list(Identity.objects.order_by("pk").values("pk", "person", "alias_of", "reached_by")),
        "tags": list(PersonTag.objects.order_by("pk").values("pk", "person", "tag")),
        "conversations": list(
            Conversation.objects.order_by("pk").values(
                "pk", "person", "identity", "came_from", "joined_to", "closed_at", "last_message", "unread_count"
            )
        ),
        "messages": list(Message.objects.order_by("pk").values("pk", "conversation")),
    }


def settle():
    follow_identities(actor=SYSTEM)
    assert not Identity.objects.filter(is_unsettled=True).exists()


def merge(kept, merged, actor=SYSTEM):
    row = merge_persons(kept=kept, merged=merged, reason=BY_HAND, actor=actor)
    settle()
    return row


def unmerge(row, actor=SYSTEM):
    person = unmerge_persons(merge=row, actor=actor)
    settle()
    return person


@pytest.fixture
def ana(inbox):
    return write(inbox, phone("5493875550101"), sender_name="Ana").conversation.person


@pytest.fixture
def hidden_ana(inbox):
    """Ana again, by an id that shows no number."""
    return write(
        inbox, user("AR.1"), text="Soy yo", at=NOW + timedelta(minutes=1), sender_name="Ana P"
    ).conversation.person


@pytest.fixture
def beto(inbox):
    return write(inbox, phone("5493875550202"), sender_name="Beto", at=NOW + timedelta(minutes=2)).conversation.person


def test_all_that_was_theirs_is_the_kept_ones(ana, beto):
    tags = [Tag.objects.create(name=name, slug=name) for name in ("a", "b", "c")]
    PersonTag.objects.bulk_create([PersonTag(person=ana, tag=tags[0]), PersonTag(person=ana, tag=tags[1])])
    PersonTag.objects.bulk_create([PersonTag(person=beto, tag=tags[1]), PersonTag(person=beto, tag=tags[2])])
    change_person(person=beto, details={"email": "b@example.org", "birthday": date(1990, 5, 1)}, actor=SYSTEM)
    before = snapshot()
    row = merge(ana, beto)
    assert list(people_for(SYSTEM)) == [ana]
    assert [identity.address for identity in identities_of(SYSTEM, [ana])[ana.pk]] == ["5493875550101", "5493875550202"]
    assert list(ana.tags.values_list("name", flat=True)) == ["a", "b", "c"]
    ana.refresh_from_db()
    assert (ana.name, ana.email, ana.birthday, ana.phone) == (
        "Ana",
        "b@example.org",
        date(1990, 5, 1),
        "+5493875550101",
    )
    # two numbers stay two threads: each is answered at its own
    assert {chat.person_id for chat in chat_list(SYSTEM, ChatFilter())} == {ana.pk}
    assert Conversation.objects.filter(joined_to=None).count() == 2
    assert unmerge(row) == beto
    assert snapshot() == before
    row.refresh_from_db()
    assert (row.undone_at is not None, DifferentPeople.objects.count()) == (True, 1)


def test_screens_hear_of_both(ana, beto):
    LiveEvent.objects.all().delete()
    row = merge(ana, beto)
    merged = list(LiveEvent.objects.order_by("pk").values_list("kind", "person_id"))
    unmerge(row)
    assert merged == [("person_changed", ana.pk), ("person_changed", beto.pk)]
    assert list(LiveEvent.objects.order_by("pk").values_list("kind", "person_id"))[2:] == merged


def test_what_changed_since_stays_where_it_is(ana, beto):
    tag = Tag.objects.create(name="a", slug="a")
    put = PersonTag.objects.create(person=beto, tag=tag)
    change_person(person=beto, details={"email": "b@example.org", "region": "Salta"}, actor=SYSTEM)
    row = merge(ana, beto)
    ana.refresh_from_db()
    change_person(person=ana, details={"email": "ana@example.org"}, actor=SYSTEM)
    put.delete()
    PersonTag.objects.create(person=ana, tag=tag)
    unmerge(row)
    ana.refresh_from_db()
    assert (ana.email, ana.region) == ("ana@example.org", "")
    assert (list(ana.tags.all()), list(beto.tags.all())) == ([tag], [])


def test_a_number_and_an_id_without_one_become_one_thread_in_order_and_two_again(ana, hidden_ana, inbox):
    first, second = Conversation.objects.order_by("pk")
    write(inbox, phone("5493875550101"), text="Otra", at=NOW + timedelta(minutes=5))
    before = snapshot()
    row = merge(ana, hidden_ana)
    (chat,) = chat_list(SYSTEM, ChatFilter(is_open=None))
    assert list(chat.messages.values_list("text", flat=True)) == ["Hola", "Soy yo", "Otra"]
    assert (chat, chat.unread_count, chat.last_message_text) == (first, 3, "Otra")
    assert get_conversation(SYSTEM, second.pk) == first
    later = write(inbox, user("AR.1"), text="Nueva", at=NOW + timedelta(minutes=6))
    assert later.conversation_id == first.pk
    assert best_address(later.conversation.identity) == phone("5493875550101")
    Message.objects.filter(pk=later.pk).delete()
    Conversation.objects.filter(pk=first.pk).update(unread_count=3)
    unmerge(row)
    after = snapshot()
    first.refresh_from_db()
    after["conversations"][0]["last_message"] = before["conversations"][0]["last_message"]
    assert after == before


def test_an_answer_goes_to_the_number_even_if_the_kept_one_had_none(ana, hidden_ana):
    merge(hidden_ana, ana)
    main = Identity.objects.get(alias_of=None)
    assert (main.address, best_address(main)) == ("AR.1", phone("5493875550101"))


def test_the_thread_is_found_by_every_address(ana, hidden_ana):
    merge(ana, hidden_ana)
    (chat,) = chat_list(SYSTEM, ChatFilter())
    for words in ("AR.1", "387 555-0101", "Ana"):
        assert list(chat_list(SYSTEM, ChatFilter(text=words))) == [chat]


def test_only_one_open_chat_takes_the_closed_ones_with_it(ana, hidden_ana, inbox):
    mine, theirs = Conversation.objects.order_by("pk")
    close(conversation=mine, actor=SYSTEM)
    row = merge(ana, hidden_ana)
    theirs.refresh_from_db()
    assert (theirs.identity.address, theirs.closed_at) == ("5493875550101", None)
    assert theirs.came_from == Identity.objects.get(address="AR.1")
    unmerge(row)
    theirs.refresh_from_db()
    assert Conversation.objects.get(pk=theirs.pk, identity__address="AR.1").came_from_id is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_chains_are_undone_in_any_order(order, ana, hidden_ana, beto):
    before = snapshot()
    rows = [merge(ana, hidden_ana), merge(beto, ana)]
    assert set(people_for(SYSTEM)) == {beto}
    for place in order:
        unmerge(rows[place])
    assert snapshot() == before


def test_merged_and_separated_again_and_again(ana, hidden_ana):
    before = snapshot()
    for kept, merged in ((ana, hidden_ana), (hidden_ana, ana), (ana, hidden_ana)):
        unmerge(merge(kept, merged))
        assert snapshot() == before
    assert PersonMerge.objects.filter(undone_at__isnull=False).count() == 3


def test_addresses_found_since_go_with_the_one_they_belong_to(ana, hidden_ana, inbox):
    row = merge(hidden_ana, ana)
    write(inbox, phone("543875550101"))  # another form of ana's number
    unmerge(row)
    assert {(i.address, i.person_id, i.alias_of_id is None) for i in Identity.objects.all()} == {
        ("5493875550101", ana.pk, True),
        ("AR.1", hidden_ana.pk, True),
        ("543875550101", ana.pk, False),
    }


def test_what_cannot_be_merged(ana, beto):
    def refusal_of(verb, *rows):
        before = snapshot()
        with pytest.raises(ValidationError) as refusal:
            verb(*rows)
        assert snapshot() == before
        return refusal.value.code

    assert refusal_of(merge, ana, ana) == "same_person"
    row = merge(ana, beto)
    assert refusal_of(merge, ana, beto) == "merged_already"
    assert refusal_of(merge, beto, ana) == "merged_already"
    unmerge(row)
    assert refusal_of(unmerge, row) == "undone_already"


def test_only_for_who_may_and_sees_both(ana, beto, inbox):
    elsewhere = make_inbox(branch=make_branch())
    stranger = write(elsewhere, phone("5493875550303")).conversation.person
    here, viewer = make_actor(Role.OPERATOR, (inbox.branch,)), make_actor(Role.VIEWER, (inbox.branch,))
    before = snapshot()
    for actor, kept, merged in ((viewer, ana, beto), (here, ana, stranger), (here, stranger, ana)):
        with pytest.raises(PermissionDenied):
            merge_persons(kept=kept, merged=merged, reason=BY_HAND, actor=actor)
    assert snapshot() == before
    row = merge(ana, beto, actor=here)
    assert row.user_id == here.user_id
    there = make_actor(Role.OPERATOR, (elsewhere.branch,))
    with pytest.raises(PermissionDenied):
        unmerge_persons(merge=row, actor=there)
    unmerge(row, actor=here)
    assert snapshot() == before


# What a provider proves ----------------------------------------------------------------------


def test_a_number_and_an_id_in_one_contact_are_one_person_by_proof(ana, hidden_ana, inbox):
    chat = write(inbox, user("AR.1"), phone("5493875550101"), text="Los dos").conversation
    settle()
    assert list(people_for(SYSTEM)) == [ana]
    row = PersonMerge.objects.get()
    assert (row.kept, row.merged, row.reason, row.user) == (ana, hidden_ana, "proved", None)
    chat = get_conversation(SYSTEM, chat.pk)
    assert list(chat.messages.values_list("text", flat=True)) == ["Hola", "Los dos", "Soy yo"]
    assert chat_list(SYSTEM, ChatFilter(is_open=None)).get() == chat


def test_who_was_told_apart_is_not_joined_by_a_proof(ana, hidden_ana, inbox):
    unmerge(merge(ana, hidden_ana))
    chat = write(inbox, phone("5493875550101"), user("AR.1"), user("AR.new")).conversation
    assert (chat.person, set(people_for(SYSTEM))) == (ana, {ana, hidden_ana})
    assert best_address(chat.identity) == phone("5493875550101")
    assert not Identity.objects.filter(address="AR.new").exists()


def test_what_was_said_of_somebody_holds_for_whom_they_were_merged_into(ana, hidden_ana, beto, inbox):
    tell_apart(first=ana, second=hidden_ana, actor=SYSTEM)
    merge(beto, ana)
    write(inbox, phone("5493875550202"), user("AR.1"))
    assert set(people_for(SYSTEM)) == {beto, hidden_ana}


def test_a_number_that_comes_to_light_joins_the_person_of_another_account(inbox):
    elsewhere = write(make_inbox(make_account()), phone("5493875550101")).conversation.person
    here = write(inbox, user("AR.1")).conversation.person
    write(inbox, user("AR.1"), phone("5493875550101"))
    assert list(people_for(SYSTEM)) in ([elsewhere], [here])
    assert Identity.objects.filter(alias_of=None).count() == 2
