"""Any service that speaks the unified contract, as a provider."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar
from urllib.parse import urlsplit

from providers.base import (
    Check,
    CheckState,
    FetchedFile,
    HostRule,
    Provider,
    Reader,
    Transport,
    credential,
    gettext_noop,
    option,
)
from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer
from providers.contents import ContentKind, RemoteFile
from providers.errors import MediaGone, RefusedForNow, Rejected, UncertainSend, Unreachable
from providers.external import inbound, outbound, wire
from providers.types import DeliveryStatus, Event, FailureReason, OutboundMessage, SendResult, WebhookRequest

FILE_MAX_BYTES = 100 * MEGABYTE
BODY_MAX_MEGABYTES = 48
ROOM_FOR_WORDS = 64 * 1024
_MEGABYTES = re.compile(r"[0-9]{1,3}", re.ASCII)
_FILE = FileLimit(mime_types=(), max_bytes=FILE_MAX_BYTES, caption_max_length=outbound.TEXT_MAX_LENGTH)
_RECEIVED_FILES = frozenset({ContentKind.IMAGE, ContentKind.AUDIO, ContentKind.VIDEO, ContentKind.DOCUMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class External(Provider):
    """One account at a service that posts to `/api/messages` and is posted to at its own address."""

    kind: ClassVar[str] = "external"
    label: ClassVar[str] = gettext_noop("External adapter")
    capabilities: ClassVar[Capabilities] = Capabilities(
        receives=_RECEIVED_FILES | {ContentKind.TEXT},
        sends=_RECEIVED_FILES | {ContentKind.TEXT, ContentKind.VOICE},
        statuses=frozenset(DeliveryStatus),
        text_max_length=outbound.TEXT_MAX_LENGTH,
        files=dict.fromkeys(sorted(_RECEIVED_FILES | {ContentKind.VOICE}), _FILE),
        media_transfer=MediaTransfer.LINK,
        quotes_messages=True,
        receives_edits=True,
        receives_deletions=True,
        receives_echoes=True,
        has_groups=True,
        window_hours=None,
        resolves_uncertain=False,
        has_handshake=False,
    )
    shared_path: ClassVar[str] = wire.PATH

    token: str = credential(
        gettext_noop("Token"),
        gettext_noop("Proves who posts, both ways."),
        secret=True,
        generated=True,
    )
    endpoint_url: str = credential(
        gettext_noop("Address of the adapter"),
        gettext_noop("Where our messages are posted to. Without it the account only receives."),
        default="",
    )
    idempotent: str = credential(
        gettext_noop("Takes a message twice for one"),
        gettext_noop("The adapter knows a repeated idempotency_key: what got no answer is posted again."),
        choices=("true", "false"),
        default="false",
    )
    media_megabytes: str = credential(
        gettext_noop("Largest files inside a message, in megabytes"),
        gettext_noop("Files come as bytes or as links. Empty: what fits into a body of four megabytes."),
        default="",
    )
    account_name: str = option("")
    own_addresses: tuple[str, ...] = option(())

    @property
    def body_max_bytes(self) -> int:
        """How large a posted body may be, whose files take a third more than their bytes; 0: as everywhere."""
        wanted = int(self.media_megabytes) if _MEGABYTES.fullmatch(self.media_megabytes) else 0
        return min(wanted, BODY_MAX_MEGABYTES) * MEGABYTE * 4 // 3 + ROOM_FOR_WORDS if wanted else 0

    def verify(self, request: WebhookRequest) -> None:
        inbound.verify_token(request, token=self.token)

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body, provider=self.account_name, own_addresses=self.own_addresses)

    async def send(self, client: Transport, message: OutboundMessage) -> SendResult:
        if not self.endpoint_url:
            raise Rejected("no_endpoint", "The account has no address to post to.", reason=FailureReason.ACCOUNT)
        self.capabilities.require(message.content)
        body = outbound.build(message, provider=self.account_name)
        try:
            answer = await client.post(self.endpoint_url, body, headers=self._headers())
            return outbound.read_answer(answer)
        except UncertainSend as error:
            if self.idempotent != "true":
                raise
            # Whether it arrived or not: the same key is one message there.
            raise RefusedForNow(error.code, error.text, http_status=error.http_status) from error

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        if file.content is not None:
            to.write(file.content)
            return FetchedFile(size=len(file.content), mime_type=file.mime_type)
        if not file.url:
            raise MediaGone("no_url")
        rule = HostRule(is_any_public=True, base_url=self.endpoint_url, max_bytes=FILE_MAX_BYTES)
        return await client.download(file.url, headers={}, rule=rule, to=to)

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        return [await self._endpoint(client)]

    async def _endpoint(self, client: Reader) -> Check:
        label, code = gettext_noop("The adapter can be reached"), "endpoint"
        if not self.endpoint_url:
            remedy = gettext_noop("Enter its address; until then the account only receives.")
            return Check(code=code, label=label, state=CheckState.UNKNOWN, remedy=remedy)
        try:
            answer = await client.get(self.endpoint_url, headers=self._headers())
        except Unreachable as error:
            remedy = gettext_noop("Look whether the adapter runs, and at its address.")
            return Check(code=code, label=label, state=CheckState.BAD, detail=error.code, remedy=remedy)
        host = urlsplit(self.endpoint_url).hostname or ""
        return Check(code=code, label=label, state=CheckState.GOOD, detail=f"{host}: HTTP {answer.status}")

    def _headers(self) -> Mapping[str, str]:
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return inbound.reason_for(code)
