"""What may become of a send at the Graph-shaped server: one word for each trouble.

Whether the message is delivered and what is answered are two separate things, as in life.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What becomes of one send. `answer`: json, reset, close, hang, truncated."""

    answer: str = "json"
    delivers: bool = True
    http_status: int = 200
    body: str | None = None  #: None: the usual answer with the new id
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    byte_seconds: float = 0.0  #: pause after each byte of the body
    statuses: tuple[str, ...] | None = None  #: None: the server's `statuses`


def accepted(*, delay_seconds: float = 0.0, statuses: tuple[str, ...] | None = None) -> Behaviour:
    """The usual 200 with an id."""
    return Behaviour(delay_seconds=delay_seconds, statuses=statuses)


def graph_error(code: int, *, http_status: int = 400, delivers: bool = False, **more: Any) -> Behaviour:
    """An error of Graph's own; `more` goes into the error object."""
    error = {
        "message": f"(#{code}) A message",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "Some details."},
        "fbtrace_id": f"Trace{code}",
        **more,
    }
    return Behaviour(http_status=http_status, delivers=delivers, body=json.dumps({"error": error}))


def throttled(*, http_status: int = 429, code: int = 130429, retry_after: int = 0) -> Behaviour:
    """Too many messages; with a Retry-After header if it is not zero."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return replace(graph_error(code, http_status=http_status), headers=headers)


def html(http_status: int = 502, *, delivers: bool = False) -> Behaviour:
    """A page of somebody on the way."""
    return Behaviour(
        http_status=http_status,
        delivers=delivers,
        body="<html><body>Bad gateway</body></html>",
        content_type="text/html",
    )


def reset(*, delivers: bool = True) -> Behaviour:
    """The request is read, then the connection is reset."""
    return Behaviour(answer="reset", delivers=delivers)


def closed(*, delivers: bool = True) -> Behaviour:
    """The request is read, then the connection is closed without an answer."""
    return Behaviour(answer="close", delivers=delivers)


def hanging(*, delivers: bool = True) -> Behaviour:
    """The request is read and nothing is ever answered."""
    return Behaviour(answer="hang", delivers=delivers)


def truncated(*, delivers: bool = True) -> Behaviour:
    """The answer breaks off in the middle of its body."""
    return Behaviour(answer="truncated", delivers=delivers)


def without_id(*, delivers: bool = True) -> Behaviour:
    """A 200 that names no message."""
    return Behaviour(delivers=delivers, body='{"messaging_product":"whatsapp","messages":[]}')
