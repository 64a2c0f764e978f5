"""Which answer of Graph means what: every code, and every way not to answer."""

import json
from typing import Any

import pytest

from providers.errors import (
    AuthFailed,
    RefusedForNow,
    Rejected,
    SendError,
    Throttled,
    UncertainSend,
    WindowClosed,
)
from providers.registry import reason_for
from providers.types import FailureReason, HttpAnswer
from providers.whatsapp.codes import RULES
from providers.whatsapp.outbound import read_answer

#: Every code Meta documents for messages, the error it must raise and what it means to a person.
CODES: dict[type[SendError], dict[FailureReason, list[int]]] = {
    Throttled: {
        FailureReason.THROTTLED: [4, 80007, 130429, 131048, 131056, 131064, 133016],
    },
    RefusedForNow: {FailureReason.BUSY: [131016, 131057, 133004]},
    UncertainSend: {FailureReason.UNCERTAIN: [1, 2, 131000]},
    WindowClosed: {FailureReason.WINDOW: [131047]},
    AuthFailed: {
        FailureReason.ACCOUNT: [
            *(0, 3, 10, 190, 200, 250, 299, 368),
            *(131005, 131031, 131037, 131042, 131045),
            *(133000, 133005, 133006, 133008, 133009, 133010, 133015),
        ],
    },
    Rejected: {
        FailureReason.RECIPIENT: [131021, 131026, 131030, 131062, 131063, 137000],
        FailureReason.OPTED_OUT: [131050],
        FailureReason.MARKETING: [130472, 131049],
        FailureReason.POLICY: [130497, 134011, 2593109],
        FailureReason.REQUEST: [33, 100, 131008, 131009, 131055, 134100, 135000, 2593107, 2593108],
        FailureReason.CONTENT: [131051],
        FailureReason.MEDIA: [131052, 131053],
        FailureReason.TEMPLATE: [
            *(132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069),
            *(134101, 134102),
        ],
    },
}
ROWS = [
    (code, error, reason) for error, reasons in CODES.items() for reason, codes in reasons.items() for code in codes
]


def answer(code: object, *, status: int = 400, **more: Any) -> HttpAnswer:
    error = {
        "message": f"(#{code}) A message",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "Details."},
        "fbtrace_id": "AbCdEf",
        **more,
    }
    return HttpAnswer(status=status, headers={}, body=json.dumps({"error": error}).encode())


def raised(given: HttpAnswer) -> SendError:
    with pytest.raises(SendError) as caught:
        read_answer(given)
    return caught.value


@pytest.mark.parametrize(("code", "error", "reason"), ROWS, ids=lambda value: str(value))
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_code_decides_and_not_the_http_status(
    code: int, error: type[SendError], reason: FailureReason, status: int
) -> None:
    found = raised(answer(code, status=status))
    assert type(found) is error
    assert found.reason is reason
    assert found.code == str(code)
    assert found.http_status == status
    assert found.trace_id == "AbCdEf"
    assert found.text


def test_the_table_above_is_complete() -> None:
    listed = {code for code, _, _ in ROWS}
    assert set(RULES) - listed == set(range(200, 300)) - {200, 250, 299}


@pytest.mark.parametrize(("code", "error", "reason"), ROWS, ids=lambda value: str(value))
def test_stored_code_can_be_put_into_words(code: int, error: type[SendError], reason: FailureReason) -> None:
    assert reason_for("whatsapp", str(code)) is reason


@pytest.mark.parametrize("code", ["", "no_such_code", "99999999999999999999", "-1", "unknown"])
def test_unknown_stored_code_is_unknown(code: str) -> None:
    assert reason_for("whatsapp", code) is FailureReason.UNKNOWN
    assert reason_for("carrier_pigeon", code) is FailureReason.UNKNOWN


@pytest.mark.parametrize(
    ("_case", "given", "error"),
    [
        ("503 of Graph: refused", answer(131000, status=503), RefusedForNow),
        ("503 of Graph, code 2: refused", answer(2, status=503), RefusedForNow),
        ("new code, 429", answer(777, status=429), Throttled),
        ("new code, transient", answer(777, status=500, is_transient=True), RefusedForNow),
        ("new code, 401", answer(777, status=401), AuthFailed),
        ("new code, 400", answer(777, status=400), Rejected),
        ("new code, 500", answer(777, status=500), UncertainSend),
        ("new code, 503", answer(777, status=503), RefusedForNow),
        ("negative code", answer(-1, status=500), UncertainSend),
        ("code as text", answer("131047", status=500), UncertainSend),
        ("code true", answer(True, status=500), UncertainSend),
        ("no code", answer(None, status=500), UncertainSend),
    ],
)
def test_answers_no_table_lists(_case: str, given: HttpAnswer, error: type[SendError]) -> None:
    assert type(raised(given)) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, Throttled),
        (401, AuthFailed),
        (400, Rejected),
        (403, Rejected),
        (404, Rejected),
        (413, Rejected),
        (408, UncertainSend),
        (500, UncertainSend),
        (502, UncertainSend),
        (503, UncertainSend),
        (504, UncertainSend),
        (301, UncertainSend),
        (204, UncertainSend),
    ],
)
@pytest.mark.parametrize("body", [b"<html>Oops</html>", b"", b"{}", b'{"error": "text"}', b"\xff"])
def test_answer_that_is_not_graphs(status: int, error: type[SendError], body: bytes) -> None:
    assert type(raised(HttpAnswer(status=status, headers={}, body=body))) is error


@pytest.mark.parametrize(
    ("_case", "headers", "code", "seconds"),
    [
        ("none", {}, 130429, None),
        ("seconds", {"retry-after": "17"}, 130429, 17.0),
        ("a date, by their clock",
         {"retry-after": "Sat, 22 Nov 2025 10:00:30 GMT", "date": "Sat, 22 Nov 2025 10:00:00 GMT"},
         130429, 30.0),
        ("a date gone by",
         {"retry-after": "Sat, 22 Nov 2025 09:00:00 GMT", "date": "Sat, 22 Nov 2025 10:00:00 GMT"},
         130429, 0.0),
        ("for ever", {"retry-after": "99999999999999"}, 130429, 86400.0),
        ("negative", {"retry-after": "-5"}, 130429, None),
        ("nonsense", {"retry-after": "soon"}, 130429, None),
        ("digits of another alphabet", {"retry-after": "٣"}, 130429, None),
        ("the pair limit waits 6 s", {}, 131056, 6.0),
        ("or what it is asked", {"retry-after": "60"}, 131056, 60.0),
        ("but no less", {"retry-after": "1"}, 131056, 6.0),
    ],
)  # fmt: skip
def test_throttling_says_how_long_to_wait(
    _case: str, headers: dict[str, str], code: int, seconds: float | None
) -> None:
    given = answer(code, status=429)
    found = raised(HttpAnswer(status=429, headers=headers, body=given.body))
    assert found.retry_after == seconds


def test_error_names_nobody() -> None:
    details = "Param to=+5493875550101 of ana@example.org must be … 'AR.2051883304917226'"
    for code in (100, 777):
        found = raised(answer(code, error_data={"details": details}, fbtrace_id="x" * 500))
        shown = f"{found} {found.text} {found.args!r}"
        assert "5550101" not in shown
        assert "ana@" not in shown
        assert "2051883304917226" not in shown
        assert len(found.trace_id) == 64
