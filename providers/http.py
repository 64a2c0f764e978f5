"""The one outbound HTTP client.

Its whole point is to know whether anything was written. Before the first byte of a request every
failure is NotSent; from then on every failure is UncertainSend. There are no retries, no
redirects and no reused connections: a kept connection that turns out dead cannot tell which of
the two it was. Bodies, tokens and URLs are never logged.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp

from providers.errors import NotSent, SendError, UncertainSend
from providers.types import HttpAnswer

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0
PERMIT_SECONDS = 5.0
ANSWER_MAX_BYTES = 1024 * 1024


class HttpClient:
    """A client for one event loop; use it as an async context manager.

    `connect_seconds` is for name, connection and TLS together, `total_seconds` for everything up
    to the last byte of the answer.
    """

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS) -> None:
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(_before_first_byte)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
            trace_configs=[tracing],
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def permitted(self, at: float) -> "PermittedClient":
        """Return a client that writes only within 5 s of a permit given at `at`, monotonic time.

        A process that was stopped in between wakes up and must not send what somebody else may
        have taken over.
        """
        return PermittedClient(client=self, permit_at=at)

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        permit_at: float | None = None,
    ) -> HttpAnswer:
        """Return the complete answer, whatever its status. Raises NotSent or UncertainSend.

        With `permit_at`, nothing is written later than 5 s after it.
        """
        progress = _Progress(deadline=None if permit_at is None else permit_at + PERMIT_SECONDS)
        if self._session is None:
            raise RuntimeError("HttpClient is used outside its `async with`.")
        try:
            async with (
                asyncio.timeout(self._total_seconds),
                self._session.post(
                    url,
                    data=body,
                    headers=dict(headers),
                    allow_redirects=False,
                    trace_request_ctx=progress,
                ) as response,
            ):
                progress.http_status = response.status
                return await _read(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # OSError has TimeoutError
            raise _explain(error, progress) from error


@dataclass(frozen=True, slots=True)
class PermittedClient:
    """A client bound to one write permit."""

    client: HttpClient
    permit_at: float

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the complete answer. Raises NotSent, also when the permit is too old."""
        return await self.client.post(url, body, headers=headers, permit_at=self.permit_at)


@dataclass(slots=True)
class _Progress:
    """How far one request came."""

    deadline: float | None = None  #: monotonic time after which no byte may be written
    is_writing: bool = False
    http_status: int | None = None


async def _before_first_byte(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    """Stand at the point of no return. aiohttp calls this when connected, before it writes."""
    progress: _Progress = context.trace_request_ctx
    if progress.deadline is not None and time.monotonic() > progress.deadline:
        raise NotSent("permit_expired", "Too much time passed since the permit to write.")
    progress.is_writing = True


async def _read(response: aiohttp.ClientResponse) -> HttpAnswer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise UncertainSend("answer_too_large", "The answer is too large.", http_status=response.status)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(status=response.status, headers=headers, body=bytes(body))


def _explain(error: Exception, progress: _Progress) -> SendError:
    if progress.is_writing:
        code, text = _written_code(error)
        return UncertainSend(code, text, http_status=progress.http_status)
    code, text = _unwritten_code(error)
    return NotSent(code, text)


def _written_code(error: Exception) -> tuple[str, str]:
    if isinstance(error, TimeoutError):
        return "read_timeout", "No complete answer in time."
    if isinstance(error, aiohttp.ClientPayloadError):
        return "answer_truncated", "The answer broke off."
    return "connection_lost", "The connection was lost before the answer."


def _unwritten_code(error: Exception) -> tuple[str, str]:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "dns", "The name of the provider could not be resolved."
        case aiohttp.ClientSSLError():
            return "tls", "No secure connection could be made."
        case TimeoutError():
            return "connect_timeout", "No connection in time."
        case aiohttp.ClientConnectorError():
            return "connection_refused", "No connection could be made."
        case ValueError():
            return "invalid_url", "The provider's URL is not usable."
        case _:
            return "connection_failed", "The connection failed before anything was written."
