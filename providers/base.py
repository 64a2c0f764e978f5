"""What every messaging provider can do, and what it says of itself.

A provider is a frozen dataclass. Its fields are the form in which an account's credentials are
entered, its `capabilities` are data, its methods are pure but for `send`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from providers.errors import WebhookRejected
from providers.types import (
    ContentKind,
    DeliveryStatus,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. The feature table of the documentation is made from this."""

    receives: frozenset[ContentKind]  #: kinds that arrive as readable content
    sends: frozenset[ContentKind]  #: kinds that may be sent
    statuses: frozenset[DeliveryStatus]
    text_max_length: int  #: characters
    quotes_messages: bool  #: a reply can point at the message it answers
    window_hours: int | None  #: free text only this long after the person's last message
    resolves_uncertain: bool  #: statuses return our own token, so a lost answer can be found
    has_handshake: bool  #: the webhook URL is confirmed by a GET


class Transport(Protocol):
    """What `send` needs of the outbound HTTP client."""

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the complete answer, whatever its status.

        Raises NotSent if nothing was written, UncertainSend if something was and no complete
        answer came.
        """
        ...


def credential(
    label: str,
    help_text: str = "",
    *,
    secret: bool = False,
    several: bool = False,
    generated: bool = False,
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
        },
    )


def option(default: str) -> Any:
    """Declare a provider's field that comes from the project's settings."""
    return field(default=default, metadata={"source": FieldSource.OPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(ABC):
    """One account at one messaging provider."""

    kind: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]

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
    )
