"""Types of this room."""

from typing import Self

import strawberry

from apps.organization.models import Branch
from graphql_api.ids import to_id


@strawberry.type(name="Branch", description="A place of the company.")
class BranchType:
    id: strawberry.ID
    name: str
    slug: str

    @classmethod
    def of(cls, row: Branch) -> Self:
        return cls(id=to_id("Branch", row.pk), name=row.name, slug=row.slug)
