"""Django's own pages behind ASGI."""

import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

type Receive = Callable[[], Awaitable[Mapping[str, Any]]]
type Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MEGABYTE = 1024 * 1024
BODY_BYTES = 101 * MEGABYTE
"""What a request may bring, the largest file with its form: all of it is kept before anybody asks who sent it."""

# Whitenoise hands out static files as synchronous iterators: short ones, which Django may well read at once.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class Pages(ASGIHandler):
    """Runs all of a request, middleware and view, in one thread.

    Everything there is synchronous. Django would take each request back and forth between the event loop and
    its thread, several times for each middleware, which costs as much as most pages.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; one that brings too much is refused before it is read, or cut off."""
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if len(told) > 12 or (told.isdigit() and int(told) > BODY_BYTES):
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": b"This is too large.\n"})
            return
        await super().handle(scope, _counted(receive, BODY_BYTES), send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await sync_to_async(self.get_response)(request)
        return response


def _counted(receive: Receive, most: int) -> Receive:
    """Receive a body up to so many bytes; with more than that whoever sends it is hung up on."""
    size = 0

    async def counted() -> Mapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        return message if size <= most else {"type": "http.disconnect"}

    return counted
