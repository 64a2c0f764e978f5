"""Maytapi as a provider."""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from pydantic import ValidationError

from providers.base import (
    Check,
    FetchedFile,
    HostRule,
    Operation,
    Provider,
    Reader,
    Transport,
    credential,
    gettext_noop,
    option,
)
from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer
from providers.contents import FILE_KINDS, ContentKind, RemoteFile
from providers.errors import MediaGone, Rejected, Unreachable, UnreadablePayload, WebhookRejected
from providers.maytapi import codes, inbound, outbound, setup, wire
from providers.meta import read_object
from providers.types import DeliveryStatus, Event, FailureReason, OutboundMessage, SendResult, WebhookRequest

_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_LARGEST = 100 * MEGABYTE
_IN_WORDS = frozenset({ContentKind.TEXT, ContentKind.LOCATION, ContentKind.CONTACTS})

CAPABILITIES = Capabilities(
    receives=FILE_KINDS | _IN_WORDS | {ContentKind.SYSTEM, ContentKind.UNSUPPORTED},
    sends=FILE_KINDS | _IN_WORDS,
    statuses=frozenset(DeliveryStatus),
    text_max_length=6000,
    splits_text=True,
    files={
        ContentKind.IMAGE: FileLimit(
            mime_types=("image/jpeg", "image/png", "image/webp"), max_bytes=16 * MEGABYTE, caption_max_length=1024
        ),
        ContentKind.AUDIO: FileLimit(
            mime_types=("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/amr"), max_bytes=16 * MEGABYTE
        ),
        ContentKind.VOICE: FileLimit(mime_types=("audio/ogg",), max_bytes=16 * MEGABYTE),
        ContentKind.VIDEO: FileLimit(
            mime_types=("video/mp4", "video/3gpp"), max_bytes=16 * MEGABYTE, caption_max_length=1024
        ),
        ContentKind.DOCUMENT: FileLimit(mime_types=(), max_bytes=_LARGEST, caption_max_length=1024),
        ContentKind.STICKER: FileLimit(mime_types=("image/webp",), max_bytes=MEGABYTE),
    },
    media_transfer=MediaTransfer.LINK,
    quotes_messages=True,
    receives_reactions=True,
    sends_reactions=True,
    receives_edits=True,
    sends_edits=True,
    receives_deletions=True,
    sends_deletions=True,
    receives_echoes=True,
    echoes_sends=True,
    renames_sends=True,
    has_groups=True,
    window_hours=None,
    resolves_uncertain=False,
    has_handshake=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maytapi(Provider):
    """One product at Maytapi with its phones; an inbox's address is the phone id."""

    kind: ClassVar[str] = "maytapi"
    label: ClassVar[str] = "Maytapi"
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    product_id: str = credential(
        gettext_noop("Product ID"),
        gettext_noop("From Maytapi's page; every webhook must name it."),
    )
    api_key: str = credential(
        gettext_noop("API key"),
        gettext_noop("The token of the same page."),
        secret=True,
    )
    maytapi_url: str = option("https://api.maytapi.com")

    @property
    def base(self) -> str:
        """Where this product is at Maytapi."""
        if not _ID.fullmatch(self.product_id):
            raise Rejected(
                "wrong_product", "A product id has letters, digits and hyphens.", reason=FailureReason.ACCOUNT
            )
        return f"{self.maytapi_url.rstrip('/')}/api/{self.product_id}"

    @property
    def headers(self) -> Mapping[str, str]:
        """What proves to Maytapi who we are."""
        return {"x-maytapi-key": self.api_key, "Content-Type": "application/json"}

    def verify(self, request: WebhookRequest) -> None:
        """Maytapi signs nothing: the secret of our URL proves the caller, and the body must be of this product."""
        try:
            products = wire.Delivery.model_validate(read_object(request.body)).products
        except (UnreadablePayload, ValidationError) as error:
            raise WebhookRejected("unreadable") from error
        own = self.product_id.encode()
        if not products or not all(hmac.compare_digest(product.encode(), own) for product in products):
            raise WebhookRejected("wrong_product")

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        self.capabilities.require(message.content)
        if not _ID.fullmatch(message.inbox_address):
            raise Rejected("wrong_inbox", "An inbox's address is the phone id.", reason=FailureReason.REQUEST)
        url = f"{self.base}/{message.inbox_address}/sendMessage"
        answer = await client.post(url, json.dumps(outbound.build(message)).encode(), headers=self.headers)
        return outbound.read_answer(answer, message)

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        if not file.url:
            raise MediaGone("no_link")
        hosts = ("cdn.maytapi.com", "*.maytapi.com", "cdnydm.com", "*.cdnydm.com")
        rule = HostRule(hosts=hosts, base_url=self.maytapi_url, max_bytes=_LARGEST)
        return await client.download(file.url, headers={}, rule=rule, to=to)

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        phones = await setup.check_phones(client, f"{self.base}/listPhones", self.headers, inbox_addresses)
        return [*phones, *await setup.check_webhook(client, f"{self.base}/product", self.headers, webhook_url)]

    @classmethod
    def operations(cls) -> list[Operation]:
        return [
            Operation(
                name="set_webhook",
                label=gettext_noop("Set the webhook"),
                help_text=gettext_noop("Maytapi then sends messages and delivery notices of all its phones here."),
            ),
            Operation(
                name="list_phones",
                label=gettext_noop("List phones"),
                help_text=gettext_noop("The id of each is the address of an inbox."),
            ),
        ]

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        match name:
            case "set_webhook":
                await self._set(client, "setWebhook", {"webhook": webhook_url})
                await self._set(client, "setAckPreference", {"ack_delivery": True})
                return "webhook_set"
            case "list_phones":
                return await self._list_phones(client)
            case _:
                raise KeyError(name)

    async def _set(self, client: Reader, call: str, body: dict[str, Any]) -> None:
        """Change a setting of the product, whose new state is the answer. Raises SendError."""
        answer = await client.post(f"{self.base}/{call}", json.dumps(body).encode(), headers=self.headers)
        outbound.require_no_refusal(answer)

    async def _list_phones(self, client: Reader) -> str:
        answer = await client.get(f"{self.base}/listPhones", headers=self.headers)
        outbound.require_no_refusal(answer)
        phones = setup.read_phones(answer)
        if phones is None:
            raise Unreachable("unreadable_answer", http_status=answer.status)
        return ", ".join(f"{phone.id} {phone.number} {phone.status}".replace("  ", " ") for phone in phones) or "none"

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return codes.reason_for(code)
