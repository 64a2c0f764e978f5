"""GraphQL over HTTP: JSON by POST, a token, one operation, and nothing else.

No cookie is looked at, so no other site can borrow a session; that is why there is no CSRF token either.
"""

import json
from typing import Any, Literal

from cross_web import HTTPException
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from strawberry.django.views import GraphQLView

from apps.accounts.queries import actor_for_token
from graphql_api.context import Context

MAX_BYTES = 64 * 1024
BEARER = "bearer "


class TokenGraphQLView(GraphQLView[Context, None]):
    """The door of applications."""

    graphql_ide: Literal[None] = None
    allow_queries_via_get = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer one request; whatever is wrong with it is told as JSON too."""
        if request.method != "POST":
            return _refusal(405, "BAD_REQUEST", "Send documents by POST.", Allow="POST")
        if request.content_type != "application/json":
            return _refusal(415, "BAD_REQUEST", "Send documents as application/json.")
        if int(request.headers.get("Content-Length") or 0) > MAX_BYTES or len(request.body) > MAX_BYTES:
            return _refusal(413, "TOO_LONG", f"A request may have {MAX_BYTES} bytes.")
        token = bearer_token(request.headers.get("Authorization", ""))
        try:
            actor = actor_for_token(token) if token else None
        except (InterfaceError, OperationalError):
            return _refusal(503, "UNAVAILABLE", "The database is away; try again soon.", **{"Retry-After": "5"})
        if actor is None:
            challenge = {"WWW-Authenticate": "Bearer"}
            return _refusal(401, "UNAUTHENTICATED", "A valid token is needed.", **challenge)
        try:
            answer = self.run(request, context=Context(actor=actor))
        except HTTPException as error:
            return _refusal(error.status_code, "BAD_REQUEST", error.reason)
        except UnicodeDecodeError:
            return _refusal(400, "BAD_REQUEST", "The body is no UTF-8.")
        answer["Cache-Control"] = "no-store"
        return answer

    def decode_json(self, data: str | bytes) -> object:
        """Read the body. Raises HTTPException 400 for anything but an object, lists of operations included."""
        try:
            decoded = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, "The body is no JSON that can be read.") from error
        if not isinstance(decoded, dict):
            raise HTTPException(400, "The body must be one JSON object with a query.")
        return decoded


def bearer_token(header: str) -> str:
    """Return the token in an Authorization header, or nothing."""
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""


def _refusal(status: int, code: str, message: str, **headers: str) -> JsonResponse:
    problem = {"message": message, "extensions": {"code": code}}
    return JsonResponse({"errors": [problem]}, status=status, headers={"Cache-Control": "no-store", **headers})
