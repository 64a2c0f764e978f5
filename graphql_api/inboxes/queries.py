"""Queries of this room."""

import strawberry
from django.db.models import FETCH_PEERS

from apps.core.actors import Scope
from apps.inboxes.queries import inboxes_for
from graphql_api.context import Info
from graphql_api.inboxes.types import InboxType


@strawberry.type
class InboxQuery:
    @strawberry.field(description="The inboxes that exist for you, by name. Needs inboxes:read.")
    def inboxes(self, info: Info) -> list[InboxType]:
        info.context.require(Scope.INBOXES_READ)
        rows = inboxes_for(info.context.actor).defer("account__credentials").fetch_mode(FETCH_PEERS)
        return [InboxType.of(row) for row in rows.order_by("name", "pk")]
