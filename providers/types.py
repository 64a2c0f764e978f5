"""The plain data that crosses the line between a provider and the rest of the house; `contents` has what a
message is made of.

Our words only; a provider's own words stay in its `wire` module. Everything here is frozen,
and the unions are closed: whoever consumes them matches every case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from providers.contents import Content, Sendable


class AddressScope(StrEnum):
    """What kind of name an address is. The same digits in two scopes are two addresses."""

    PHONE = "phone"
    BSUID = "bsuid"
    LID = "lid"
    IGSID = "igsid"
    USERNAME = "username"
    SIMULATOR = "simulator"
    EXTERNAL = "external"
    GROUP = "group"  #: a whole group chat; its members have addresses of their own


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
class ProviderError:
    """What a provider says went wrong with one message; `code` is the provider's own."""

    code: str
    title: str
    details: str = ""
    reason: FailureReason = FailureReason.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group chat one of our inboxes is in."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Where somebody came from: an advertisement, a post, a story, a link."""

    source: str  #: "ad", "post", "story", "link", "product"
    source_id: str = ""
    headline: str = ""
    body: str = ""
    url: str = ""
    click_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A person wrote to one of our inboxes."""

    path: str  #: where in the delivery it stood
    inbox_address: str
    provider_message_id: str
    sender: Address  #: in a group the author, or the group itself if the channel hides who it was
    sender_name: str = ""
    username: str = ""  #: a name at the provider that may change; without an @
    aliases: tuple[Address, ...] = ()  #: other addresses of the same sender, proved by the provider
    group: Group | None = None
    provider_time: datetime | None = None
    content: Content
    reply_to: str | None = None  #: the provider's id of the quoted message, perhaps unknown to us
    is_forwarded: bool = False
    referral: Referral | None = None
    window_until: datetime | None = None  #: until when a free answer is allowed, where the provider says so
    is_imported: bool = False  #: it is of the past: no unread, no window, no answer
    also_known_as: str = ""  #: another id of the same message


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoMessage:
    """We wrote to a person, but not from here: on the phone, in another app; or the echo of a send of ours.

    It clears pending, opens no window, and is one message with the send it echoes.
    """

    path: str
    inbox_address: str
    provider_message_id: str
    recipient: Address  #: the group, if it is one
    recipient_name: str = ""
    username: str = ""
    aliases: tuple[Address, ...] = ()
    group: Group | None = None
    provider_time: datetime | None = None
    content: Content
    reply_to: str | None = None
    send_id: str = ""  #: the id a send of ours was answered with, where the echo has another one
    also_known_as: str = ""  #: another id of the same message
    status: DeliveryStatus | None = None  #: how far it came, where the provider says so
    is_imported: bool = False


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
    also_known_as: str = ""  #: another id of the same message
    pricing_category: str = ""  #: what the provider charges it as; "" where it says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUpTo:
    """A person has seen this message and all of ours before it."""

    path: str
    inbox_address: str
    reader: Address
    provider_message_id: str = ""
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """A message got other words, whoever wrote it."""

    path: str
    inbox_address: str
    provider_message_id: str
    text: str
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """A message was taken back by whoever wrote it."""

    path: str
    inbox_address: str
    provider_message_id: str
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged:
    """Somebody put an emoji on a message, or took it back; each has one at most."""

    path: str
    inbox_address: str
    provider_message_id: str
    emoji: str  #: "" takes it back
    reactor: Address | None  #: None: ourselves, on the phone
    reactor_name: str = ""
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressesChanged:
    """The provider says that these addresses are one person: a number or an id changed, or came to light."""

    path: str
    inbox_address: str  #: empty: of all of the account
    known: Address
    now: tuple[Address, ...]
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSynced:
    """The address book of a phone of ours: somebody is in it under this name, or no longer."""

    path: str
    inbox_address: str
    address: Address
    aliases: tuple[Address, ...] = ()
    name: str = ""
    is_removed: bool = False
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketingPreference:
    """A person stopped marketing messages, or takes them again."""

    path: str
    inbox_address: str
    person: Address
    is_allowed: bool
    provider_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryProgress:
    """How far the import of old messages came; `error` when it will not come at all."""

    path: str
    inbox_address: str
    phase: int = 0
    chunk: int = 0
    percent: int = 0
    error: ProviderError | None = None


class NoticeEffect(StrEnum):
    """What a notice means for the account."""

    NONE = "none"
    PAUSE = "pause"  #: nothing can be sent until it is connected again
    RESUME = "resume"


class NoticeLevel(StrEnum):
    """How urgent a notice is."""

    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotice:
    """The provider says something about the account, a number or a template; `code` is stable."""

    path: str
    code: str  #: "template_status", "quality", "offboarded", "phone_status" …
    level: NoticeLevel = NoticeLevel.INFO
    text: str = ""  #: short, without personal data
    subject: str = ""  #: what it is about: a template, a number
    inbox_address: str = ""  #: empty: all of the account
    details: Mapping[str, str] = field(default_factory=dict)
    effect: NoticeEffect = NoticeEffect.NONE
    provider_time: datetime | None = None


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


type Event = (
    InboundMessage
    | EchoMessage
    | StatusUpdate
    | ReadUpTo
    | MessageEdited
    | MessageDeleted
    | ReactionChanged
    | AddressesChanged
    | ContactSynced
    | MarketingPreference
    | HistoryProgress
    | AccountNotice
    | Ignored
    | BrokenItem
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """A message of ours, ready to be put in a provider's words."""

    inbox_address: str
    recipient: Address
    group_address: str = ""
    content: Sendable
    reply_to: str | None = None
    callback_data: str = ""  #: no personal data: the provider stores it
    message_key: str = ""  #: the same for every attempt of one message, for providers that know idempotency
    is_late: bool = False  #: the free window is over, and only a person may still answer

    @property
    def own_id(self) -> str:
        """An id for what the provider gives none, the same for every attempt."""
        return f"own:{self.message_key or self.callback_data}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """The provider took the message; this is not yet a delivery."""

    provider_message_id: str
    note: str = ""  #: a stable word of the provider, such as "held_for_quality_assessment"
    recipient: Address | None = None  #: the address the provider knows the person by
    is_queued: bool = False  #: it only waits at the provider: not even sent yet


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A complete answer: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
