"""Instagram as a provider."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar
from urllib.parse import urlencode

from providers import meta
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
from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer, MenuLimit, TextUnit
from providers.contents import ContentKind, RemoteFile
from providers.errors import MediaGone, Rejected
from providers.instagram import codes, inbound, outbound, setup
from providers.types import (
    Address,
    DeliveryStatus,
    Event,
    FailureReason,
    OutboundMessage,
    SendResult,
    WebhookRequest,
)

_ACCOUNT_ID = re.compile(r"[0-9]{1,64}", re.ASCII)
_LARGEST = 100 * MEGABYTE

CAPABILITIES = Capabilities(
    receives=frozenset(
        {
            ContentKind.TEXT,
            ContentKind.IMAGE,
            ContentKind.AUDIO,
            ContentKind.VIDEO,
            ContentKind.DOCUMENT,
            ContentKind.INTERACTIVE,
            ContentKind.SYSTEM,
            ContentKind.UNSUPPORTED,
        }
    ),
    sends=frozenset(
        {
            ContentKind.TEXT,
            ContentKind.IMAGE,
            ContentKind.AUDIO,
            ContentKind.VOICE,
            ContentKind.VIDEO,
            ContentKind.DOCUMENT,
            ContentKind.INTERACTIVE,
        }
    ),
    statuses=frozenset({DeliveryStatus.READ}),
    text_max_length=1000,
    text_unit=TextUnit.BYTES,
    splits_text=True,
    files={
        ContentKind.IMAGE: FileLimit(mime_types=("image/jpeg", "image/png"), max_bytes=8 * MEGABYTE),
        ContentKind.AUDIO: FileLimit(
            mime_types=("audio/mp4", "audio/aac", "audio/x-m4a", "audio/wav", "audio/x-wav"), max_bytes=25 * MEGABYTE
        ),
        ContentKind.VOICE: FileLimit(mime_types=("audio/mp4", "audio/aac", "audio/wav"), max_bytes=25 * MEGABYTE),
        ContentKind.VIDEO: FileLimit(
            mime_types=("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"),
            max_bytes=25 * MEGABYTE,
        ),
        ContentKind.DOCUMENT: FileLimit(mime_types=("application/pdf",), max_bytes=25 * MEGABYTE),
    },
    media_transfer=MediaTransfer.LINK,
    menus=MenuLimit(buttons=13, button_title=20, body=500),
    quotes_messages=True,
    receives_reactions=True,
    sends_reactions=True,
    receives_edits=True,
    receives_deletions=True,
    receives_echoes=True,
    echoes_sends=True,
    sends_read_receipts=True,
    sends_typing=True,
    window_hours=24,
    late_hours=168,
    messages_per_second=300,
    resolves_uncertain=False,
    has_handshake=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instagram(Provider):
    """One Meta app with Instagram accounts; an inbox's address is the account's id."""

    kind: ClassVar[str] = "instagram"
    label: ClassVar[str] = "Instagram"
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    app_secret: tuple[str, ...] = credential(
        gettext_noop("App secret"),
        gettext_noop("Of the Instagram app, and of the Meta app where they differ: any of them is good."),
        secret=True,
        several=True,
    )
    access_token: str = credential(
        gettext_noop("Access token"),
        gettext_noop("Of the Instagram account, or of its page with Facebook login."),
        secret=True,
    )
    verify_token: str = credential(
        gettext_noop("Verify token"),
        gettext_noop("Any word; enter the same one beside the webhook URL at Meta."),
        generated=True,
    )
    login: str = credential(
        gettext_noop("Login"),
        gettext_noop("instagram, or facebook where the account is reached through its page."),
        choices=("instagram", "facebook"),
        default="instagram",
    )
    instagram_graph_url: str = option("https://graph.instagram.com")
    graph_url: str = option("https://graph.facebook.com")
    graph_version: str = option("v25.0")

    @property
    def base(self) -> str:
        """The Graph that knows this account."""
        url = self.graph_url if self.login == "facebook" else self.instagram_graph_url
        return f"{url.rstrip('/')}/{self.graph_version}"

    @property
    def rule(self) -> HostRule:
        """Where files of messages are."""
        hosts = ("lookaside.fbsbx.com", "*.cdninstagram.com", "*.fbcdn.net")
        return HostRule(hosts=hosts, base_url=self.base, max_bytes=_LARGEST)

    @property
    def headers(self) -> Mapping[str, str]:
        """What proves to Graph who we are."""
        return {"Authorization": f"Bearer {self.access_token}", "Content-Type": "application/json"}

    def handshake(self, request: WebhookRequest) -> str:
        return meta.answer_handshake(request, verify_token=self.verify_token)

    def verify(self, request: WebhookRequest) -> None:
        meta.verify_signature(request, secrets=self.app_secret)

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body, self.rule)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        self.capabilities.require(message.content)
        url = self._url(message.inbox_address, "messages")
        answer = await client.post(url, json.dumps(outbound.build(message)).encode(), headers=self.headers)
        return outbound.read_answer(answer, message)

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        if not file.url:
            raise MediaGone("no_link")
        return await client.download(file.url, headers={}, rule=self.rule, to=to)

    async def mark_read(
        self,
        client: Reader,
        *,
        inbox_address: str,
        recipient: Address,
        provider_message_id: str,
        is_typing: bool,
    ) -> None:
        for action in ("mark_seen", "typing_on") if is_typing else ("mark_seen",):
            body: dict[str, Any] = {"recipient": {"id": outbound.igsid(recipient)}, "sender_action": action}
            url = self._url(inbox_address, "messages")
            answer = await client.post(url, json.dumps(body).encode(), headers=self.headers)
            if answer.status != 200:
                raise meta.send_error(answer, codes.RULES, codes.SUBRULES)

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        found = [await setup.check_token(client, f"{self.base}/me", self.headers)]
        for address in inbox_addresses:
            if not _ACCOUNT_ID.fullmatch(address):
                found.append(setup.wrong_number(address))
                continue
            found.append(await setup.check_number(client, f"{self.base}/{address}", self.headers, address))
            url = self._url(address, "subscribed_apps")
            found.append(await setup.check_webhook(client, url, self.headers, address))
        return found

    @classmethod
    def operations(cls) -> list[Operation]:
        return [
            Operation(
                name="subscribe",
                label=gettext_noop("Subscribe to messages"),
                help_text=gettext_noop("Meta then sends this account's messages to the app's webhook."),
                is_per_inbox=True,
            )
        ]

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        if name != "subscribe":
            raise KeyError(name)
        try:
            await self._subscribe(client, inbox_address, setup.FIELDS)
        except Rejected as error:
            if error.code != setup.INVALID_PARAMETER:
                raise
            await self._subscribe(client, inbox_address, setup.CERTAIN_FIELDS)
        return "subscribed"

    async def _subscribe(self, client: Reader, inbox_address: str, fields: Sequence[str]) -> None:
        url = self._url(inbox_address, "subscribed_apps")
        query = urlencode({"subscribed_fields": ",".join(fields)})
        answer = await client.post(f"{url}?{query}", b"{}", headers=self.headers)
        if answer.status != 200:
            raise meta.send_error(answer, codes.RULES, codes.SUBRULES)

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return codes.reason_for(code)

    def _url(self, inbox_address: str, edge: str) -> str:
        """Return an address of the account's own; a page token knows its page. Raises Rejected."""
        if not _ACCOUNT_ID.fullmatch(inbox_address):
            raise Rejected("wrong_inbox", "An inbox's address is the id of the Instagram account.")
        return f"{self.base}/{'me' if self.login == 'facebook' else inbox_address}/{edge}"
