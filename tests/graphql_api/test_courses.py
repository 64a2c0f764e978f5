"""The offer as other applications see it."""

from collections.abc import Callable
from datetime import date, time

from pytest_django import DjangoAssertNumQueries

from apps.core.actors import EVERY_SCOPE, Role, Scope
from graphql_api.ids import to_id
from tests.factories import make_course, make_edition
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import COURSES, ME

type MakeApplication = Callable[..., Application]


def test_the_offer_names_courses_and_what_comes_next_of_them(house: House, application: MakeApplication):
    course = make_course(
        "Robótica", modality="online", duration="8 clases", information="Con placas", price_scheme="3 cuotas"
    )
    later = make_edition(course, house.elsewhere, estimated_date=date(2026, 9, 1))
    edition = make_edition(
        course,
        house.here,
        days=[1, 3],
        starts_at=time(18),
        ends_at=time(20, 30),
        min_age=9,
        max_age=13,
        seats=4,
        estimated_date=date(2026, 8, 3),
        notes="Traer computadora",
    )
    make_edition(course, house.here, state="finished")
    make_course("Vieja", is_active=False)

    (told,) = application(Role.VIEWER).ask(COURSES)["courses"]

    editions = told.pop("editions")
    assert told == {
        "id": to_id("Course", course.pk),
        "name": "Robótica",
        "modality": "ONLINE",
        "duration": "8 clases",
        "information": "Con placas",
        "priceScheme": "3 cuotas",
    }
    assert [one["id"] for one in editions] == [to_id("CourseEdition", one.pk) for one in (edition, later)]
    assert editions[0] == {
        "id": to_id("CourseEdition", edition.pk),
        "state": "OPEN",
        "estimatedDate": "2026-08-03",
        "days": ["MONDAY", "WEDNESDAY"],
        "startsAt": "18:00:00",
        "endsAt": "20:30:00",
        "minAge": 9,
        "maxAge": 13,
        "seats": 4,
        "notes": "Traer computadora",
        "branch": {"name": "Here"},
    }


def test_other_states_and_former_courses_are_there_for_whoever_asks(house: House, application: MakeApplication):
    course = make_course("Vieja", is_active=False)
    finished = make_edition(course, house.here, state="finished")
    make_edition(course, house.here)
    document = "{ courses(isActive: null) { name editions(states: [FINISHED]) { id } } }"

    assert application().ask(document)["courses"] == [
        {"name": "Vieja", "editions": [{"id": to_id("CourseEdition", finished.pk)}]}
    ]


def test_pages_follow_each_other_by_name(house: House, application: MakeApplication):
    for name in ("Delfines", "Ábaco", "Cine", "Baile"):
        make_course(name)
    reader, seen, after = application(), [], None
    while page := reader.ask(COURSES, first=3, after=after)["courses"]:
        seen += [course["name"] for course in page]
        after = page[-1]["id"]

    assert sorted(seen) == sorted({"Delfines", "Ábaco", "Cine", "Baile"})
    assert reader.ask(COURSES, first=20)["courses"][0]["name"] == seen[0]
    assert reader.ask(COURSES, after=to_id("Course", 10**9))["courses"] == []


def test_a_page_costs_one_query_for_all_editions(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries
):
    for _number in range(6):
        course = make_course()
        make_edition(course, house.here)
        make_edition(course, house.elsewhere)
    reader = application()
    reader.ask(ME)

    with django_assert_num_queries(4):  # token, branches, courses, editions
        assert len(reader.ask(COURSES)["courses"]) == 6


def test_one_course_by_its_id(house: House, application: MakeApplication):
    course = make_course("Cine")
    document = "query ($id: ID!) { course(id: $id) { name } }"
    reader = application()

    assert reader.ask(document, id=to_id("Course", course.pk))["course"] == {"name": "Cine"}
    assert reader.ask(document, id=to_id("Course", 10**9))["course"] is None


def test_the_offer_needs_its_scope(house: House, application: MakeApplication):
    make_course()
    others = sorted(EVERY_SCOPE - {Scope.COURSES_READ})

    assert application(Role.ADMINISTRATOR, *others).code(COURSES) == "PERMISSION"
    assert len(application(Role.VIEWER, Scope.COURSES_READ).ask(COURSES)["courses"]) == 1
