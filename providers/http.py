"""The one outbound HTTP client.

Its whole point is to know whether anything was written. Before the first byte of a send every
failure is NotSent; from then on every failure is UncertainSend. There are no retries, no
redirects and no reused connections: a kept connection that turns out dead cannot tell which of
the two it was. Reading (get, post_file, download) may be repeated, so every failure of it is
Unreachable; a download alone follows redirects, and only where its rule allows. Bodies, tokens
and URLs are never logged.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import BinaryIO, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from providers.base import FetchedFile, FileSource, HostRule
from providers.errors import FetchError, MediaGone, MediaRefused, NotSent, SendError, UncertainSend, Unreachable
from providers.guard import host_of, require_allowed, require_public
from providers.types import HttpAnswer

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0
PERMIT_SECONDS = 5.0
ANSWER_MAX_BYTES = 1024 * 1024
FILE_SECONDS = 60.0
STEP_SECONDS = 10.0
STEP_BYTES = 32 * 1024
"""A file that does not come on by this much in that time will not come."""
REDIRECTS = 3
LATER = frozenset({401, 403, 408, 425, 429})
"""Answers below 500 after which another try makes sense: a token can be renewed, and a crowd goes home."""

type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_rest, address in found]


class HttpClient:
    """A client for one event loop; use it as an async context manager.

    `connect_seconds` is for name, connection and TLS together, `total_seconds` for everything up
    to the last byte of the answer, `file_seconds` the same for a file.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        file_seconds: float = FILE_SECONDS,
        step_seconds: float = STEP_SECONDS,
        resolve: Resolve = addresses_of,
    ) -> None:
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._file_seconds = file_seconds
        self._step_seconds = step_seconds
        self._resolve = resolve
        self._closing = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(_before_first_byte)
        self._session = await self._open(aiohttp.TCPConnector(force_close=True, limit=0), tracing)
        strict = aiohttp.TCPConnector(
            resolver=_PublicResolver(self._resolve), use_dns_cache=False, force_close=True, limit=0
        )
        self._guarded = await self._open(strict)
        return self

    async def _open(self, connector: aiohttp.TCPConnector, *tracing: aiohttp.TraceConfig) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
            trace_configs=list(tracing),
        )
        return await self._closing.enter_async_context(session)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session = self._guarded = None
        await self._closing.aclose()

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
        try:
            async with (
                asyncio.timeout(self._total_seconds),
                _opened(self._session).post(
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

    async def get(self, url: str, *, headers: Mapping[str, str]) -> HttpAnswer:
        """Return the complete answer, whatever its status. Raises Unreachable. For URLs of the provider's own API."""
        return await self._ask("GET", url, headers=headers, seconds=self._total_seconds)

    async def post_file(
        self, url: str, fields: Mapping[str, str], file: FileSource, *, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Post a form with one file in the part "file", streamed. Raises Unreachable."""
        form = aiohttp.FormData(dict(fields), quote_fields=False)
        with file.open() as content:
            form.add_field("file", content, filename=_plain(file.name), content_type=file.mime_type)
            return await self._ask("POST", url, headers=headers, seconds=self._file_seconds, data=form)

    async def _ask(
        self, method: str, url: str, *, headers: Mapping[str, str], seconds: float, data: aiohttp.FormData | None = None
    ) -> HttpAnswer:
        progress = _Progress()
        try:
            async with (
                asyncio.timeout(seconds),
                _opened(self._session).request(
                    method,
                    url,
                    data=data,
                    headers=dict(headers),
                    allow_redirects=False,
                    trace_request_ctx=progress,
                ) as response,
            ):
                progress.http_status = response.status
                return await _read(response)
        except UncertainSend as error:  # the answer is too large
            raise Unreachable(error.code, http_status=error.http_status) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreachable(error, progress) from error

    async def download(self, url: str, *, headers: Mapping[str, str], rule: HostRule, to: BinaryIO) -> FetchedFile:
        """Write what a URL answers into `to`, from its beginning; at most 3 redirects, each within the rule.

        Raises: Unreachable, MediaGone, MediaRefused; the OSError of `to` when that cannot be written.
        """
        progress = _Progress()
        try:
            async with asyncio.timeout(self._file_seconds):
                for _step in range(REDIRECTS + 1):
                    onward = await self._fetch(url, headers, rule, to, progress)
                    if isinstance(onward, FetchedFile):
                        return onward
                    if _site(onward) != _site(url):
                        headers = {}  # what proves who we are is for whoever it was made for
                    url = onward
        except _CannotWrite as error:
            raise error.cause from error
        except MediaRefused as error:
            logger.warning("media.blocked reason=%s host=%s", error.code, host_of(url))
            raise
        except ValueError as error:  # aiohttp's InvalidURL too
            raise MediaRefused("blocked_host") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error, progress) from error
        raise MediaRefused("too_many_redirects")

    async def _fetch(
        self, url: str, headers: Mapping[str, str], rule: HostRule, to: BinaryIO, progress: "_Progress"
    ) -> FetchedFile | str:
        """Take one step: return the file, or the URL where it is said to be instead."""
        is_own = require_allowed(url, rule)
        session = _opened(self._session if is_own else self._guarded)
        async with session.get(
            url,
            headers={"Accept-Encoding": "identity", **headers},
            allow_redirects=False,
            auto_decompress=False,
            trace_request_ctx=progress,
        ) as response:
            progress.is_writing, progress.http_status = True, response.status
            if 300 <= response.status < 400 and (location := response.headers.get("Location")):
                return urljoin(url, location)
            _require_file(response, rule.max_bytes)
            size = await self._copy(response, to, rule.max_bytes)
            return FetchedFile(size=size, mime_type=response.headers.get("Content-Type", "")[:200])

    async def _copy(self, response: aiohttp.ClientResponse, to: BinaryIO, max_bytes: int) -> int:
        """Copy the body and count it, whatever length it announced."""
        _write(to, None)
        size = step = 0
        async with asyncio.timeout(self._step_seconds) as patience:
            async for chunk in response.content.iter_chunked(64 * 1024):
                size += len(chunk)
                step += len(chunk)
                if size > max_bytes:
                    raise MediaRefused("too_large", http_status=response.status)
                _write(to, chunk)
                if step >= STEP_BYTES:
                    step = 0
                    patience.reschedule(asyncio.get_running_loop().time() + self._step_seconds)
        return size


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


class _PublicResolver(AbstractResolver):
    """Resolves a name once, and only to addresses of the open internet; the connection goes to those."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises OSError, MediaRefused."""
        addresses = await self._resolve(host, port)
        require_public(addresses)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in dict.fromkeys(addresses)
        ]

    async def close(self) -> None:
        """Hold nothing."""


class _CannotWrite(Exception):
    """Our own disk failed, not the network."""

    def __init__(self, cause: OSError) -> None:
        super().__init__()
        self.cause = cause


def _write(to: BinaryIO, chunk: bytes | None) -> None:
    """Write a chunk; without one begin anew."""
    try:
        if chunk is None:
            to.seek(0)
            to.truncate()
        else:
            to.write(chunk)
    except OSError as error:
        raise _CannotWrite(error) from error


def _require_file(response: aiohttp.ClientResponse, max_bytes: int) -> None:
    """Raise unless the answer is a file that we take."""
    status = response.status
    if status in LATER or status >= 500 or status < 200 or 300 <= status < 400:
        raise Unreachable(f"http_{status}", http_status=status)
    if status != 200:
        raise MediaGone(f"http_{status}", http_status=status)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaRefused("compressed", http_status=status)  # small here, and who knows how large unpacked
    if (response.content_length or 0) > max_bytes:
        raise MediaRefused("too_large", http_status=status)


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _opened(session: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
    if session is None:
        raise RuntimeError("HttpClient is used outside its `async with`.")
    return session


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


def _unreachable(error: Exception, progress: _Progress) -> FetchError:
    code, _text = _written_code(error) if progress.is_writing else _unwritten_code(error)
    return Unreachable(code, http_status=progress.http_status)


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
