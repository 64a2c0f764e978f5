"""What is taught, in the admin: who writes what, what cannot be, and in which words."""

import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.translation import override

from apps.core.actors import Role
from apps.courses.actions import save_course, save_edition
from apps.courses.admin import ages_in_words, days_in_words, hours_in_words
from apps.courses.models import Course, CourseEdition
from apps.organization.models import Branch
from tests.admin.conftest import Enter, send, words_of
from tests.admin.house import House, fingerprint
from tests.factories import make_actor

COURSES = "/admin/courses/course/"
EDITIONS = "/admin/courses/courseedition/"


def told(built: House, **changes: Any) -> dict[str, Any]:
    """Return the form of an edition as a browser would send it."""
    return {
        "course": built.own[Course].pk,
        "branch": built.own[Branch].pk,
        "state": "open",
        "estimated_date": "08/12/2026",
        "days": ["4", "2"],
        "starts_at": "18:00",
        "ends_at": "19:30",
        "min_age": "6",
        "max_age": "8",
        "seats": "5",
        "notes": "",
        **changes,
    }


@pytest.mark.parametrize(
    ("days", "words"),
    [([], ""), ([2], "mar"), ([4, 2], "mar y jue"), ([5, 1, 3], "lun, mié y vie"), ([6, 7], "sáb y dom")],
)
def test_days_are_said_as_people_say_them(days: list[int], words: str) -> None:
    with override("es-ar"):
        assert days_in_words(days) == words


@pytest.mark.parametrize(
    ("columns", "hours", "ages"),
    [
        ({}, "", ""),
        ({"starts_at": datetime.time(18), "ends_at": datetime.time(19, 30)}, "18:00–19:30", ""),
        ({"starts_at": datetime.time(9), "min_age": 6, "max_age": 8}, "09:00", "6–8"),
        ({"min_age": 13}, "", "desde 13"),
        ({"max_age": 5}, "", "hasta 5"),
        ({"min_age": 7, "max_age": 7}, "", "7"),
    ],
)
def test_hours_and_ages_say_what_is_known(columns: dict[str, Any], hours: str, ages: str) -> None:
    with override("es-ar"):
        edition = CourseEdition(**columns)
        assert (hours_in_words(edition), ages_in_words(edition)) == (hours, ages)


def test_an_edition_is_entered_and_listed(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    CourseEdition.objects.all().delete()
    assert send(client, f"{EDITIONS}add/", told(built)).status_code == 302
    edition = CourseEdition.objects.get()
    assert (edition.days, edition.estimated_date) == ([2, 4], datetime.date(2026, 12, 8))
    assert (edition.starts_at, edition.ends_at) == (datetime.time(18), datetime.time(19, 30))
    page = words_of(client.get(EDITIONS).content.decode())
    for words in ("Robótica Kids", "Centro", "Inscripción abierta", "8 Dic. 2026", "mar y jue", "18:00–19:30", "6–8"):
        assert words in page, words
    page = words_of(client.get(f"{COURSES}{edition.course_id}/change/").content.decode())
    assert "mar y jue" in page
    assert "(&#x27;" not in page


def test_a_course_is_entered_and_changed(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    fields = {"name": "Python Teens", "modality": "online", "duration": "4 meses", "is_active": "on"}
    assert send(client, f"{COURSES}add/", fields).status_code == 302
    course = Course.objects.get(name="Python Teens")
    assert send(client, f"{COURSES}{course.pk}/change/", {**fields, "duration": "5 meses"}).status_code == 302
    course.refresh_from_db()
    assert (course.modality, course.duration, course.is_active) == ("online", "5 meses", True)
    assert "Curso con este" in words_of(send(client, f"{COURSES}add/", fields).content.decode())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_at": "17:00"}, "Tiene que terminar después de empezar."),
        ({"starts_at": ""}, "Tiene un fin pero no un comienzo."),
        ({"max_age": "5"}, "La edad máxima es menor que la mínima."),
        ({"max_age": "150"}, "Nadie tiene esa edad."),
        ({"seats": "-1"}, "mayor o igual a 0"),
        ({"seats": "0"}, "Sin lugares libres está completa."),
        ({"days": ["8"]}, "8 no es una de las opciones"),
        ({"estimated_date": "31/02/2026"}, "fecha válida"),
        ({"starts_at": "25:00"}, "valor de hora válido"),
        ({"course": "999999"}, "opción válida"),
    ],
)
def test_what_cannot_be_is_said_and_not_written(
    changes: dict[str, Any], words: str, built: House, enter: Enter
) -> None:
    client = enter("supervisor")
    before = fingerprint()
    page = send(client, f"{EDITIONS}add/", told(built, **changes))
    assert page.status_code == 200
    assert words in words_of(page.content.decode())
    assert fingerprint() == before


def test_a_branch_writes_its_own_editions_only(built: House, enter: Enter) -> None:
    client, foreign = enter("supervisor"), built.foreign[CourseEdition]
    before = fingerprint()
    page = client.get(f"{EDITIONS}{foreign.pk}/change/")
    assert page.status_code == 200
    assert "Norte" in page.content.decode()
    assert client.post(f"{EDITIONS}{foreign.pk}/change/", told(built)).status_code == 403
    assert send(client, f"{EDITIONS}add/", told(built, branch=built.foreign[Branch].pk)).status_code == 200
    chosen = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
    assert client.post(EDITIONS, chosen).status_code == 403
    assert fingerprint() == before


def test_an_edition_is_not_taken_from_another_branch(built: House) -> None:
    actor = make_actor(Role.SUPERVISOR, (built.own[Branch],))
    taken = CourseEdition.objects.get(pk=built.foreign[CourseEdition].pk)
    taken.branch = built.own[Branch]
    for write in (
        lambda: save_edition(edition=taken, actor=actor),
        lambda: save_edition(edition=built.own[CourseEdition], actor=make_actor(Role.OPERATOR, (built.own[Branch],))),
        lambda: save_course(course=built.own[Course], actor=make_actor(Role.OPERATOR, (built.own[Branch],))),
    ):
        with pytest.raises(PermissionDenied):
            write()
    taken.refresh_from_db()
    assert taken.branch == built.foreign[Branch]


def test_editions_are_narrowed_by_branch_course_state_and_date(built: House, enter: Enter) -> None:
    own, foreign = built.own[CourseEdition], built.foreign[CourseEdition]
    CourseEdition.objects.filter(pk=foreign.pk).update(state="full", estimated_date="2027-03-01")
    client = enter("supervisor")
    for asked, found in {
        "": {own, foreign},
        f"branch={foreign.branch_id}": {foreign},
        "branch=999999": {own, foreign},
        f"course__id__exact={own.course_id}": {own, foreign},
        "state__exact=open": {own},
        "estimated_date__gte=2027-01-01": {foreign},
        "q=kids": {own, foreign},
    }.items():
        assert set(client.get(f"{EDITIONS}?{asked}").context["cl"].result_list) == found, asked
