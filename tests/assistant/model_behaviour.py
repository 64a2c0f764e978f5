"""What may become of a request at the simulated provider of models: one word for each trouble."""

import json
from dataclasses import dataclass, field
from typing import Any

from apps.simulator import language_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What becomes of one request.

    `answer`: stream, whole (JSON, no stream), body (as it stands), hang (no headers ever), hang_after_headers, reset,
    break (the connection is lost after `pieces`), unfinished (the stream ends politely, but without an end).
    `text` None: the server's own `speak`. `wait_for_release`: begins when the test calls `release`.
    """

    answer: str = "stream"
    text: str | None = None
    obeys: bool = False  #: repeats its whole input
    said_in: str = "content"
    finish_reason: str = "stop"
    pieces: int = 2
    http_status: int = 200
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    piece_seconds: float = 0.0
    wait_for_release: bool = False
    pauses_after: tuple[int, ...] = ()  #: after so many events it waits for `release` in the middle


def result(reply: str, *, needs_human: bool = False, reason: str = "", suggested_tags: tuple[str, ...] = ()) -> str:
    """Return a structured result as a model says it."""
    told = {"reply": reply, "needs_human": needs_human, "reason": reason, "suggested_tags": list(suggested_tags)}
    return json.dumps(told, ensure_ascii=False)


def replies(reply: str, *, needs_human: bool = False, reason: str = "", **more: Any) -> Behaviour:
    """A structured result with this reply, streamed; `more` are fields of Behaviour."""
    return Behaviour(text=result(reply, needs_human=needs_human, reason=reason), **more)


def says(text: str, **more: Any) -> Behaviour:
    """Exactly these words, streamed."""
    return Behaviour(text=text, **more)


def whole(text: str) -> Behaviour:
    """Exactly these words, at once, as JSON."""
    return Behaviour(answer="whole", text=text)


def obeys() -> Behaviour:
    """All that it was given, repeated."""
    return Behaviour(obeys=True)


def slow(*, delay_seconds: float = 0.0, piece_seconds: float = 0.0, text: str | None = None) -> Behaviour:
    """An answer that takes its time, before it begins and between its pieces."""
    return Behaviour(delay_seconds=delay_seconds, piece_seconds=piece_seconds, text=text)


def held(text: str | None = None) -> Behaviour:
    """An answer that begins when the test releases it."""
    return Behaviour(text=text, wait_for_release=True)


def fails(http_status: int, *, code: str = "", param: str | None = None, message: str = "A message.") -> Behaviour:
    """An error in the protocol's own form."""
    told = language_model.error(message, code=code, param=param)
    return Behaviour(answer="body", http_status=http_status, body=json.dumps(told))


def limited(retry_after: str = "") -> Behaviour:
    """429, with a Retry-After if it is not empty."""
    told = language_model.error("Slow down.", code="rate_limit_exceeded", kind="requests")
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Behaviour(answer="body", http_status=429, body=json.dumps(told), headers=headers)


def html(http_status: int = 200) -> Behaviour:
    """A page of somebody on the way."""
    page = "<html><body>Sign in to the network</body></html>"
    return Behaviour(answer="body", http_status=http_status, body=page, content_type="text/html")


def broken_json(content_type: str = "text/event-stream") -> Behaviour:
    """An answer in the right form with the wrong content."""
    start = "data: " if content_type == "text/event-stream" else ""
    return Behaviour(answer="body", body=start + '{"choices": [{"delta": \n\n', content_type=content_type)


def hangs() -> Behaviour:
    """Takes the request and never says anything."""
    return Behaviour(answer="hang")


def hangs_after_headers() -> Behaviour:
    """Says that an answer comes, and then nothing."""
    return Behaviour(answer="hang_after_headers")


def resets() -> Behaviour:
    """Takes the request and resets the connection."""
    return Behaviour(answer="reset")


def breaks_off(text: str | None = None, *, pieces: int = 2) -> Behaviour:
    """Loses the connection in the middle of the answer."""
    return Behaviour(answer="break", text=text, pieces=pieces)


def unfinished(text: str | None = None) -> Behaviour:
    """Ends the stream politely and in the middle."""
    return Behaviour(answer="unfinished", text=text)


def refuses() -> Behaviour:
    """The model itself declines."""
    return Behaviour(text="No puedo ayudar con eso.", said_in="refusal")


def empty() -> Behaviour:
    """An answer without a word."""
    return Behaviour(text="")
