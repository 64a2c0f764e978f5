"""Queries of this room."""

import strawberry

from apps.core import live
from apps.core.actors import Scope
from graphql_api.context import Info


@strawberry.type
class EventQuery:
    @strawberry.field(
        description="The cursor of now. Ask for it before or together with what you show, then subscribe after it."
    )
    def events_cursor(self, info: Info) -> str:
        info.context.require(Scope.CONVERSATIONS_READ)
        return live.current_cursor()
