"""The WhatsApp Cloud API as a provider."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from providers import meta
from providers.base import (
    Check,
    FetchedFile,
    FileSource,
    Operation,
    Provider,
    Reader,
    Transport,
    credential,
    gettext_noop,
    option,
)
from providers.capabilities import Capabilities
from providers.contents import RemoteFile
from providers.types import Address, Event, FailureReason, OutboundMessage, SendResult, WebhookRequest
from providers.whatsapp import codes, inbound, media, outbound, setup
from providers.whatsapp.graph import Graph
from providers.whatsapp.limits import CAPABILITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsApp(Provider):
    """One Meta app with WhatsApp numbers; an inbox's address is its phone_number_id."""

    kind: ClassVar[str] = "whatsapp"
    label: ClassVar[str] = "WhatsApp Cloud API"
    capabilities: ClassVar[Capabilities] = CAPABILITIES

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
        return inbound.parse(body, waba_id=self.waba_id)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        answer = await client.post(
            self._graph.address(message.inbox_address, "/messages"),
            json.dumps(outbound.build(message, self.capabilities)).encode(),
            headers=self._graph.authorization | {"Content-Type": "application/json"},
        )
        return outbound.read_answer(answer)

    async def upload(self, client: Reader, *, inbox_address: str, file: FileSource) -> str:
        return await media.upload(self._graph, client, phone_number_id=inbox_address, file=file)

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        return await media.fetch(self._graph, client, phone_number_id=inbox_address, file=file, to=to)

    async def mark_read(
        self,
        client: Reader,
        *,
        inbox_address: str,
        recipient: Address,
        provider_message_id: str,
        is_typing: bool,
    ) -> None:
        receipt = outbound.read_receipt(provider_message_id, is_typing=is_typing)
        await self._graph.post(client, inbox_address, "/messages", receipt)

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        return await setup.check(
            self._graph, client, waba_id=self.waba_id, numbers=inbox_addresses, webhook_url=webhook_url
        )

    @classmethod
    def operations(cls) -> list[Operation]:
        return [setup.SUBSCRIBE]

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        if name != setup.SUBSCRIBE.name:
            raise KeyError(name)
        return await setup.subscribe(
            self._graph, client, waba_id=self.waba_id, webhook_url=webhook_url, verify_token=self.verify_token
        )

    @property
    def _graph(self) -> Graph:
        return Graph(url=self.graph_url, version=self.graph_version, token=self.access_token)

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return codes.reason_for(code)
