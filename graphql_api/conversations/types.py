"""Types of this room."""

from datetime import datetime
from typing import Self

import strawberry
from strawberry.relay import PageInfo

from apps.conversations.models import Conversation, Message
from apps.conversations.queries import thread, threads
from apps.inboxes.models import AssistantMode
from graphql_api.accounts.types import UserType
from graphql_api.assistant.types import AssistantPause, RespondentType, SuggestionType, mode_in
from graphql_api.batches import batched
from graphql_api.context import Info
from graphql_api.conversations.messages import MessageType
from graphql_api.ids import to_id
from graphql_api.inboxes.types import InboxType
from graphql_api.paging import Edge, edges_of, page_info, page_size, read_cursor, to_cursor
from graphql_api.people.types import IdentityType, PersonType

MESSAGES = 50
THREAD = "thread"


@strawberry.type(description="Messages of one chat, oldest first.")
class MessageConnection:
    page_info: PageInfo
    edges: list[Edge[MessageType]]


@strawberry.type(name="Conversation", description="One thread with a person at one inbox; open while closedAt is null.")
class ConversationType:
    row: strawberry.Private[Conversation]
    id: strawberry.ID
    is_pending: bool
    pending_since: datetime | None
    unread_count: int
    window_ends_at: datetime | None = strawberry.field(
        description="Until then the channel takes any answer; null when it has no such window, or none is open."
    )
    last_message_at: datetime
    last_inbound_at: datetime | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: Conversation) -> Self:
        return cls(
            row=row,
            id=to_id("Conversation", row.pk),
            is_pending=row.is_pending,
            pending_since=row.pending_since,
            unread_count=row.unread_count,
            window_ends_at=row.window_ends_at,
            last_message_at=row.last_message_at,
            last_inbound_at=row.last_inbound_at,
            snoozed_until=row.snoozed_until,
            closed_at=row.closed_at,
            created_at=row.created_at,
        )

    @strawberry.field
    def last_message(self) -> MessageType | None:
        return MessageType.maybe(self.row.last_message)

    @strawberry.field
    def person(self, info: Info) -> PersonType:
        return PersonType.of(self.row.person, info.context.actor)

    @strawberry.field(description="The address of the person in this conversation.")
    def identity(self) -> IdentityType:
        return IdentityType.of(self.row.identity, self.row.inbox.account)

    @strawberry.field
    def inbox(self) -> InboxType:
        return InboxType.of(self.row.inbox)

    @strawberry.field(description="The operator in charge.")
    def assignee(self) -> UserType | None:
        return UserType.maybe(self.row.assignee)

    @strawberry.field(description="What the assistant does here while nothing holds it back; the narrowest setting.")
    def assistant_mode(self) -> AssistantMode:
        return mode_in(self.row)

    @strawberry.field(description="Why no answer leaves by itself although the mode is AUTO; null: nothing holds it.")
    def assistant_pause(self) -> AssistantPause | None:
        return AssistantPause.of(self.row)

    @strawberry.field(description="What is proposed now, is being written or failed; null when it was decided on.")
    def suggestion(self) -> SuggestionType | None:
        return SuggestionType.current(self.row)

    @strawberry.field(description="What the assistant is like here; null before its first answer.")
    def respondent(self) -> RespondentType | None:
        return RespondentType.current(self.row)

    @strawberry.field(description="The last messages, or those before a cursor; oldest first.")
    def messages(self, last: int | None = MESSAGES, before: str | None = None) -> MessageConnection:
        limit = page_size(last, MESSAGES)
        if before is None:
            name = (THREAD, limit)
            rows = batched(self.row, name, lambda chats: _latest(chats, limit + 1))
        else:
            moment, pk = read_cursor(before, THREAD, field="before")
            rows = thread(self.row, before=Message(occurred_at=moment, pk=pk), limit=limit + 1)
        edges = edges_of(rows[-limit:], MessageType.of, lambda row: to_cursor(THREAD, row.occurred_at, row.pk))
        return MessageConnection(
            page_info=page_info(edges, has_next=before is not None, has_previous=len(rows) > limit), edges=edges
        )


def _latest(chats: list[Conversation], limit: int) -> dict[int, list[Message]]:
    """Read one chat by one query, several by two."""
    if len(chats) == 1:
        return {chats[0].pk: thread(chats[0], limit=limit)}
    return threads(chats, limit=limit)
