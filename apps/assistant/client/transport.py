"""The connection to providers: the only module that knows openai.

No retries, no redirects, no proxies of the environment: who is asked is decided elsewhere, and a key goes nowhere else.
A kept connection is forgotten before any usual server forgets it. What a provider says of a fault is read for codes
only: its sentences may repeat the key, or people.
"""

import re
from collections.abc import AsyncGenerator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
from django.utils import timezone
from pydantic import ValidationError

from apps.assistant.client.wire import Chunk
from apps.assistant.types import Endpoint, Failure, ModelError

CONNECT_SECONDS = 5.0
KEEP_SECONDS = 4.0
ANSWER_BYTES = 1024 * 1024
LONGEST_REST = 24 * 3600.0
SLUG = re.compile(r"[a-z0-9_.-]{1,60}")
FAILURES = {
    401: Failure.UNAUTHORIZED,
    402: Failure.LIMITED,  # the money there is spent
    403: Failure.UNAUTHORIZED,
    404: Failure.NO_MODEL,
    408: Failure.TOO_SLOW,
    429: Failure.LIMITED,
}


class BadRequest(Exception):
    """A 400, perhaps about one of our wishes; `param` is the one it names."""

    def __init__(self, error: ModelError, param: str | None) -> None:
        super().__init__()
        self.error = error
        self.param = param


class Connections:
    """The connections of one event loop, kept for the next request."""

    def __init__(self) -> None:
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=KEEP_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close them all."""
        await self._http.aclose()

    async def ask(self, endpoint: Endpoint, body: dict[str, Any]) -> AsyncGenerator[str | Chunk]:
        """Yield the id of the request, then what is said. Raises ModelError, BadRequest; never openai's own."""
        if not (endpoint.api_key.isascii() and endpoint.api_key.isprintable()):
            raise ModelError(Failure.UNAUTHORIZED, "unusable_key")  # no header can hold it
        has_begun = False
        try:
            client = openai.AsyncOpenAI(
                api_key=endpoint.api_key or "none", base_url=endpoint.base_url, http_client=self._http, max_retries=0
            )
            async with client.chat.completions.with_streaming_response.create(**body) as response:
                has_begun = True
                yield _slug(response.headers.get("x-request-id"))
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind == "text/event-stream":
                    async for event in await response.parse(to=openai.AsyncStream[object]):
                        yield Chunk.model_validate(event)
                elif kind == "application/json":
                    yield Chunk.model_validate_json(await _read(response))
                else:
                    raise ModelError(Failure.UNREADABLE, f"not_a_model {_slug(kind.replace('/', '.'))}".strip())
        except openai.APIStatusError as error:
            raise _status(error) from None
        except openai.APIConnectionError as error:
            raise _lost(error, has_begun=has_begun) from None
        except openai.APIError as error:
            raise _told_in_stream(error) from None
        except (openai.OpenAIError, ValidationError, ValueError, RecursionError):
            raise ModelError(Failure.UNREADABLE, "not_the_protocol") from None


async def _read(response: openai.AsyncAPIResponse[Any]) -> bytes:
    """Return a whole answer: some have no streams."""
    body = bytearray()
    async for piece in response.http_response.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES:
            raise ModelError(Failure.UNREADABLE, "too_large")
    return bytes(body)


def _status(error: openai.APIStatusError) -> ModelError | BadRequest:
    status = error.status_code
    found = ModelError(
        _failure_of(status),
        f"http_{status} {_slug(error.code)}".strip(),
        retry_after=_retry_after(error.response.headers) if status in (429, 503) else None,
        request_id=_slug(error.request_id),
    )
    return BadRequest(found, error.param) if status in (400, 422) else found


def _failure_of(status: int) -> Failure:
    if status >= 500:
        return Failure.FAULT
    return FAILURES.get(status, Failure.REFUSED_REQUEST if status >= 400 else Failure.UNREADABLE)


def _lost(error: openai.APIConnectionError, *, has_begun: bool) -> ModelError:
    if has_begun:
        return ModelError(Failure.BROKEN_OFF, "connection_lost")
    match error.__cause__:
        case httpx2.ConnectTimeout():
            return ModelError(Failure.UNREACHABLE, "connect_timeout")
        case httpx2.ConnectError():
            return ModelError(Failure.UNREACHABLE, "no_connection")
        case _:
            return ModelError(Failure.UNREACHABLE, "connection_lost")


def _told_in_stream(error: openai.APIError) -> ModelError:
    code = _slug(error.code or error.type)
    is_limit = code == "429" or code.startswith(("rate_limit", "insufficient_quota"))
    return ModelError(Failure.LIMITED if is_limit else Failure.FAULT, f"in_stream {code}".strip())


def _retry_after(headers: httpx2.Headers) -> float | None:
    told = headers.get("retry-after", "").strip()
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(told) - timezone.now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(seconds, LONGEST_REST) if seconds >= 0 else None  # not a number is not


def _slug(text: object) -> str:
    """Return a code of theirs if it is one, and no sentence."""
    return text if isinstance(text, str) and SLUG.fullmatch(text.lower()) else ""
