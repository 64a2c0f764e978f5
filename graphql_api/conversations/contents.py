"""What a message may hold besides its text. Stored as `details`; whatever is missing there is null here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry

from apps.conversations.models import Attachment, MessageEdit, Reaction
from apps.conversations.queries import media_path, thumbnail_path
from graphql_api.ids import to_id
from providers.contents import ContentKind

type Details = Mapping[str, Any]

strawberry.enum(
    ContentKind,
    name="MessageKind",
    description="What it carries. SYSTEM: a notice of the channel itself. UNSUPPORTED: something arrived that cannot "
    "be shown.",
)
strawberry.enum(
    Attachment.State,
    name="AttachmentState",
    description="WAITING: being fetched. GONE: no longer at the provider. REFUSED: too large, or from a strange place.",
)


@strawberry.type(name="Attachment", description="A file of a message.")
class AttachmentType:
    id: strawberry.ID
    kind: str
    state: Attachment.State
    mime_type: str = strawberry.field(description="By its content, once it is stored.")
    name: str
    size: int = strawberry.field(description="In bytes.")
    url: str | None = strawberry.field(
        description="A path that opens with the token that may read the message; null while it is not READY."
    )
    thumbnail_url: str | None = strawberry.field(description="A small picture of it, if there is one.")
    width: int | None
    height: int | None
    duration_ms: int | None = strawberry.field(description="Of what is heard or seen.")
    waveform: list[int] | None = strawberry.field(description="Of what is heard: how loud it is, 0 to 100.")

    @classmethod
    def of(cls, row: Attachment) -> Self:
        return cls(
            id=to_id("Attachment", row.pk),
            kind=row.kind,
            state=Attachment.State(row.state),
            mime_type=row.mime_type,
            name=row.name,
            size=row.size,
            url=media_path(row) if row.file else None,
            thumbnail_url=thumbnail_path(row) or None,
            width=row.width,
            height=row.height,
            duration_ms=row.duration_ms,
            waveform=row.waveform,
        )


@strawberry.type(description="What a message said before it got other words.")
class Edit:
    text: str = strawberry.field(description="The words before.")
    at: datetime = strawberry.field(description="When they were replaced.")

    @classmethod
    def of(cls, row: MessageEdit) -> Self:
        return cls(text=row.text, at=row.at)


@strawberry.type(name="Reaction", description="An emoji on a message; each side of a chat has one at most.")
class ReactionType:
    emoji: str
    from_: str = strawberry.field(
        name="from", description="The address it came from: the person's, or that of our inbox when it is ours."
    )
    name: str = strawberry.field(description="The person's name there, or the operator's; empty when nobody knows.")
    is_ours: bool
    at: datetime

    @classmethod
    def of(cls, row: Reaction, inbox_address: str) -> Self:
        if row.identity is None:
            name = str(row.user) if row.user else ""
            return cls(emoji=row.emoji, from_=inbox_address, name=name, is_ours=True, at=row.at)
        identity = row.identity
        return cls(emoji=row.emoji, from_=identity.address, name=identity.display_name, is_ours=False, at=row.at)


@strawberry.type(description="A place, in degrees (WGS 84).")
class Location:
    latitude: float
    longitude: float
    name: str | None
    address: str | None

    @classmethod
    def maybe(cls, details: Details) -> Self | None:
        found = details.get("location")
        if not found:
            return None
        return cls(
            latitude=found["latitude"],
            longitude=found["longitude"],
            name=found.get("name") or None,
            address=found.get("address") or None,
        )


@strawberry.type(description="Somebody's card, as it was written.")
class Contact:
    name: str
    phones: list[str]
    emails: list[str]
    organization: str | None

    @classmethod
    def all_of(cls, details: Details) -> list[Self]:
        return [
            cls(
                name=card.get("name", ""),
                phones=list(card.get("phones", ())),
                emails=list(card.get("emails", ())),
                organization=card.get("organization") or None,
            )
            for card in details.get("contacts", ())
        ]


@strawberry.type(description="One choice of a menu; the id comes back when it is chosen.")
class MenuRow:
    id: str
    title: str
    description: str | None

    @classmethod
    def all_of(cls, rows: list[Details]) -> list[Self]:
        return [
            cls(id=row.get("id", ""), title=row.get("title", ""), description=row.get("description") or None)
            for row in rows
        ]


@strawberry.type(description="Choices of a list under one heading.")
class MenuSection:
    title: str
    rows: list[MenuRow]


@strawberry.type(description="A question of ours with buttons or a list; the question itself is the text.")
class Menu:
    header: str | None
    footer: str | None
    buttons: list[MenuRow]
    list_label: str | None
    sections: list[MenuSection]

    @classmethod
    def maybe(cls, details: Details) -> Self | None:
        found = details.get("menu")
        if not found:
            return None
        return cls(
            header=found.get("header") or None,
            footer=found.get("footer") or None,
            buttons=MenuRow.all_of(found.get("buttons", [])),
            list_label=found.get("list_label") or None,
            sections=[
                MenuSection(title=section.get("title", ""), rows=MenuRow.all_of(section.get("rows", [])))
                for section in found.get("sections", ())
            ],
        )


@strawberry.type(description="The field of a form, and what was entered.")
class Answer:
    name: str
    value: str


@strawberry.type(description="What somebody chose; its title is the text.")
class Choice:
    payload: str | None = strawberry.field(description="The id we gave the choice.")
    answers: list[Answer]

    @classmethod
    def maybe(cls, details: Details) -> Self | None:
        found = details.get("choice")
        if not found:
            return None
        answers = [Answer(name=name, value=str(value)) for name, value in (found.get("answers") or {}).items()]
        return cls(payload=found.get("payload") or None, answers=answers)


@strawberry.type(description="One line of an order; the price is of one piece, as the provider wrote it.")
class OrderItem:
    product: str
    quantity: str
    price: str | None
    currency: str | None


@strawberry.type(description="Things somebody wants from our catalogue.")
class Order:
    items: list[OrderItem]

    @classmethod
    def maybe(cls, details: Details) -> Self | None:
        found = details.get("order")
        if not found:
            return None
        return cls(
            items=[
                OrderItem(
                    product=item.get("product", ""),
                    quantity=item.get("quantity", ""),
                    price=item.get("price") or None,
                    currency=item.get("currency") or None,
                )
                for item in found.get("items", ())
            ]
        )


@strawberry.type(description="Where somebody came from: an advertisement, a post, a story, a link.")
class Referral:
    source: str
    source_id: str | None
    headline: str | None
    body: str | None
    url: str | None

    @classmethod
    def maybe(cls, details: Details) -> Self | None:
        found = details.get("referral")
        if not found:
            return None
        return cls(
            source=found.get("source", ""),
            source_id=found.get("source_id") or None,
            headline=found.get("headline") or None,
            body=found.get("body") or None,
            url=found.get("url") or None,
        )
