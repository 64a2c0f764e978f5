"""Subscriptions of this room."""

from collections.abc import AsyncGenerator

import strawberry
from django.utils.translation import gettext as _

from apps.core import live
from apps.core.actors import Actor, Scope
from graphql_api.context import Info
from graphql_api.core.types import EventType
from graphql_api.errors import BadInput, Unauthenticated
from graphql_api.threads import in_thread


@strawberry.type
class EventSubscription:
    @strawberry.subscription(
        description="What happens in the conversations that exist for you: after a cursor, or from now on. "
        "Needs conversations:read."
    )
    async def events(self, info: Info, after: str | None = None) -> AsyncGenerator[EventType]:
        context = info.context
        context.require(Scope.CONVERSATIONS_READ)
        while True:
            try:
                async with live.subscribe(after) as feed:
                    async for event in feed:
                        if is_about_access(event, context.actor) and not await context.is_welcome():
                            raise Unauthenticated
                        context.require(Scope.CONVERSATIONS_READ)
                        if _is_for(event, context.actor):
                            yield EventType.of(event)
            except live.InvalidCursor as error:
                raise BadInput(_("This is not a cursor of events."), code="invalid_cursor", field="after") from error
            except live.GapTooOld:
                after = await in_thread(live.current_cursor)
                yield EventType.reload(after)


def is_about_access(event: live.Event, actor: Actor) -> bool:
    """Tell whether the rights of this actor changed."""
    return event.kind is live.LiveKind.ACCESS_CHANGED and event.user_id == actor.user_id


def _is_for(event: live.Event, actor: Actor) -> bool:
    if event.kind is live.LiveKind.PERSON_CHANGED:
        # The event of a person names no branch: whoever does not see all might learn who exists elsewhere.
        return actor.sees_all and actor.can(Scope.PEOPLE_READ)
    if event.kind is live.LiveKind.SUGGESTION_STREAMED:
        return False  # several times a second: suggestionStream tells it, to whoever follows one conversation
    return event.visible_to(actor)
