"""Queries of this room."""

import strawberry
from django.db.models import FETCH_PEERS

from apps.core.actors import Scope
from apps.courses.queries import after_course, courses_for
from graphql_api.context import Info
from graphql_api.courses.types import CourseType
from graphql_api.ids import pk_of
from graphql_api.paging import page_size

COURSES = 20


@strawberry.type
class CourseQuery:
    @strawberry.field(description="The offer, by name; `after` is the id of the last one you have. Needs courses:read.")
    def courses(
        self,
        info: Info,
        is_active: bool | None = True,
        first: int | None = COURSES,
        after: strawberry.ID | None = None,
    ) -> list[CourseType]:
        info.context.require(Scope.COURSES_READ)
        rows = courses_for(info.context.actor).order_by("name").fetch_mode(FETCH_PEERS)
        if is_active is not None:
            rows = rows.filter(is_active=is_active)
        if after is not None:
            rows = after_course(rows, pk_of(after, "Course", field="after"))
        return [CourseType.of(row) for row in rows[: page_size(first, COURSES)]]

    @strawberry.field(description="One course; null when there is none for you. Needs courses:read.")
    def course(self, info: Info, id: strawberry.ID) -> CourseType | None:  # noqa: A002 – its name
        info.context.require(Scope.COURSES_READ)
        row = courses_for(info.context.actor).filter(pk=pk_of(id, "Course")).first()
        return None if row is None else CourseType.of(row)
