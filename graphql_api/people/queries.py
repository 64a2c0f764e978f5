"""Queries of this room."""

import strawberry

from apps.core.actors import Scope
from apps.people.queries import people_for
from graphql_api.context import Info
from graphql_api.ids import pk_of
from graphql_api.people.types import PersonType


@strawberry.type
class PersonQuery:
    @strawberry.field(description="One person; null when there is none for you. Needs people:read.")
    def person(self, info: Info, id: strawberry.ID) -> PersonType | None:  # noqa: A002 – the argument's name
        context = info.context
        context.require(Scope.PEOPLE_READ)
        row = people_for(context.actor).filter(pk=pk_of(id, "Person")).first()
        return None if row is None else PersonType.of(row, context.actor)
