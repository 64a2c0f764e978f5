"""The simulated phone's JSON, both ways. Source: docs/reference/providers/simulator.md"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from providers import wire
from providers.wire import Flag, Wire, Word, Words, objects

Id = Annotated[wire.Id, Field(min_length=1)]
Title = Annotated[Words, Field(max_length=300)]


def _objects(value: object) -> object:
    """Take the objects of a list, theirs or ours."""
    return objects(list(value) if isinstance(value, tuple) else value)


type Items[Model] = Annotated[tuple[Model, ...], BeforeValidator(_objects)]


class File(Wire):
    """A file that lies at the phone, or was handed over to it."""

    id: Id
    name: Title = ""
    mime_type: Title = ""
    size: int = 0


class Place(Wire):
    """A place on earth."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    name: Title = ""
    address: Title = ""


class Card(Wire):
    """Somebody's card."""

    name: Title
    phones: tuple[Title, ...] = ()
    emails: tuple[Title, ...] = ()
    organization: Title = ""


class MenuRow(Wire):
    """One choice of a menu."""

    id: Id
    title: Title
    description: Title = ""


class MenuSection(Wire):
    """Choices under one heading."""

    title: Title = ""
    rows: Items[MenuRow] = ()


class Menu(Wire):
    """A question of ours with buttons or a list; its words are the text of the message."""

    header: Title = ""
    footer: Title = ""
    buttons: Items[MenuRow] = ()
    list_label: Title = ""
    sections: Items[MenuSection] = ()


class Choice(Wire):
    """What was chosen; its words are the text of the message."""

    payload: Title = ""
    answers: dict[Title, Title] = Field(default_factory=dict)


class OrderItem(Wire):
    """One line of an order."""

    product: Title
    quantity: Title = "1"
    price: Title = ""
    currency: Title = ""


class Referral(Wire):
    """Where somebody came from."""

    source: Title
    headline: Title = ""
    url: Title = ""


class Message(Wire):
    """The person on the phone sent something."""

    type: Literal["message"] = "message"
    id: Id
    sender: Annotated[Id, Field(alias="from")]
    name: Words = ""
    kind: Word = "text"
    text: Words = ""
    file: File | None = None
    location: Place | None = None
    contacts: Items[Card] = ()
    choice: Choice | None = None
    order: Items[OrderItem] = ()
    notice: Title = ""
    referral: Referral | None = None
    forwarded: Flag = False
    at: AwareDatetime | None = None
    reply_to: Id | None = None

    @model_validator(mode="after")
    def require_words(self) -> Self:
        """A text without words is none."""
        if self.kind == "text" and not self.text:
            raise ValueError("no words")
        return self


class Status(Wire):
    """The phone did something with a message of ours."""

    type: Literal["status"] = "status"
    id: Id
    status: Words
    at: AwareDatetime | None = None
    token: Id | None = None
    code: Id | None = None


class Reaction(Wire):
    """The person put an emoji on a message, or took it back."""

    type: Literal["reaction"] = "reaction"
    id: Id
    sender: Annotated[Id, Field(alias="from")]
    name: Words = ""
    emoji: Annotated[Words, Field(max_length=40)] = ""
    at: AwareDatetime | None = None


class Edit(Wire):
    """The person gave a message other words."""

    type: Literal["edit"] = "edit"
    id: Id
    text: Words
    at: AwareDatetime | None = None


class Deletion(Wire):
    """The person took a message back."""

    type: Literal["deletion"] = "deletion"
    id: Id
    at: AwareDatetime | None = None


type Item = Message | Status | Reaction | Edit | Deletion


class Send(Wire):
    """What we post to the phone; an act names its `target`."""

    inbox: Id
    to: Id
    kind: Word = "text"
    text: Words = ""
    file: File | None = None
    location: Place | None = None
    contacts: Items[Card] = ()
    menu: Menu | None = None
    target: Id | None = None
    reply_to: Id | None = None
    token: str = ""


class Taken(Wire):
    """The phone's answer to a send, and to a file."""

    id: Id


class Refused(Wire):
    """The phone's answer when it does not take a send."""

    code: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class Delivery(Wire):
    """A webhook as the phone writes it; reading it goes item by item."""

    object: Literal["simulator"] = "simulator"
    inbox: Id
    items: Sequence[Item]


def encode_delivery(inbox: str, items: Sequence[Item]) -> bytes:
    """Return the body of a webhook, as the phone posts it."""
    return Delivery(inbox=inbox, items=items).model_dump_json(by_alias=True).encode()
