"""Messages, with all they hold."""

from datetime import datetime
from typing import Self

import strawberry

from apps.conversations.models import Direction, Message, Sender, Status
from apps.conversations.queries import attachments_of, edits_of, reactions_of
from graphql_api.accounts.types import UserType
from graphql_api.batches import batched
from graphql_api.conversations.contents import (
    AttachmentType,
    Choice,
    Contact,
    Edit,
    Location,
    Menu,
    Order,
    ReactionType,
    Referral,
)
from graphql_api.ids import to_id
from graphql_api.people.types import IdentityType
from providers.contents import ContentKind

strawberry.enum(Direction, name="MessageDirection", description="Whose message it is: theirs or ours.")
strawberry.enum(Sender, name="MessageSender", description="Who wrote it.")
strawberry.enum(
    Status,
    name="MessageStatus",
    description="The highest that is proved. UNCERTAIN: it may have arrived; only a person may send it again.",
)


@strawberry.type(name="Message", description="One message, theirs or ours.")
class MessageType:
    row: strawberry.Private[Message]
    id: strawberry.ID
    conversation_id: strawberry.ID
    direction: Direction
    sender: Sender
    kind: ContentKind
    text: str = strawberry.field(
        description="What can be read of it: the words, a caption, the title of a choice, the name of a place."
    )
    status: Status
    created_at: datetime = strawberry.field(description="When we stored it.")
    occurred_at: datetime = strawberry.field(description="Where it stands in the chat.")
    provider_time: datetime | None = strawberry.field(description="As the provider told, in whole seconds.")
    provider_message_id: str | None
    error_code: str | None
    error_text: str | None
    is_forwarded: bool
    is_imported: bool = strawberry.field(description="It is of the past: from before the inbox came here.")
    is_edited: bool
    is_deleted: bool = strawberry.field(description="Whoever wrote it took it back.")
    edited_at: datetime | None
    deleted_at: datetime | None
    unsupported_kind: str | None = strawberry.field(description="What the provider calls what cannot be shown.")

    @classmethod
    def of(cls, row: Message) -> Self:
        return cls(
            row=row,
            id=to_id("Message", row.pk),
            conversation_id=to_id("Conversation", row.conversation_id),
            direction=Direction(row.direction),
            sender=Sender(row.sender),
            kind=ContentKind(row.kind),
            text=row.text,
            status=Status(row.status),
            created_at=row.created_at,
            occurred_at=row.occurred_at,
            provider_time=row.provider_time,
            provider_message_id=row.provider_message_id or None,
            error_code=row.error_code or None,
            error_text=row.error_text or None,
            is_forwarded=row.is_forwarded,
            is_imported=row.is_imported,
            is_edited=row.edited_at is not None,
            is_deleted=row.deleted_at is not None,
            edited_at=row.edited_at,
            deleted_at=row.deleted_at,
            unsupported_kind=row.unsupported_kind or None,
        )

    @classmethod
    def maybe(cls, row: Message | None) -> Self | None:
        return None if row is None else cls.of(row)

    @strawberry.field(description="The operator who wrote it.")
    def author(self) -> UserType | None:
        return UserType.maybe(self.row.author)

    @strawberry.field(description="In a group: the address of whoever wrote it.")
    def written_by(self) -> IdentityType | None:
        return None if self.row.written_by is None else IdentityType.of(self.row.written_by, self.row.inbox.account)

    @strawberry.field(description="The message this one answers.")
    def reply_to(self) -> "MessageType | None":
        return MessageType.maybe(self.row.reply_to)

    @strawberry.field
    def attachments(self) -> list[AttachmentType]:
        return [AttachmentType.of(row) for row in batched(self.row, "attachments", attachments_of)]

    @strawberry.field(description="What it said before, the oldest words first.")
    def edits(self) -> list[Edit]:
        return [Edit.of(row) for row in batched(self.row, "edits", edits_of)]

    @strawberry.field(description="The emojis on it by now.")
    def reactions(self) -> list[ReactionType]:
        return [ReactionType.of(row, self.row.inbox.address) for row in batched(self.row, "reactions", reactions_of)]

    @strawberry.field
    def location(self) -> Location | None:
        return Location.maybe(self.row.details)

    @strawberry.field(description="The cards it holds.")
    def contacts(self) -> list[Contact]:
        return Contact.all_of(self.row.details)

    @strawberry.field(description="What we offered to choose from.")
    def menu(self) -> Menu | None:
        return Menu.maybe(self.row.details)

    @strawberry.field(description="What the person chose, or entered in a form.")
    def choice(self) -> Choice | None:
        return Choice.maybe(self.row.details)

    @strawberry.field
    def order(self) -> Order | None:
        return Order.maybe(self.row.details)

    @strawberry.field
    def referral(self) -> Referral | None:
        return Referral.maybe(self.row.details)
