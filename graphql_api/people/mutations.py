"""Mutations of this room."""

from typing import Annotated

import strawberry
from strawberry_django.fields.types import OperationInfo

from apps.core.actors import Actor, Scope
from apps.people.actions.merge import merge_persons, unmerge_persons
from apps.people.models import PersonMerge
from apps.people.queries import get_person, merges_for
from graphql_api.context import Context, Info
from graphql_api.errors import tells_problems
from graphql_api.ids import pk_of
from graphql_api.people.types import PersonType

PersonPayload = Annotated[PersonType | OperationInfo, strawberry.union("PersonPayload")]


@strawberry.input
class MergePersonsInput:
    kept_id: strawberry.ID = strawberry.field(description="Who stays.")
    merged_id: strawberry.ID = strawberry.field(description="Who turned out to be the same.")


@strawberry.input
class UnmergePersonsInput:
    kept_id: strawberry.ID
    merged_id: strawberry.ID = strawberry.field(description="Who is to be a person of their own again.")


@strawberry.type
class PersonMutation:
    @strawberry.mutation(
        description="Make one person of two, with everything they have; answers who stays. It can be undone. "
        "Needs people:write."
    )
    @tells_problems
    def merge_persons(self, info: Info, input: MergePersonsInput) -> PersonPayload:  # noqa: A002 – its name
        actor = _writer(info.context)
        kept = get_person(actor, pk_of(input.kept_id, "Person", field="keptId"))
        merged = get_person(actor, pk_of(input.merged_id, "Person", field="mergedId"))
        merge_persons(kept=kept, merged=merged, reason=PersonMerge.Reason.BY_HAND, actor=actor)
        return PersonType.of(get_person(actor, kept.pk), actor)

    @strawberry.mutation(
        description="Undo a merge; answers who is there again. What changed since stays with who stays. "
        "Needs people:write."
    )
    @tells_problems
    def unmerge_persons(self, info: Info, input: UnmergePersonsInput) -> PersonPayload:  # noqa: A002 – its name
        actor = _writer(info.context)
        kept = pk_of(input.kept_id, "Person", field="keptId")
        merged = pk_of(input.merged_id, "Person", field="mergedId")
        merge = merges_for(actor).filter(kept=kept, merged=merged).latest("pk")
        return PersonType.of(unmerge_persons(merge=merge, actor=actor), actor)


def _writer(context: Context) -> Actor:
    """Return who asks. The rights are asked first: without them nobody exists and nobody is missing."""
    context.require(Scope.PEOPLE_READ)
    context.require(Scope.PEOPLE_WRITE)
    return context.actor
