"""What every messaging provider can do, and what it says of itself.

A provider is a frozen dataclass. Its fields are the form in which an account's credentials are
entered, its `capabilities` are data, its methods are pure but for `send`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, BinaryIO, ClassVar, Final, Protocol

from providers.capabilities import FAULTS, Capabilities
from providers.contents import RemoteFile
from providers.errors import MediaGone, Unreachable, WebhookRejected
from providers.types import (
    AccountNotice,
    Address,
    Event,
    FailureReason,
    HttpAnswer,
    OutboundMessage,
    SendResult,
    WebhookRequest,
)


def gettext_noop(text: str) -> str:
    """Mark a text for the translation catalogue; whoever shows it translates it."""
    return text


class FieldSource(StrEnum):
    """Who fills a field of a provider: the account's credentials, or the project's settings."""

    CREDENTIAL = "credential"
    OPTION = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One line of the credential form of a provider."""

    name: str
    label: str  #: English source text; translate it to show it
    help_text: str
    is_secret: bool
    is_required: bool
    is_generated: bool  #: left empty, it is drawn at random when the account is added
    allows_several: bool  #: a list is taken as well, any of whose values is good
    choices: tuple[str, ...] = ()  #: the only values there are; empty: any


OWN_WORDS: Final[Mapping[str, FailureReason]] = {
    **FAULTS,
    "wrong_address": FailureReason.RECIPIENT,
    "wrong_inbox": FailureReason.REQUEST,
    "wrong_id": FailureReason.REQUEST,
    "no_file": FailureReason.MEDIA,
    "no_message_id": FailureReason.UNCERTAIN,
}
"""What our own words for a send that failed mean; the same at every provider."""


