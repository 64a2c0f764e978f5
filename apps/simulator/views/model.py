"""The simulated model, asked as any other: OpenAI's protocol, with a key of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from apps.simulator import language_model
from apps.simulator.queries import model_key
from providers.errors import UnreadablePayload
from providers.meta import read_object

BODY_BYTES = 1024 * 1024
MESSAGES = 500
PIECE_SECONDS = 0.02
"""As a model speaks that is in no hurry: what grows on the screen can be watched growing."""


@csrf_exempt
@never_cache
@require_POST
def complete(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Answer from what the prompt tells, piece by piece where that is wanted."""
    if not _has_key(request):
        return _no(401, "invalid_api_key")
    try:
        body = _request(request)
    except (UnreadablePayload, ValueError):
        return _no(400, "invalid_request")
    if body["model"] != language_model.NAME:
        return _no(404, "model_not_found", param="model")
    text = language_model.speak(body)
    headers = {"X-Request-Id": f"sim-{uuid.uuid4()}", "X-Accel-Buffering": "no"}
    if not body.get("stream"):
        return JsonResponse(language_model.completion(body, text), headers=headers)
    said = _slowly(language_model.events(body, text))
    return StreamingHttpResponse(said, content_type="text/event-stream", headers=headers)


@never_cache
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """List the one model there is."""
    if not _has_key(request):
        return _no(401, "invalid_api_key")
    model = {"id": language_model.NAME, "object": "model", "created": 0, "owned_by": "simulator"}
    return JsonResponse({"object": "list", "data": [model]})


def _request(request: HttpRequest) -> dict[str, Any]:
    """Return what is asked. Raises UnreadablePayload, ValueError for what is no request."""
    if len(request.body) > BODY_BYTES:
        raise ValueError("too_large")
    body = read_object(request.body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= MESSAGES:
        raise ValueError("messages")
    if not all(isinstance(message, dict) and _is_said(message.get("content")) for message in messages):
        raise ValueError("messages")
    if not isinstance(body.get("stream_options") or {}, dict) or not isinstance(body.get("model"), str):
        raise ValueError("options")
    return body


def _is_said(content: object) -> bool:
    if isinstance(content, list):
        return all(isinstance(part, dict) for part in content)
    return content is None or isinstance(content, str)


async def _slowly(events: Iterable[str]) -> AsyncIterator[str]:
    for event in events:
        yield event
        await asyncio.sleep(PIECE_SECONDS)


def _has_key(request: HttpRequest) -> bool:
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and constant_time_compare(key.strip(), model_key())


def _no(status: int, code: str, *, param: str | None = None) -> JsonResponse:
    words = {401: "Wrong key.", 404: "There is no such model."}.get(status, "This is not a request.")
    return JsonResponse(language_model.error(words, code=code, param=param), status=status)
