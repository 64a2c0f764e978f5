"""Types of this room."""

from datetime import datetime
from typing import Self

import strawberry

from apps.inboxes.models import Inbox, WebhookEvent
from graphql_api.ids import to_id
from graphql_api.inboxes.capabilities import CapabilitiesType
from graphql_api.organization.types import BranchType
from providers.registry import PROVIDERS

strawberry.enum(
    WebhookEvent.State,
    name="WebhookEventState",
    description="IGNORED: nothing in it concerned us. DEAD: it could not be understood; it can be replayed.",
)


@strawberry.type(name="Inbox", description="One number or account of ours, at a branch.")
class InboxType:
    row: strawberry.Private[Inbox]
    id: strawberry.ID
    name: str
    address: str = strawberry.field(description="As the provider knows it; WhatsApp: the phone number id.")
    provider: str = strawberry.field(description="The kind of provider, such as whatsapp.")
    is_active: bool

    @classmethod
    def of(cls, row: Inbox) -> Self:
        return cls(
            row=row,
            id=to_id("Inbox", row.pk),
            name=row.name,
            address=row.address,
            provider=row.account.kind,
            is_active=row.is_active and row.account.is_active,
        )

    @strawberry.field
    def branch(self) -> BranchType:
        return BranchType.of(self.row.branch)

    @strawberry.field(description="What its channel can carry; null when its provider is not known here any more.")
    def capabilities(self) -> CapabilitiesType | None:
        provider = PROVIDERS.get(self.row.account.kind)
        return None if provider is None else CapabilitiesType.of(provider.capabilities)


@strawberry.type(name="WebhookEvent", description="One delivery of a provider, as the journal holds it.")
class WebhookEventType:
    id: strawberry.ID
    uid: str = strawberry.field(description="As the admin and `replay_events --event` name it.")
    account: str = strawberry.field(description="The name of the account it came for.")
    provider: str
    state: WebhookEvent.State
    error: str | None = strawberry.field(description="The class of the first thing in it that is still broken.")
    received_at: datetime
    processed_at: datetime | None
    attempts: int
    items: int
    ignored_items: int
    dead_items: int

    @classmethod
    def of(cls, row: WebhookEvent, error: str | None) -> Self:
        return cls(
            id=to_id("WebhookEvent", row.pk),
            uid=str(row.uid),
            account=row.account.name,
            provider=row.account.kind,
            state=WebhookEvent.State(row.state),
            error=error,
            received_at=row.received_at,
            processed_at=row.processed_at,
            attempts=row.attempts,
            items=row.item_count,
            ignored_items=row.ignored_count,
            dead_items=row.dead_count,
        )
