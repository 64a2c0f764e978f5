"""The report of duplicates, and merging and separating people by hand."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.actors import SYSTEM, Role
from apps.people.actions.merge import merge_persons
from apps.people.models import DifferentPeople, Identity, Person, PersonMerge
from apps.people.queries import Ground, duplicates_for
from tests.factories import make_account, make_actor, make_branch, make_conversation, make_inbox, make_user

REPORT = "admin:people_person_duplicates"

type Look = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def inbox(db):
    return make_inbox()


@pytest.fixture
def browser(inbox) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(Role.SUPERVISOR, (inbox.branch,)))
    return client


def somebody(inbox, number, name="", **details):
    person = make_conversation(inbox, sender=f"54938755{number:05}", name=name).person
    for column, value in details.items():
        setattr(person, column, value)
    person.save()
    return person


def pairs(actor=SYSTEM):
    return {
        (ground.value, pair.first.pk, pair.second.pk)
        for ground in Ground
        for pair in duplicates_for(actor, ground, limit=50)
    }


def test_every_ground_finds_its_pair_and_nothing_else(inbox):
    ana, beto = somebody(inbox, 1, "Ana"), somebody(inbox, 2, "Beto", phone="387 15 550-0001")
    caro, dani = somebody(inbox, 3, "", email="C@example.org"), somebody(inbox, 4, "", email="c@EXAMPLE.org")
    eva, fede = somebody(inbox, 5, "", national_id="12.345.678"), somebody(inbox, 6, "", national_id="12345678")
    gabi = somebody(inbox, 7, "Gabriél Núñez")
    gabi_too = make_conversation(inbox, sender="5491155500007", name="gabriel nunez").person
    nico, olga = somebody(inbox, 8), somebody(inbox, 9)
    for person, name in ((nico, "nico.salta"), (olga, "Nico.Salta")):
        Identity.objects.filter(person=person).update(username=name)
    pia, rita = somebody(inbox, 10), somebody(inbox, 11)
    for person, account in ((pia, inbox.account), (rita, make_account())):
        Identity.objects.create(person=person, account=account, scope="bsuid", address="AR.77")
    assert pairs() == {
        ("phone", ana.pk, beto.pk),
        ("email", caro.pk, dani.pk),
        ("national_id", eva.pk, fede.pk),
        ("name", gabi.pk, gabi_too.pk),
        ("username", nico.pk, olga.pk),
        ("address", pia.pk, rita.pk),
    }


def test_what_many_share_tells_nothing(inbox):
    Person.objects.bulk_create([Person(name=f"P{number}", email="office@example.org") for number in range(21)])
    assert pairs() == set()
    Person.objects.filter(name="P0").delete()
    assert len(pairs()) == 50


def test_only_who_exists_for_the_reader_is_shown(inbox):
    elsewhere = make_inbox(branch=make_branch())
    for place, numbers in ((inbox, (1, 2)), (elsewhere, (3,))):
        for number in numbers:
            somebody(place, number, email="a@example.org")
    assert len(pairs()) == 3
    assert len(pairs(make_actor(Role.VIEWER, (inbox.branch,)))) == 1
    assert pairs(make_actor(Role.OPERATOR)) == set()


def test_different_people_are_remembered_also_when_one_is_merged(inbox, browser):
    first, second, third = (somebody(inbox, number, email="a@example.org") for number in (1, 2, 3))
    answer = browser.post(reverse(REPORT), {"kept": second.pk, "other": first.pk, "verb": "apart"})
    assert answer.status_code == 302
    assert pairs() == {("email", first.pk, third.pk), ("email", second.pk, third.pk)}
    merge_persons(kept=third, merged=second, reason=PersonMerge.Reason.BY_HAND, actor=SYSTEM)
    assert pairs() == set()


def test_the_report_shows_both_and_merges_the_way_it_is_told(inbox, browser):
    ana, beto = somebody(inbox, 1, "Ana", email="a@example.org"), somebody(inbox, 2, "Beto", email="a@example.org")
    page = browser.get(reverse(REPORT)).content.decode()
    assert "The same e-mail" in page
    assert re.findall(r'name="kept" value="(\d+)"', page) == [str(ana.pk), str(beto.pk)]
    assert re.findall(r'name="other" value="(\d+)"', page) == [str(beto.pk), str(ana.pk)]
    answer = browser.post(reverse(REPORT), {"kept": beto.pk, "other": ana.pk, "verb": "merge"}, follow=True)
    assert "Nobody seems to be here twice." in answer.content.decode()
    merge = PersonMerge.objects.get()
    assert (merge.kept, merge.merged, merge.reason) == (beto, ana, "reported")


def test_the_history_of_somebody_separates_again(inbox, browser):
    ana, beto = somebody(inbox, 1, "Ana"), somebody(inbox, 2, "Beto")
    merge = merge_persons(kept=ana, merged=beto, reason=PersonMerge.Reason.BY_HAND, actor=SYSTEM)
    history = reverse("admin:people_person_merges", args=[ana.pk])
    assert history in browser.get(reverse("admin:people_person_change", args=[ana.pk])).content.decode()
    assert browser.get(reverse("admin:people_person_change", args=[beto.pk])).status_code == 404
    assert "Beto" in browser.get(history).content.decode()
    answer = browser.post(history, {"merge": merge.pk}, follow=True)
    assert "Separated again" in answer.content.decode()
    assert set(Person.objects.filter(merged_into=None)) == {ana, beto}
    again = browser.post(history, {"merge": merge.pk}, follow=True)
    assert "This merge was undone already." in again.content.decode()


def test_chosen_people_are_merged_into_who_is_here_longest(inbox, browser):
    people = [somebody(inbox, number) for number in (1, 2, 3)]
    chosen = {"action": "merge_chosen", "_selected_action": [person.pk for person in people[::-1]]}
    browser.post(reverse("admin:people_person_changelist"), chosen)
    assert set(PersonMerge.objects.values_list("kept", "merged")) == {
        (people[0].pk, people[1].pk),
        (people[0].pk, people[2].pk),
    }


@pytest.mark.parametrize("role", Role)
def test_nobody_settles_what_is_not_theirs(role, inbox):
    ana = somebody(inbox, 1)
    stranger = somebody(make_inbox(branch=make_branch()), 2)
    client = Client()
    client.force_login(make_user(role, (inbox.branch,)))
    tried = [(ana.pk, 10**12), ("x", ana.pk), (ana.pk, "-1"), ("", "")]
    if role != Role.ADMINISTRATOR:
        tried += [(ana.pk, stranger.pk), (stranger.pk, ana.pk)]
        assert client.get(reverse("admin:people_person_merges", args=[stranger.pk])).status_code in {403, 404}
    for verb in ("merge", "apart"):
        for kept, merged in tried:
            answer = client.post(reverse(REPORT), {"kept": kept, "other": merged, "verb": verb})
            assert answer.status_code in {403, 404}, (verb, kept, merged)
    assert (PersonMerge.objects.count(), DifferentPeople.objects.count()) == (0, 0)
