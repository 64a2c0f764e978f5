"""What a message can be made of, in our words. Frozen, and the unions are closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ContentKind(StrEnum):
    """What a message is made of."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"  #: recorded on the spot, played in place
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    INTERACTIVE = "interactive"  #: a menu of ours, or what somebody chose from one
    BUTTON = "button"  #: the quick reply of a template that somebody pressed
    ORDER = "order"
    TEMPLATE = "template"
    SYSTEM = "system"  #: a notice of the channel itself
    UNSUPPORTED = "unsupported"  #: something arrived and cannot be shown


FILE_KINDS = frozenset(
    {
        ContentKind.IMAGE,
        ContentKind.AUDIO,
        ContentKind.VOICE,
        ContentKind.VIDEO,
        ContentKind.DOCUMENT,
        ContentKind.STICKER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Something a person can read."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file that arrived, and where it can be had: by id, by link, or here.

    Type and name are claims of the sender: whoever stores the file looks for himself.
    """

    kind: ContentKind
    mime_type: str = ""  #: as claimed, parameters included
    name: str = ""
    media_id: str = ""  #: the provider's id, when it has one
    url: str = field(default="", repr=False)  #: it may carry a signature
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """One or more files with the words that came along."""

    files: tuple[RemoteFile, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFile:
    """One file of ours on its way out: as uploaded to the provider, or as a link it may fetch."""

    kind: ContentKind
    mime_type: str
    name: str
    size: int  #: bytes
    caption: str = ""
    media_id: str = ""
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place. Degrees, WGS 84."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """Somebody's card. Phones are as they were written."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    organization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """One or more cards."""

    cards: tuple[ContactCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuRow:
    """One choice of a menu; `id` comes back when it is chosen."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuSection:
    """Choices under one heading."""

    title: str
    rows: tuple[MenuRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A question of ours with buttons, or with a list that opens; one of both."""

    body: str
    header: str = ""
    footer: str = ""
    buttons: tuple[MenuRow, ...] = ()
    list_label: str = ""  #: the words that open the list
    sections: tuple[MenuSection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody chose: from a menu of ours, from the buttons of a template, or in a form."""

    kind: ContentKind  #: INTERACTIVE or BUTTON
    text: str
    payload: str = ""  #: what we gave the choice as id
    answers: Mapping[str, str] = field(default_factory=dict)  #: the fields of a form (a WhatsApp flow)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """One line of an order; the price is of one piece, as the provider wrote it."""

    product: str
    quantity: str
    price: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Things somebody wants from our catalogue."""

    items: tuple[OrderItem, ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNotice:
    """The channel itself says something in a chat: a number changed, somebody joined a group.

    `code` is a stable word of ours; `text` is what the provider wrote.
    """

    code: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something that arrived and cannot be shown; `caption` is the text that came along.

    `kind` is what the provider calls it: "poll", "media_placeholder", "131060".
    """

    kind: str
    caption: str = ""


type Content = Text | Files | Location | Contacts | Menu | Choice | Order | SystemNotice | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji on a message; empty takes it back."""

    target: str  #: the provider's id of the message
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """New words for a text of ours."""

    target: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A message of ours that is to disappear at the other side."""

    target: str


type Sendable = Text | OutboundFile | Location | Contacts | Menu | Reaction | Rewriting | Withdrawal


def kind_of(content: Content | Sendable) -> ContentKind | None:
    """Return what somebody would call this; None for what is only done to another message."""
    match content:
        case Text():
            return ContentKind.TEXT
        case Files(files=files):
            return files[0].kind if files else ContentKind.UNSUPPORTED
        case OutboundFile(kind=kind) | Choice(kind=kind):
            return kind
        case Location():
            return ContentKind.LOCATION
        case Contacts():
            return ContentKind.CONTACTS
        case Menu():
            return ContentKind.INTERACTIVE
        case Order():
            return ContentKind.ORDER
        case SystemNotice():
            return ContentKind.SYSTEM
        case Unsupported():
            return ContentKind.UNSUPPORTED
        case Reaction() | Rewriting() | Withdrawal():
            return None
