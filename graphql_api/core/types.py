"""Types of this room."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry
from django.utils import timezone

from apps.core.live import Event, LiveKind
from graphql_api.ids import maybe_id


@strawberry.enum(
    description="What happened. ACCESS_CHANGED: what you may see or do is different now. RELOAD: what happened since "
    "your cursor is no longer kept, or was too much; read afresh what you show, and go on from this event's cursor."
)
class EventKind(Enum):
    MESSAGE_ADDED = LiveKind.MESSAGE_ADDED
    MESSAGE_CHANGED = LiveKind.MESSAGE_CHANGED
    CONVERSATION_CHANGED = LiveKind.CONVERSATION_CHANGED
    PERSON_CHANGED = LiveKind.PERSON_CHANGED
    SUGGESTION_CHANGED = LiveKind.SUGGESTION_CHANGED
    ACCESS_CHANGED = LiveKind.ACCESS_CHANGED
    RELOAD = "reload"


@strawberry.type(name="Event", description="One thing that happened: read the rest by its ids.")
class EventType:
    cursor: str = strawberry.field(description="Keep the last one: with it you go on without a hole or a repetition.")
    kind: EventKind
    at: datetime
    conversation_id: strawberry.ID | None = None
    message_id: strawberry.ID | None = None
    inbox_id: strawberry.ID | None = None
    person_id: strawberry.ID | None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            cursor=str(event.cursor),
            kind=EventKind(event.kind),
            at=event.at,
            conversation_id=maybe_id("Conversation", event.conversation_id),
            message_id=maybe_id("Message", event.message_id),
            inbox_id=maybe_id("Inbox", event.inbox_id),
            person_id=maybe_id("Person", event.person_id),
        )

    @classmethod
    def reload(cls, cursor: str) -> Self:
        return cls(cursor=cursor, kind=EventKind.RELOAD, at=timezone.now())
