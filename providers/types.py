"""The plain data that crosses the line between a provider and the rest of the house.

Our words only; a provider's own words stay in its `wire` module. Everything here is frozen,
and the unions are closed: whoever consumes them matches every case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AddressScope(StrEnum):
    """What kind of name an address is. The same digits in two scopes are two addresses."""

    PHONE = "phone"
    BSUID = "bsuid"
    LID = "lid"
    IGSID = "igsid"
    USERNAME = "username"
    SIMULATOR = "simulator"
    EXTERNAL = "external"


class ContentKind(StrEnum):
    """What a message is made of."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    ORDER = "order"
    INTERACTIVE = "interactive"
    UNSUPPORTED = "unsupported"  #: the provider itself cannot pass it on


class DeliveryStatus(StrEnum):
    """What a provider tells us about a message of ours."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class FailureReason(StrEnum):
    """Why a send failed, in terms a person can act on; the words are the interface's matter.

    A provider's own code says more and is kept beside it; this list is closed and small.
    """

    NETWORK = "network"  #: the provider was never reached
    THROTTLED = "throttled"  #: too many messages for now
    BUSY = "busy"  #: the provider asked us to come back later
    RECIPIENT = "recipient"  #: this person cannot receive it
    OPTED_OUT = "opted_out"  #: this person asked for no more marketing
    MARKETING = "marketing"  #: the provider holds this marketing message back
    POLICY = "policy"  #: a rule of the provider forbids it
    WINDOW = "window"  #: the reply window is closed
    TEMPLATE = "template"  #: the template cannot be used like this
    MEDIA = "media"  #: the file was not accepted
    CONTENT = "content"  #: this channel cannot say such a thing
    REQUEST = "request"  #: our request was wrong
    ACCOUNT = "account"  #: credentials, permissions or the account itself
    UNCERTAIN = "uncertain"  #: it may have arrived
    UNKNOWN = "unknown"  #: a code nobody has met yet


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One HTTP request of a provider, before anybody trusts it."""

    method: str
    headers: Mapping[str, str]  #: lower-case names; a repeated header joined with ", "
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a person is reached. PHONE values are digits without a plus sign."""

    scope: AddressScope
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Something a person can read."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something that arrived and cannot be shown yet; `caption` is the text that came along."""

    kind: ContentKind
    caption: str = ""


type Content = Text | Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """What a provider says went wrong with one message; `code` is the provider's own."""

    code: str
    title: str
    details: str = ""
    reason: FailureReason = FailureReason.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A person wrote to one of our inboxes."""

    path: str  #: where in the delivery it stood
    inbox_address: str
    provider_message_id: str
    sender: Address
    sender_name: str = ""
    aliases: tuple[Address, ...] = ()  #: other addresses of the same sender, named in passing
    provider_time: datetime | None = None
    content: Content
    reply_to: str | None = None  #: the provider's id of the quoted message, perhaps unknown to us


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """A message of ours went one step further, or failed."""

    path: str
    inbox_address: str
    provider_message_id: str
    status: DeliveryStatus
    provider_time: datetime | None = None
    error: ProviderError | None = None
    callback_data: str | None = None  #: what we put in the send, if the provider returns it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Understood well enough to be left alone. `reason` is a stable code such as "type:poll"."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenItem:
    """One item that could not be read, while the rest of its delivery could.

    `error` names fields and kinds of trouble, never the values that were sent.
    """

    path: str
    error: str


type Event = InboundMessage | StatusUpdate | Ignored | BrokenItem


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """A message of ours, ready to be put in a provider's words."""

    inbox_address: str
    recipient: Address
    content: Content
    reply_to: str | None = None
    callback_data: str = ""  #: no personal data: the provider stores it


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """The provider took the message; this is not yet a delivery."""

    provider_message_id: str
    note: str = ""  #: a stable word of the provider, such as "held_for_quality_assessment"
    recipient: Address | None = None  #: the address the provider knows the person by


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A complete answer: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
