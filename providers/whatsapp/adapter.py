"""The WhatsApp Cloud API as a provider."""

import json
import re
from dataclasses import dataclass
from typing import ClassVar

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
from providers.errors import Rejected
from providers.types import DeliveryStatus, Event, FailureReason, OutboundMessage, SendResult, WebhookRequest
from providers.whatsapp import codes, inbound, outbound

_PHONE_NUMBER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsApp(Provider):
    """One Meta app with WhatsApp numbers; an inbox's address is its phone_number_id."""

    kind: ClassVar[str] = "whatsapp"
    label: ClassVar[str] = "WhatsApp Cloud API"
    capabilities: ClassVar[Capabilities] = Capabilities(
        receives=frozenset({ContentKind.TEXT}),
        sends=frozenset({ContentKind.TEXT}),
        statuses=frozenset(DeliveryStatus),
        text_max_length=outbound.TEXT_MAX_LENGTH,
        quotes_messages=True,
        window_hours=24,
        resolves_uncertain=True,
        has_handshake=True,
    )

    app_secret: tuple[str, ...] = credential(
        gettext_noop("App secret"),
        gettext_noop("Signs every webhook. Several are accepted while a secret is being changed."),
        secret=True,
        several=True,
    )
    access_token: str = credential(
        gettext_noop("Access token"),
        gettext_noop("A system user's token with the whatsapp_business_messaging permission."),
        secret=True,
    )
    verify_token: str = credential(
        gettext_noop("Verify token"),
        gettext_noop("Any word; enter the same one beside the webhook URL at Meta."),
        generated=True,
    )
    waba_id: str = credential(
        gettext_noop("WhatsApp Business Account ID"),
        default="",
    )
    graph_url: str = option("https://graph.facebook.com")
    graph_version: str = option("v25.0")

    def handshake(self, request: WebhookRequest) -> str:
        return meta.answer_handshake(request, verify_token=self.verify_token)

    def verify(self, request: WebhookRequest) -> None:
        meta.verify_signature(request, secrets=self.app_secret)

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        if not _PHONE_NUMBER_ID.fullmatch(message.inbox_address):
            raise Rejected("wrong_inbox", "An inbox's address is its phone_number_id.")
        base = f"{self.graph_url.rstrip('/')}/{self.graph_version}"
        answer = await client.post(
            f"{base}/{message.inbox_address}/messages",
            json.dumps(outbound.build(message)).encode(),
            headers={
                "Authorization": f"Bearer {self.access_token}",
                "Content-Type": "application/json",
            },
        )
        return outbound.read_answer(answer)

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return codes.reason_for(code)
