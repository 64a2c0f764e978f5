"""Types of this room."""

from typing import Self

import strawberry

from apps.inboxes.models import Inbox
from graphql_api.ids import to_id
from graphql_api.organization.types import BranchType


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
