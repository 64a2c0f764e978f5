"""Types of this room."""

from datetime import datetime
from typing import Self

import strawberry

from apps.accounts.models import ApiToken, User
from apps.core.actors import Role
from apps.organization.queries import branches_for
from graphql_api.context import Info
from graphql_api.ids import to_id
from graphql_api.organization.types import BranchType

strawberry.enum(Role, name="Role", description="What a user is in the house.")


@strawberry.type(name="User", description="Somebody who works here.")
class UserType:
    id: strawberry.ID
    name: str

    @classmethod
    def of(cls, row: User) -> Self:
        return cls(id=to_id("User", row.pk), name=str(row))

    @classmethod
    def maybe(cls, row: User | None) -> Self | None:
        return None if row is None else cls.of(row)


@strawberry.type(description="The user and the token that ask.")
class Me:
    id: strawberry.ID
    name: str
    role: Role
    token_name: str
    token_expires_at: datetime | None
    scopes: list[str] = strawberry.field(description="What role and token together allow.")

    @classmethod
    def of(cls, token: ApiToken, scopes: list[str]) -> Self:
        return cls(
            id=to_id("User", token.user_id),
            name=str(token.user),
            role=Role(token.user.role),
            token_name=token.name,
            token_expires_at=token.expires_at,
            scopes=scopes,
        )

    @strawberry.field(description="The branches whose conversations exist for this user.")
    def branches(self, info: Info) -> list[BranchType]:
        return [BranchType.of(row) for row in branches_for(info.context.actor)]
