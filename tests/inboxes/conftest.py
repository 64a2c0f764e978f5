"""The webhook as a provider, or anybody, reaches it."""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.factories import APP_SECRET, make_inbox
from tests.providers.meta_webhooks import WebhookSender, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who speaks HTTP with the server."""

    host: str
    port: int
    path: str

    def ask(
        self,
        method: str = "POST",
        path: str | None = None,
        *,
        body: bytes | Iterator[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, path or self.path, body, dict(headers or {}), encode_chunked=False)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answered(status=response.status, headers=names, body=response.read())
        finally:
            connection.close()

    def post_signed(self, body: bytes, *, secret: str = APP_SECRET, **headers: str) -> int:
        """Post with a good signature and return the status."""
        return self.ask(body=body, headers={"X-Hub-Signature-256": sign(body, secret), **headers}).status

    def raw(self, data: bytes) -> socket.socket:
        """Open a socket and write these bytes."""
        opened = socket.create_connection((self.host, self.port), timeout=20)
        opened.sendall(data)
        return opened


@pytest.fixture
def inbox(transactional_db):
    return make_inbox()


@pytest.fixture
def caller(server, inbox) -> Caller:
    place = urlsplit(server)
    return Caller(host=place.hostname or "", port=place.port or 0, path=inbox.account.webhook_path)


@pytest.fixture
def meta(server, inbox) -> WebhookSender:
    return WebhookSender(url=server + inbox.account.webhook_path, app_secret=APP_SECRET, phone_number_id=inbox.address)


@pytest.fixture
def process(run_jobs: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """Process what is in the journal."""
    return run_jobs
