"""The doors of this room."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet

from apps.core.actors import Actor, Scope
from apps.courses.models import Course, CourseEdition

OFFERED = (CourseEdition.State.PLANNED, CourseEdition.State.OPEN, CourseEdition.State.FULL)
"""The states of what may be told to somebody who asks what comes next; whether a seat is free is told with it."""


def courses_for(actor: Actor) -> QuerySet[Course]:
    """Return the courses that exist for `actor`; the offer is the same for everybody who works here."""
    courses = Course.objects.all()
    return courses if actor.can(Scope.COURSES_READ) else courses.none()


def editions_for(actor: Actor) -> QuerySet[CourseEdition]:
    """Return the editions that exist for `actor`."""
    editions = CourseEdition.objects.all()
    return editions if actor.can(Scope.COURSES_READ) else editions.none()


def offered_editions(actor: Actor) -> QuerySet[CourseEdition]:
    """Return what comes next of every course that is offered, the nearest first."""
    editions = editions_for(actor).filter(state__in=OFFERED, course__is_active=True, branch__is_active=True)
    return editions.select_related("course", "branch").order_by("estimated_date", "course__name", "id")


def editions_of(courses: Collection[Course], *, states: Collection[str]) -> dict[int, list[CourseEdition]]:
    """Return the editions of these courses in these states, the nearest first, by the key of the course."""
    found: dict[int, list[CourseEdition]] = defaultdict(list)
    rows = CourseEdition.objects.filter(course__in=[course.pk for course in courses], state__in=states)
    for row in rows.select_related("branch").order_by("estimated_date", "id"):
        found[row.course_id].append(row)
    return found


def after_course(courses: QuerySet[Course], pk: int) -> QuerySet[Course]:
    """Return the courses that follow this one by name; none when it is gone."""
    return courses.filter(name__gt=Course.objects.filter(pk=pk).values("name"))