class Transport(Protocol):
    """What a provider needs of the outbound HTTP client."""

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the complete answer, whatever its status.

        Raises NotSent if nothing was written, UncertainSend if something was and no complete
        answer came.
        """
        ...


class Reader(Transport, Protocol):
    """A client that also reads: for set-up, checks and files. Nothing here may be a send."""

    async def get(self, url: str, *, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the complete answer, whatever its status. Raises Unreachable."""
        ...

    async def post_file(
        self, url: str, fields: Mapping[str, str], file: "FileSource", *, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Post a form with one file in the part "file", streamed. Raises Unreachable."""
        ...

    async def download(self, url: str, *, headers: Mapping[str, str], rule: "HostRule", to: BinaryIO) -> "FetchedFile":
        """Write what a URL answers into `to`, counting bytes; never a step off the rule's hosts.

        Raises Unreachable, MediaGone, MediaRefused.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """A file of ours to hand over; `open` gives its bytes from the beginning."""

    name: str
    mime_type: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRule:
    """Where a file may be fetched from: names, or "*.example.com" for what is below one.

    `base_url` is the provider's own API: the same scheme, host and port is allowed even on a private address, since
    whoever runs the house wrote it into the settings. Everything else is https on public addresses.
    """

    hosts: tuple[str, ...] = ()
    is_any_public: bool = False
    base_url: str = ""
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """What was downloaded."""

    size: int
    mime_type: str = ""  #: as the server claims


class CheckState(StrEnum):
    """How one check of an account went."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"  #: it could not be found out


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be right for an account to work; the words are English source texts."""

    code: str  #: "token", "number", "webhook" …
    label: str
    state: CheckState
    detail: str = ""  #: what the provider says, without secrets
    remedy: str = ""
    inbox_address: str = ""  #: empty: of the whole account
    notice: AccountNotice | None = None  #: what was found, as the provider tells it by itself when it changes


async def ask(client: Reader, url: str, headers: Mapping[str, str]) -> HttpAnswer | None:
    """Return what a provider answers to a question for a check; None if it could not be asked."""
    try:
        return await client.get(url, headers=headers)
    except Unreachable:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A button of the set-up page: something the provider does when asked."""

    name: str
    label: str
    help_text: str = ""
    is_per_inbox: bool = False
    requests_history: bool = False  #: it asks for old messages; what comes of it is the id of the request


def credential(
    label: str,
    help_text: str = "",
    *,
    secret: bool = False,
    several: bool = False,
    generated: bool = False,
    choices: tuple[str, ...] = (),
    default: Any = MISSING,
) -> Any:
    """Declare a provider's field that is entered with the account. Secrets stay out of repr.

    A generated one defaults to empty, with which the provider refuses everybody.
    """
    return field(
        default="" if generated else default,
        repr=not secret,
        metadata={
            "source": FieldSource.CREDENTIAL,
            "label": label,
            "help_text": help_text,
            "secret": secret,
            "several": several,
            "generated": generated,
            "choices": choices,
        },
    )


def option(default: str | tuple[str, ...]) -> Any:
    """Declare a provider's field that comes from the project's settings, or from what is known of the account."""
    return field(default=default, metadata={"source": FieldSource.OPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(ABC):
    """One account at one messaging provider."""

    kind: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    shared_path: ClassVar[str] = ""  #: where all accounts of this kind are posted to; "": each has its own address

    @classmethod
    def credential_fields(cls) -> list[CredentialField]:
        """Return the credential form, in the order in which it is declared."""
        return [_credential_field(item) for item in _of_source(cls, FieldSource.CREDENTIAL)]

    @classmethod
    def option_names(cls) -> frozenset[str]:
        """Return the names of the settings this provider wants."""
        return frozenset(item.name for item in _of_source(cls, FieldSource.OPTION))

    def handshake(self, request: WebhookRequest) -> str:
        """Return the plain text that confirms our webhook URL.

        Raises WebhookRejected, which is also the answer of a provider without a handshake.
        """
        raise WebhookRejected("no_handshake")

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Return if the raw request comes from the provider; raises WebhookRejected."""

    @abstractmethod
    def parse(self, body: bytes) -> list[Event]:
        """Return every event of one delivery, in the provider's order; one body may carry many.

        A broken item becomes BrokenItem and an unknown one Ignored: neither stops the rest.
        Raises UnreadablePayload if the body is no delivery of this provider at all.
        """

    @abstractmethod
    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        """Hand one message to the provider, once. Raises SendError and nothing else."""

    async def upload(self, client: Reader, *, inbox_address: str, file: FileSource) -> str:
        """Hand over a file before the message that shows it; return the id to name it by.

        Safe to repeat. Only for MediaTransfer.UPLOAD. Raises SendError, never UncertainSend.
        """
        raise NotImplementedError

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        """Write a file that arrived into `to`. Raises Unreachable, MediaGone, MediaRefused, AuthFailed."""
        raise MediaGone("no_files")

    async def mark_read(
        self,
        client: Reader,
        *,
        inbox_address: str,
        recipient: Address,
        provider_message_id: str,
        is_typing: bool,
    ) -> None:
        """Tell the person that we have read up to here, and, if so, that we are writing. Raises SendError."""
        raise NotImplementedError

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        """Ask the provider whether this account can work; raises nothing that a provider may answer."""
        return []

    @classmethod
    def operations(cls) -> list[Operation]:
        """Return what can be asked of the provider at set-up."""
        return []

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        """Do one of `operations`; return what came of it in a short stable word or id.

        Raises SendError with the provider's code; KeyError if there is no such operation.
        """
        raise KeyError(name)

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        """Return what a stored error code of this provider means to a person."""
        return FailureReason.UNKNOWN


def _of_source(provider: type[Provider], source: FieldSource) -> list[Field[Any]]:
    return [item for item in fields(provider) if item.metadata.get("source") is source]


def _credential_field(item: Field[Any]) -> CredentialField:
    return CredentialField(
        name=item.name,
        label=item.metadata["label"],
        help_text=item.metadata["help_text"],
        is_secret=item.metadata["secret"],
        is_required=item.default is MISSING,
        is_generated=item.metadata["generated"],
        allows_several=item.metadata["several"],
        choices=item.metadata["choices"],
    )
