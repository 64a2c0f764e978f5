"""Types of this room."""

from datetime import date, datetime
from typing import Self

import strawberry

from apps.core.actors import Actor, Scope
from apps.inboxes.models import ProviderAccount
from apps.people.models import Identity, Person, PersonMerge, Tag
from apps.people.queries import identities_of, marketing_stopped_of, merges_of, tags_of
from graphql_api.batches import batched
from graphql_api.context import Info
from graphql_api.ids import maybe_id, to_id

MergeReason = strawberry.enum(PersonMerge.Reason, name="MergeReason", description="Why two people were merged.")
IdentityScope = strawberry.enum(Identity.Scope, name="IdentityScope", description="What kind of address it is.")


@strawberry.type(name="Tag", description="A label on people.")
class TagType:
    id: strawberry.ID
    name: str
    slug: str
    hue: int = strawberry.field(description="0 to 7, as in the palette.")

    @classmethod
    def of(cls, row: Tag) -> Self:
        return cls(id=to_id("Tag", row.pk), name=row.name, slug=row.slug, hue=row.hue)


@strawberry.type(name="Identity", description="One address of a person at one of our provider accounts.")
class IdentityType:
    id: strawberry.ID
    scope: Identity.Scope
    address: str
    display_name: str = strawberry.field(description="The name they show there.")
    username: str = strawberry.field(description="A name they may change at any time: it proves nothing.")
    inbox_provider: str = strawberry.field(description="The kind of provider of the account, such as whatsapp.")
    alias_of_id: strawberry.ID | None = strawberry.field(
        description="The identity this is another address of; conversations belong to that. Null: to this."
    )

    @classmethod
    def of(cls, row: Identity, account: ProviderAccount) -> Self:
        return cls(
            id=to_id("Identity", row.pk),
            scope=Identity.Scope(row.scope),
            address=row.address,
            display_name=row.display_name,
            username=row.username,
            inbox_provider=account.kind,
            alias_of_id=maybe_id("Identity", row.alias_of_id),
        )


@strawberry.type(name="PersonMerge", description="Somebody who was found to be the same person.")
class PersonMergeType:
    id: strawberry.ID
    merged_id: strawberry.ID = strawberry.field(description="Who was merged; there is no such person until undone.")
    merged_name: str
    reason: PersonMerge.Reason
    merged_at: datetime
    undone_at: datetime | None

    @classmethod
    def of(cls, row: PersonMerge) -> Self:
        return cls(
            id=to_id("PersonMerge", row.pk),
            merged_id=to_id("Person", row.merged_id),
            merged_name=row.merged.name,
            reason=PersonMerge.Reason(row.reason),
            merged_at=row.created_at,
            undone_at=row.undone_at,
        )


@strawberry.type(
    name="Person",
    description="Somebody who writes to us. Everything but id and name is null for a token without people:read.",
)
class PersonType:
    row: strawberry.Private[Person]
    id: strawberry.ID
    name: str
    region: str | None = None
    email: str | None = None
    phone: str | None = None
    national_id: str | None = None
    birthday: date | None = None
    notes: str | None = None
    created_at: datetime | None = None

    @classmethod
    def of(cls, row: Person, actor: Actor) -> Self:
        if not actor.can(Scope.PEOPLE_READ):
            return cls(row=row, id=to_id("Person", row.pk), name=row.name)
        return cls(
            row=row,
            id=to_id("Person", row.pk),
            name=row.name,
            region=row.region,
            email=row.email,
            phone=row.phone,
            national_id=row.national_id,
            birthday=row.birthday,
            notes=row.notes,
            created_at=row.created_at,
        )

    @strawberry.field
    def tags(self, info: Info) -> list[TagType] | None:
        if not info.context.actor.can(Scope.PEOPLE_READ):
            return None
        return [TagType.of(row) for row in batched(self.row, "tags", tags_of)]

    @strawberry.field(description="Since when they want no marketing; null: they may get some.")
    def marketing_stopped_at(self, info: Info) -> datetime | None:
        if not info.context.actor.can(Scope.PEOPLE_READ):
            return None
        return next(iter(batched(self.row, "marketing", marketing_stopped_of)), None)

    @strawberry.field(description="Who was merged into this person, latest first.")
    def merges(self, info: Info) -> list[PersonMergeType] | None:
        actor = info.context.actor
        if not actor.can(Scope.PEOPLE_READ):
            return None
        return [PersonMergeType.of(row) for row in batched(self.row, "merges", lambda rows: merges_of(actor, rows))]

    @strawberry.field(description="The addresses that wrote to inboxes that exist for you.")
    def identities(self, info: Info) -> list[IdentityType] | None:
        actor = info.context.actor
        if not actor.can(Scope.PEOPLE_READ):
            return None
        found = batched(self.row, "identities", lambda people: identities_of(actor, people))
        return [IdentityType.of(row, row.account) for row in found]
