"""What the entrances for providers have in common: small ASGI handlers beside Django's stack, which would cost
more than all they do. Nothing here knows what is posted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[Mapping[str, Any]], Awaitable[None]]

BODY_MAX = 4 * 1024 * 1024
BODY_SECONDS = 30
PLAIN = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller is told. Never more than it must know: it could be anybody."""

    status: int
    text: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class BodyTooLarge(Exception):
    """More bytes than are taken, announced or counted."""


async def answer_with(send: Send, answer: Answer, *, content_type: bytes = PLAIN) -> None:
    """Send a whole answer."""
    body = answer.text.encode()
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def read_headers(scope: Scope) -> dict[str, str]:
    """Return the headers by lower-case name, a repeated one joined as HTTP says."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def announced_size(headers: Mapping[str, str]) -> int:
    """Return how many bytes the body is said to have, 0 if nobody says so."""
    announced = headers.get("content-length", "")
    return int(announced[:20]) if announced.isascii() and announced.isdigit() else 0


async def read_body(headers: Mapping[str, str], receive: Receive, *, limit: int = BODY_MAX) -> bytes:
    """Return the whole body. Raises BodyTooLarge, and TimeoutError when it does not end or is broken off."""
    async with asyncio.timeout(BODY_SECONDS):
        return await _read_body(headers, receive, limit)


async def _read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    if announced_size(headers) > limit:
        raise BodyTooLarge
    body = bytearray()
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise TimeoutError
        body += part.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if not part.get("more_body", False):
            return bytes(body)
