"""Types of this room."""

from datetime import date, time
from typing import Self

import strawberry

from apps.courses.models import Course, CourseEdition, Weekday
from apps.courses.queries import OFFERED, editions_of
from graphql_api.batches import batched
from graphql_api.ids import to_id
from graphql_api.organization.types import BranchType

strawberry.enum(Course.Modality, name="CourseModality", description="Where a course is given.")
strawberry.enum(CourseEdition.State, name="CourseEditionState", description="OPEN: one can enrol.")
strawberry.enum(Weekday, name="Weekday", description="A day of the week.")


@strawberry.type(name="CourseEdition", description="A course at a branch, with its days, times, ages and seats.")
class CourseEditionType:
    row: strawberry.Private[CourseEdition]
    id: strawberry.ID
    state: CourseEdition.State
    estimated_date: date | None = strawberry.field(description="When it begins, as far as anybody knows.")
    days: list[Weekday]
    starts_at: time | None
    ends_at: time | None
    min_age: int | None
    max_age: int | None
    seats: int | None = strawberry.field(description="How many are free; null: nobody counts.")
    notes: str

    @classmethod
    def of(cls, row: CourseEdition) -> Self:
        return cls(
            row=row,
            id=to_id("CourseEdition", row.pk),
            state=CourseEdition.State(row.state),
            estimated_date=row.estimated_date,
            days=[Weekday(day) for day in row.days],
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            min_age=row.min_age,
            max_age=row.max_age,
            seats=row.seats,
            notes=row.notes,
        )

    @strawberry.field
    def branch(self) -> BranchType:
        return BranchType.of(self.row.branch)


@strawberry.type(name="Course", description="Something that is taught, whenever and wherever that is.")
class CourseType:
    row: strawberry.Private[Course]
    id: strawberry.ID
    name: str
    modality: Course.Modality
    duration: str
    information: str
    price_scheme: str
    is_active: bool = strawberry.field(description="It is offered.")

    @classmethod
    def of(cls, row: Course) -> Self:
        return cls(
            row=row,
            id=to_id("Course", row.pk),
            name=row.name,
            modality=Course.Modality(row.modality),
            duration=row.duration,
            information=row.information,
            price_scheme=row.price_scheme,
            is_active=row.is_active,
        )

    @strawberry.field(
        description="The nearest first: those to come (PLANNED, OPEN, FULL), or those in the states that are asked for."
    )
    def editions(self, states: list[CourseEdition.State] | None = None) -> list[CourseEditionType]:
        wanted = OFFERED if states is None else tuple(sorted(set(states)))
        found = batched(self.row, ("editions", wanted), lambda courses: editions_of(courses, states=wanted))
        return [CourseEditionType.of(row) for row in found]
