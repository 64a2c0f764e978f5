"""Uploading a file that is to be sent: a form with one file, by session or by token.

A token comes with no cookie, so it needs no CSRF token; a session does.
"""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from apps.accounts.queries import actor_of_header
from apps.conversations.actions.files import UPLOAD_MAX_BYTES, add_upload
from apps.core.actors import Actor, Scope, require
from apps.core.requests import actor_of
from graphql_api.ids import to_id

FORM_BYTES = 64 * 1024
"""What the form around the file may have."""


@csrf_exempt
@require_POST
def upload(request: HttpRequest) -> HttpResponseBase:
    """Store the file in the part "file"; `kind` may say that it is a voice note, a sticker or a document."""
    if int(request.headers.get("Content-Length") or 0) > UPLOAD_MAX_BYTES + FORM_BYTES:
        return _refusal(
            413, "too_large", _("A file may have at most %(limit)d MB.") % {"limit": UPLOAD_MAX_BYTES >> 20}
        )
    if authorization := request.headers.get("Authorization"):
        actor = actor_of_header(authorization)
        if actor is None:
            return _refusal(401, "unauthenticated", _("A valid token is needed."), **{"WWW-Authenticate": "Bearer"})
        return _store(request, actor)
    return _by_session(request)


@csrf_protect
def _by_session(request: HttpRequest) -> HttpResponseBase:
    return _store(request, actor_of(request))


def _store(request: HttpRequest, actor: Actor) -> JsonResponse:
    try:
        require(actor, Scope.MESSAGES_SEND)
    except PermissionDenied as error:
        return _refusal(403, "permission", str(error))
    uploaded = request.FILES.getlist("file")
    if len(uploaded) != 1 or not hasattr(uploaded[0], "size"):
        return _refusal(400, "missing", _("Send one file in the part “file”."), field="file")
    try:
        row = add_upload(file=uploaded[0], actor=actor, kind=str(request.POST.get("kind", "")))
    except ValidationError as error:
        problems = [
            {"field": field, "code": one.code, "message": str(one.messages[0])}
            for field, found in error.error_dict.items()
            for one in found
        ]
        status = 503 if any(problem["code"] == "storage" for problem in problems) else 400
        return JsonResponse({"errors": problems}, status=status, headers={"Cache-Control": "no-store"})
    stored: dict[str, Any] = {
        "id": to_id("Attachment", row.pk),
        "kind": row.kind,
        "mimeType": row.mime_type,
        "name": row.name,
        "size": row.size,
    }
    return JsonResponse(stored, status=201, headers={"Cache-Control": "no-store"})


def _refusal(status: int, code: str, message: str, field: str = "", **headers: str) -> JsonResponse:
    problem = {"field": field, "code": code, "message": message}
    return JsonResponse({"errors": [problem]}, status=status, headers={"Cache-Control": "no-store", **headers})
