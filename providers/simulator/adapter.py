"""The simulated phone as a provider."""

import json
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Final
from urllib.parse import quote

from providers import meta
from providers.base import (
    FetchedFile,
    FileSource,
    HostRule,
    Provider,
    Reader,
    Transport,
    credential,
    gettext_noop,
    option,
)
from providers.capabilities import MEGABYTE, Capabilities
from providers.contents import RemoteFile
from providers.errors import MediaGone, NotSent, Unreachable
from providers.simulator import inbound, outbound
from providers.simulator.carries import CAPABILITIES
from providers.types import Event, FailureReason, OutboundMessage, SendResult, WebhookRequest

SIGNATURE_HEADER: Final = "x-simulator-signature"
LARGEST: Final = 20 * MEGABYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator(Provider):
    """Phones on the page /simulator/; an inbox's address is any word."""

    kind: ClassVar[str] = "simulator"
    label: ClassVar[str] = gettext_noop("Simulated phone")
    capabilities: ClassVar[Capabilities] = CAPABILITIES

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
            self._url("wire/"), body, headers={"Content-Type": "application/json", **self.sign(body)}
        )
        return outbound.read_answer(answer)

    async def upload(self, client: Reader, *, inbox_address: str, file: FileSource) -> str:
        told = json.dumps([inbox_address, file.name, file.mime_type])
        try:
            answer = await client.post_file(
                self._url("wire/files/"), {"told": told}, file, headers=self.sign(told.encode())
            )
        except Unreachable as error:
            raise NotSent(error.code, http_status=error.http_status) from error
        return outbound.read_file_answer(answer)

    async def fetch(self, client: Reader, *, inbox_address: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
        if not file.media_id:
            raise MediaGone("no_files")
        return await client.download(
            self._url(f"wire/files/{quote(file.media_id, safe='')}/"),
            headers=self.sign(file.media_id.encode()),
            rule=HostRule(base_url=self.simulator_url, max_bytes=LARGEST),
            to=to,
        )

    def _url(self, path: str) -> str:
        return f"{self.simulator_url.rstrip('/')}/simulator/{path}"

    @classmethod
    def reason_for(cls, code: str) -> FailureReason:
        return inbound.reason_for(code)
