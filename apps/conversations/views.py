"""Stored files of messages: to people by permission, to providers by signed address.

Files came from strangers, so nothing that is answered here may act: a type the browser may show is one we found in
the content ourselves, everything else is handed over for saving.
"""

import asyncio
import re
from typing import Self

from django.core.files.base import File
from django.core.handlers.asgi import ASGIRequest
from django.core.signing import BadSignature
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from apps.accounts.queries import actor_of_header
from apps.conversations.actions.files import clean_name
from apps.conversations.models import Attachment
from apps.conversations.queries import channel_name, signed_file, stored_file
from apps.core import requests
from apps.core.actors import NOBODY, Actor
from apps.core.file_types import OCTETS

SHOWN = re.compile(r"image/(jpeg|png|gif|webp)|application/pdf|(audio|video)/[a-z0-9.+-]+")
"""What a browser may show in place. Anything else is handed over for saving, as bytes of no type."""
NAMED = re.compile(r"application/(msword|zip|vnd\.[a-z0-9.+-]+)|text/(plain|csv|vcard|calendar)")
"""What a provider is told besides: some take no document without its type."""
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
CHUNK = 256 * 1024
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


@require_safe
def media(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """Answer with a file to whoever may see its message; the name in the path is for people only."""
    actor = _actor_of(request)
    if actor is NOBODY:
        return _closed()
    try:
        attachment = stored_file(actor, pk)
    except Attachment.DoesNotExist:
        return _missing()
    return _serve(request, attachment.file, attachment.mime_type, attachment.name or attachment.kind)


@require_safe
def media_thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Answer with the small picture of a file, by the same permission."""
    actor = _actor_of(request)
    if actor is NOBODY:
        return _closed()
    try:
        attachment = stored_file(actor, pk)
    except Attachment.DoesNotExist:
        return _missing()
    return _serve(request, attachment.thumbnail, "image/webp", "thumbnail.webp")


@csrf_exempt
@require_safe
def media_signed(request: HttpRequest, pk: int, signature: str, name: str) -> HttpResponseBase:
    """Answer a provider, which has nothing but the address, with a file as its channel takes it."""
    try:
        attachment = signed_file(pk, signature)
    except BadSignature:
        return _closed()
    except Attachment.DoesNotExist:
        return _missing()
    if attachment.channel_file:
        return _serve(
            request, attachment.channel_file, attachment.channel_mime_type, channel_name(attachment), is_named=True
        )
    return _serve(request, attachment.file, attachment.mime_type, channel_name(attachment), is_named=True)


def _actor_of(request: HttpRequest) -> Actor:
    """Return who asks: by the token if there is one, and then by nothing else."""
    if authorization := request.headers.get("Authorization"):
        return actor_of_header(authorization) or NOBODY
    actor = requests.actor_of(request)
    return actor if actor.user_id is not None else NOBODY


def _serve(
    request: HttpRequest, stored: FieldFile, claimed: str, name: str, *, is_named: bool = False
) -> HttpResponseBase:
    try:
        content = stored.open("rb")
        size = stored.size
    except (FileNotFoundError, ValueError):
        return _missing()
    mime_type = claimed.partition(";")[0].strip().lower()
    is_shown = SHOWN.fullmatch(mime_type) is not None
    is_told = is_shown or (is_named and NAMED.fullmatch(mime_type) is not None)
    part = _range(request.headers.get("Range", ""), size)
    if part is None:
        content.close()
        response: HttpResponseBase = HttpResponse(status=416, content_type="text/plain")
        response["Content-Range"] = f"bytes */{size}"
        return _guarded(response)
    first, last = part
    length = last - first + 1
    response = _body(request, content, first, length)
    if length < size:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Type"] = mime_type if is_told else OCTETS
    response["Content-Length"] = str(length)
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = (
        content_disposition_header(not is_shown, clean_name(name) or "file") or "attachment"
    )
    return _guarded(response)


def _body(request: HttpRequest, content: "File[bytes]", first: int, length: int) -> HttpResponseBase:
    if request.method == "HEAD":
        content.close()
        return HttpResponse()
    part = Part(content, first, length)
    return StreamingHttpResponse(AsyncPart(part) if isinstance(request, ASGIRequest) else part)


class Part:
    """A stretch of a file, in pieces; whoever answers with it closes it."""

    def __init__(self, content: "File[bytes]", first: int, length: int) -> None:
        self._content = content
        self._left = length
        content.seek(first)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        chunk = self._content.read(min(CHUNK, self._left)) if self._left > 0 else b""
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._content.close()


class AsyncPart:
    """The same for a server with an event loop: else all of it would be read before the first byte left."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self.close = part.close

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await asyncio.to_thread(next, self._part, b"")
        if not chunk:
            raise StopAsyncIteration
        return chunk


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that are asked for; None if there are none. Several ranges are all of it."""
    asked = RANGE.fullmatch(header.strip())
    if asked is None or asked.group(1, 2) == ("", ""):
        return 0, size - 1
    start, end = asked.group(1, 2)
    if not start:
        first, last = max(size - int(end), 0), size - 1
    else:
        first, last = int(start), min(int(end), size - 1) if end else size - 1
        if end and int(end) < first:
            return 0, size - 1  # not a range at all, says the standard
    return (first, last) if first <= last else None


def _closed() -> HttpResponseBase:
    return _guarded(HttpResponse("This path does not open anything.\n", status=403, content_type="text/plain"))


def _missing() -> HttpResponseBase:
    return _guarded(HttpResponse("There is no such file.\n", status=404, content_type="text/plain"))


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response[name] = value
    return response
