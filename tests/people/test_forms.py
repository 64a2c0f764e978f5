"""Whichever way a number is written, it is the same person."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.people.models import Identity, Person, canonical_number
from tests.factories import make_account, make_inbox
from tests.people.telling import phone, write

BRAZIL = ["11", "21", "32", "47", "51", "61", "71", "85", "91", "98"]
AREAS = {"11": 8, "387": 7, "351": 7, "2901": 6, "3868": 6}


@st.composite
def argentine(draw):
    area = draw(st.sampled_from(sorted(AREAS)))
    first = draw(st.sampled_from("456"))
    return area, first + draw(st.text("0123456789", min_size=AREAS[area] - 1, max_size=AREAS[area] - 1))


@given(argentine())
def test_argentine_forms_are_one(number):
    area, local = number
    forms = [f"549{area}{local}", f"54{area}{local}", f"54{area}15{local}", f"549{area}15{local}", f"540{area}{local}"]
    assert {canonical_number(form) for form in forms} == {f"54{area}{local}"}
    typed = [f"+54 9 {area} {local}", f"0{area} 15 {local}", f"{area} {local}", f"({area}) {local}"]
    assert {canonical_number(form, region="AR") for form in typed} == {f"54{area}{local}"}


@given(st.sampled_from(["55", "33", "81", "664"]), st.text("23456789", min_size=8, max_size=8))
def test_mexican_forms_are_one(area, rest):
    national = (area + rest)[:10]
    forms = [f"521{national}", f"52{national}", f"52044{national}", f"52045{national}", f"5201{national}"]
    assert {canonical_number(form) for form in forms} == {f"52{national}"}


@given(st.sampled_from(BRAZIL), st.sampled_from("6789"), st.text("0123456789", min_size=7, max_size=7))
def test_brazilian_mobiles_have_their_ninth_digit(area, first, rest):
    assert {canonical_number(f"55{area}{first}{rest}"), canonical_number(f"55{area}9{first}{rest}")} == {
        f"55{area}9{first}{rest}"
    }


@given(st.sampled_from(BRAZIL), st.sampled_from("2345"), st.text("0123456789", min_size=7, max_size=7))
def test_a_brazilian_landline_is_no_mobile(area, first, rest):
    assert canonical_number(f"55{area}{first}{rest}") == f"55{area}{first}{rest}"
    assert canonical_number(f"55{area}9{first}{rest}") == f"55{area}9{first}{rest}"


@given(st.text("0123456789", min_size=1, max_size=20))
@example("310000000")
@settings(max_examples=300)
def test_a_canonical_form_is_its_own(number):
    assert canonical_number(canonical_number(number)) == canonical_number(number)


@pytest.mark.parametrize(
    ("_case", "number", "form"),
    [
        ("Italy keeps its zero", "390612345678", "390612345678"),
        ("Germany", "4915112345678", "4915112345678"),
        ("the United States", "13055550123", "13055550123"),
        ("too short to be anything", "12345", "12345"),
        ("a zero", "0", "0"),
        ("no digit", "abc", "abc"),
        ("nothing", "", ""),
    ],
)
def test_others_stay_as_they_are(_case, number, form):
    assert canonical_number(number) == form


@pytest.mark.parametrize(
    "forms",
    [
        ("5493875550101", "543875550101", "54387155550101"),
        ("5215555550101", "525555550101"),
        ("551187650101", "5511987650101"),
    ],
)
def test_all_forms_are_one_person_and_one_chat_and_each_is_kept_as_it_came(forms, inbox):
    chats = {write(inbox, phone(form)).conversation_id for form in (*forms, *forms)}
    assert (len(chats), Person.objects.count()) == (1, 1)
    rows = list(Identity.objects.order_by("pk"))
    assert [row.address for row in rows] == list(forms)
    assert {row.canonical for row in rows} == {canonical_number(forms[0])}
    assert [row.alias_of_id for row in rows] == [None, *[rows[0].pk] * (len(forms) - 1)]


def test_a_number_known_at_another_account_is_the_same_person_with_an_identity_of_its_own(inbox):
    write(inbox, phone("5493875550101"), sender_name="Ana")
    write(make_inbox(make_account()), phone("543875550101"), sender_name="Ani")
    first, second = Identity.objects.order_by("pk")
    assert (first.person_id, first.alias_of_id, second.alias_of_id) == (second.person_id, None, None)
    assert Person.objects.get().name == "Ana"
