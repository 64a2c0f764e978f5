"""Queries of this room."""

import strawberry

from apps.accounts.queries import tokens_for
from graphql_api.accounts.types import Me
from graphql_api.context import Info


@strawberry.type
class AccountQuery:
    @strawberry.field(description="Who asks.")
    def me(self, info: Info) -> Me:
        actor = info.context.actor
        return Me.of(tokens_for(actor).get(pk=actor.token_id or 0), sorted(actor.scopes))
