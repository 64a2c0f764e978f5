"""What Meta's products have in common: webhook proof, their JSON, Graph answers and errors.

Source: docs/reference/providers/whatsapp.md
"""

import hashlib
import hmac
import itertools
import json
import re
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, NoReturn

from pydantic import ValidationError

from providers.errors import (
    AuthFailed,
    RefusedForNow,
    Rejected,
    SendError,
    Throttled,
    UncertainSend,
    UnreadablePayload,
    WebhookRejected,
)
from providers.types import FailureReason, HttpAnswer, WebhookRequest

MOST_ITEMS = 10_000
"""Ten times what Meta puts into one delivery."""
SIGNATURE_HEADER = "x-hub-signature-256"
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)
_CHALLENGE = re.compile(r"[0-9]{1,64}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{5,}")
_MAIL = re.compile(r"\S+@\S+")
_LONGEST_WAIT_SECONDS = 24 * 3600.0


# Webhook proof -----------------------------------------------------------------------------


def sign(body: bytes, secret: str) -> str:
    """Return the signature header's value for these raw bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify_signature(request: WebhookRequest, *, secrets: Sequence[str], header: str = SIGNATURE_HEADER) -> None:
    """Return if the raw body is signed with any of the secrets; raises WebhookRejected.

    All secrets are tried, so that the time taken does not tell which one was right.
    """
    given = request.headers.get(header)
    if given is None:
        raise WebhookRejected("missing_signature")
    if not _SIGNATURE.fullmatch(given):
        raise WebhookRejected("malformed_signature")
    results = [hmac.compare_digest(given, sign(request.body, secret)) for secret in secrets if secret]
    if not any(results):
        raise WebhookRejected("wrong_signature")


def answer_handshake(request: WebhookRequest, *, verify_token: str) -> str:
    """Return the challenge to echo as plain text; raises WebhookRejected."""
    query = request.query
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    if query.get("hub.mode") != "subscribe":
        raise WebhookRejected("wrong_mode")
    if not verify_token or not hmac.compare_digest(given, verify_token.encode()):
        raise WebhookRejected("wrong_token")
    challenge = query.get("hub.challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise WebhookRejected("bad_challenge")
    return challenge


# Their JSON --------------------------------------------------------------------------------


def read_json(body: bytes) -> Any:
    """Return the JSON in these bytes; raises UnreadablePayload, whatever they hold."""
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise UnreadablePayload("too_deep") from error
    except ValueError as error:  # bad UTF-8, bad JSON, NaN, a number of thousands of digits
        raise UnreadablePayload("not_json") from error


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in these bytes; raises UnreadablePayload, whatever they hold."""
    content = read_json(body)
    if not isinstance(content, dict):
        raise UnreadablePayload("not_an_object")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def at_most[T](limit: int, items: Iterable[T]) -> list[T]:
    """Return the items of a delivery; raises UnreadablePayload if it is a flood and no delivery."""
    found = list(itertools.islice(items, limit + 1))
    if len(found) > limit:
        raise UnreadablePayload("too_many_items")
    return found


def clean_id(text: str) -> str:
    """Return text a database can hold: no NUL, no half characters."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean_text(text: str) -> str:
    """Return human text a database can hold, with composed characters."""
    return unicodedata.normalize("NFC", clean_id(text))


def invalid_fields(error: ValidationError, prefix: str = "") -> str:
    """Return which fields are wrong and how, never what they held."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    lines = []
    for detail in details[:3]:
        where = ".".join(str(part) for part in (prefix, *detail["loc"]) if part != "")
        lines.append(f"{where or 'item'}: {detail['type']}")
    return "; ".join(lines)


# Graph answers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """What one error code of a product means for a send."""

    error: type[SendError]
    reason: FailureReason
    text: str
    wait_seconds: float | None = None  #: wait at least this long


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphError:
    """The error object of a Graph answer, its texts free of personal data."""

    code: int
    subcode: int
    text: str
    trace_id: str
    is_transient: bool


def send_error(
    answer: HttpAnswer, rules: Mapping[int, Rule], subrules: Mapping[int, Rule] = MappingProxyType({})
) -> SendError:
    """Return the error an answer without a message id stands for.

    Built on the code and not on the HTTP status: throttling comes as 400 and as 429. An answer
    that is not Graph's own says nothing about the message unless its status does. `subrules` are of subcodes, which say
    more than the code.
    """
    graph = read_graph_error(answer.body)
    if graph is None:
        return _foreign_error(answer)
    rule = subrules.get(graph.subcode) or rules.get(graph.code) or _unlisted(answer.status, graph)
    error = rule.error
    if error is UncertainSend and answer.status == 503:
        error, reason = RefusedForNow, FailureReason.BUSY
    else:
        reason = rule.reason
    return error(
        f"{graph.code}/{graph.subcode}" if graph.subcode in subrules else str(graph.code),
        rule.text or graph.text,
        reason=reason,
        http_status=answer.status,
        trace_id=graph.trace_id,
        retry_after=_longest(rule.wait_seconds, retry_after_seconds(answer.headers)),
    )


def read_graph_error(body: bytes) -> GraphError | None:
    """Return the error in an answer of Graph's own, None if it is not one."""
    try:
        error = read_object(body).get("error")
    except UnreadablePayload:
        return None
    if not isinstance(error, dict) or type(error.get("code")) is not int:
        return None
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    trace_id = error.get("fbtrace_id")
    return GraphError(
        code=error["code"],
        subcode=subcode if type(subcode := error.get("error_subcode")) is int else 0,
        text=safe_text(details or error.get("message")),
        trace_id=clean_id(trace_id)[:64] if isinstance(trace_id, str) else "",
        is_transient=error.get("is_transient") is True,
    )


def safe_text(text: object) -> str:
    """Return a provider's sentence without what may name a person, cut to 200 characters."""
    if not isinstance(text, str):
        return ""
    return _MAIL.sub("…", _LONG_NUMBER.sub("…", clean_text(text)))[:200]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the wait a Retry-After header asks for, at most a day; None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT_SECONDS)
    until = _timestamp(value)
    if until is None:
        return None
    # Their clock, where they tell it: ours may differ.
    now = _timestamp(headers.get("date", "")) or time.time()
    return min(max(until - now, 0.0), _LONGEST_WAIT_SECONDS)


def _timestamp(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError):
        return None


def _longest(*waits: float | None) -> float | None:
    return max((wait for wait in waits if wait is not None), default=None)


def _unlisted(status: int, graph: GraphError) -> Rule:
    """Return the rule for a code no table knows: sure of nothing but what the answer says."""
    if status == 429:
        return Rule(Throttled, FailureReason.THROTTLED, "")
    if graph.is_transient:
        return Rule(RefusedForNow, FailureReason.BUSY, "")
    if status == 401:
        return Rule(AuthFailed, FailureReason.ACCOUNT, "")
    if 400 <= status < 500:
        return Rule(Rejected, FailureReason.UNKNOWN, "")
    return Rule(UncertainSend, FailureReason.UNCERTAIN, "")


def _foreign_error(answer: HttpAnswer) -> SendError:
    """Return the error of an answer somebody else gave on the way, or a mutilated one."""
    status = answer.status
    wait = retry_after_seconds(answer.headers)
    code = f"http_{status}"
    if status == 429:
        return Throttled(code, http_status=status, retry_after=wait)
    if status == 401:
        return AuthFailed(code, http_status=status)
    if 400 <= status < 500 and status != 408:
        return Rejected(code, "The answer did not come from Graph.", http_status=status)
    return UncertainSend(code, "The answer could not be read.", http_status=status)
