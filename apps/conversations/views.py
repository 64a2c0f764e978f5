"""Stored files of messages, for whoever holds a signed path."""

import re

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.conversations.models import Attachment
from apps.conversations.queries import MEDIA_SECONDS, signed_attachment

SHOWN = re.compile(r"image/(jpeg|png|gif|webp)|application/pdf|(audio|video)/[a-z0-9.+-]+")
"""What a browser may show in place. Anything else is handed over for saving, as bytes of no type."""


@require_safe
def media(request: HttpRequest, pk: int, signature: str, name: str) -> HttpResponseBase:
    """Answer with a file; the name in the path is for people only. It came from outside, so it may do nothing."""
    try:
        attachment = signed_attachment(pk, signature)
        content = attachment.file.open("rb")
    except (Attachment.DoesNotExist, FileNotFoundError):
        return _closed()
    mime_type = attachment.mime_type.partition(";")[0].strip().lower()
    is_shown = SHOWN.fullmatch(mime_type) is not None
    response = FileResponse(
        content,
        as_attachment=not is_shown,
        filename=attachment.name or attachment.kind,
        content_type=mime_type if is_shown else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = f"private, max-age={MEDIA_SECONDS}"
    return response


def _closed() -> HttpResponse:
    return HttpResponseForbidden("This path does not open anything.\n", content_type="text/plain")
