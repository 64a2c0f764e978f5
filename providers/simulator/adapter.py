"""The simulated phone as a provider."""

from dataclasses import dataclass
from typing import ClassVar, Final

from providers import meta
from providers.base import (
    Provider,
    Transport,
    credential,
    gettext_noop,
    option,
)
from providers.capabilities import Capabilities
from providers.contents import ContentKind
from providers.simulator import inbound, outbound
from providers.types import DeliveryStatus, Event, FailureReason, OutboundMessage, SendResult, WebhookRequest

SIGNATURE_HEADER: Final = "x-simulator-signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator(Provider):
    """Phones on the page /simulator/; an inbox's address is any word."""

    kind: ClassVar[str] = "simulator"
    label: ClassVar[str] = gettext_noop("Simulated phone")
    capabilities: ClassVar[Capabilities] = Capabilities(
        receives=frozenset({ContentKind.TEXT}),
        sends=frozenset({ContentKind.TEXT}),
        statuses=frozenset(DeliveryStatus),
        text_max_length=outbound.TEXT_MAX_LENGTH,
        quotes_messages=True,
        window_hours=None,
        resolves_uncertain=True,
        has_handshake=False,
    )

    secret: str = credential(
        gettext_noop("Secret"),
        gettext_noop("Signs what passes between the phone and us, both ways."),
        secret=True,
        generated=True,
    )
    simulator_url: str = option("http://127.0.0.1:8000")

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the headers that prove to either side that the other one wrote this."""
        return {SIGNATURE_HEADER: meta.sign(body, self.secret)}

    def verify(self, request: WebhookRequest) -> None:
        meta.verify_signature(request, secrets=[self.secret], header=SIGNATURE_HEADER)

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        body = outbound.build(message)
        answer = await client.post(
            f"{self.simulator_url.rstrip('/')}/simulator/wire/",
            body,
            headers={"Content-Type": "application/json", **self.sign(body)},
        )
        return outbound.read_answer(answer)

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return inbound.reason_for(code)
