"""Queries of this room."""

from enum import Enum

import strawberry
from django.db.models import FETCH_PEERS, QuerySet
from strawberry.relay import PageInfo

from apps.conversations.models import Conversation
from apps.conversations.queries import ChatFilter, after_row, before_row, chat_list, messages_for
from apps.core.actors import Actor, Scope
from graphql_api.context import Info
from graphql_api.conversations.messages import MessageType
from graphql_api.conversations.types import ConversationType
from graphql_api.ids import pk_of
from graphql_api.paging import Edge, edges_of, page_info, page_size, read_cursor, to_cursor
from graphql_api.texts import require_storable

CONVERSATIONS = 20
LONGEST_SEARCH = 200


@strawberry.enum(description="By the time of the last message.")
class ConversationOrdering(Enum):
    RECENT = "recent"
    OLDEST = "oldest"


@strawberry.input(description="What is left out means any.")
class ConversationFilter:
    inbox_id: strawberry.ID | None = None
    is_pending: bool | None = None
    is_unread: bool | None = None
    is_open: bool | None = None
    assignee_id: strawberry.ID | None = None
    is_unassigned: bool | None = None
    text: str | None = strawberry.field(
        default=None, description="In the person's name, numbers or e-mail, their address, or the last message."
    )

    def narrowed(self) -> ChatFilter:
        """Return it as the door understands it. Raises BadInput."""
        return ChatFilter(
            inbox_id=_maybe_pk(self.inbox_id, "Inbox", "inboxId"),
            is_pending=self.is_pending,
            is_unread=self.is_unread,
            is_open=self.is_open,
            assignee_id=_maybe_pk(self.assignee_id, "User", "assigneeId"),
            is_unassigned=self.is_unassigned,
            text=require_storable(self.text or "", field="text", longest=LONGEST_SEARCH),
        )


@strawberry.type(description="Conversations, page by page.")
class ConversationConnection:
    rows: strawberry.Private[QuerySet[Conversation]]
    page_info: PageInfo
    edges: list[Edge[ConversationType]]

    @strawberry.field(description="How many there are on all pages.")
    def total_count(self) -> int:
        return self.rows.order_by().count()


@strawberry.type
class ConversationQuery:
    @strawberry.field(description="The conversations that exist for you. Needs conversations:read.")
    def conversations(
        self,
        info: Info,
        first: int | None = CONVERSATIONS,
        after: str | None = None,
        filters: ConversationFilter | None = None,
        ordering: ConversationOrdering | None = ConversationOrdering.RECENT,
    ) -> ConversationConnection:
        info.context.require(Scope.CONVERSATIONS_READ)
        size = page_size(first, CONVERSATIONS)
        ordering = ordering or ConversationOrdering.RECENT
        rows = _shown(info.context.actor, (filters or ConversationFilter()).narrowed())
        page = _ordered(rows, ordering, after)
        found = list(page[: size + 1])
        edges = edges_of(
            found[:size],
            ConversationType.of,
            lambda row: to_cursor(ordering.value, row.last_message_at, row.pk),
        )
        return ConversationConnection(
            rows=rows,
            page_info=page_info(edges, has_next=len(found) > size, has_previous=after is not None),
            edges=edges,
        )

    @strawberry.field(description="One conversation; null when there is none for you. Needs conversations:read.")
    def conversation(self, info: Info, id: strawberry.ID) -> ConversationType | None:  # noqa: A002 – its name
        info.context.require(Scope.CONVERSATIONS_READ)
        row = _shown(info.context.actor, ChatFilter(is_open=None)).filter(pk=pk_of(id, "Conversation")).first()
        return None if row is None else ConversationType.of(row)

    @strawberry.field(
        description="One message, as an event names it; null when there is none for you. Needs conversations:read."
    )
    def message(self, info: Info, id: strawberry.ID) -> MessageType | None:  # noqa: A002 – its name
        info.context.require(Scope.CONVERSATIONS_READ)
        rows = messages_for(info.context.actor).select_related("author").fetch_mode(FETCH_PEERS)
        return MessageType.maybe(rows.filter(pk=pk_of(id, "Message")).first())


def _shown(actor: Actor, narrowed: ChatFilter) -> QuerySet[Conversation]:
    """Return rows with all their types show; credentials are never read for it."""
    rows = chat_list(actor, narrowed).select_related("inbox__account", "inbox__branch", "last_message")
    return rows.defer("inbox__account__credentials").fetch_mode(FETCH_PEERS)


def _ordered(rows: QuerySet[Conversation], ordering: ConversationOrdering, after: str | None) -> QuerySet[Conversation]:
    place = None if after is None else read_cursor(after, ordering.value, field="after")
    if ordering is ConversationOrdering.OLDEST:
        return (before_row(rows, *place) if place else rows).reverse()
    return after_row(rows, *place) if place else rows


def _maybe_pk(text: str | None, kind: str, field: str) -> int | None:
    return None if text is None else pk_of(text, kind, field=field)
