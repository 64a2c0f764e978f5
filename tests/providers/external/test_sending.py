"""What is posted to an adapter, and what its answers mean."""

import asyncio
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from providers import errors
from providers.contents import ContentKind, OutboundFile, RemoteFile, Text
from providers.errors import UncertainSend
from providers.external.adapter import External
from providers.types import Address, AddressScope, FailureReason, HttpAnswer, OutboundMessage
from tests.providers.accounts import account

HOLA = Text(body="Hola")
ANA = Address(scope=AddressScope.EXTERNAL, value="3874550160")


class Wire:
    """A transport that remembers what was posted and answers, or breaks."""

    def __init__(self, body: bytes = b'{"message_id": "a-1"}', *, status: int = 200, breaks: bool = False) -> None:
        self.answer = HttpAnswer(status=status, headers={"retry-after": "7"}, body=body)
        self.breaks = breaks
        self.posted: list[tuple[str, Any, dict[str, str]]] = []

    async def post(self, url: str, body: bytes, *, headers: Any) -> HttpAnswer:
        self.posted.append((url, json.loads(body), dict(headers)))
        if self.breaks:
            raise UncertainSend("read_timeout")
        return self.answer


def provider(**changes: Any) -> External:
    found = account("external")
    assert isinstance(found, External)
    return replace(found, **changes)


def send(wire: Wire, content: Any = HOLA, *, of: External | None = None, **more: Any) -> Any:
    message = OutboundMessage(
        inbox_address="linea-centro", recipient=ANA, content=content, message_key="8f14e45f", **more
    )
    return asyncio.run((of or provider()).send(wire, message))


def test_a_text_is_posted_as_the_contract_says() -> None:
    wire = Wire()
    assert send(wire, reply_to="m-1", group_address="grupo-12").provider_message_id == "a-1"
    [(url, body, headers)] = wire.posted
    assert url == "https://puente.example/mensajes"
    assert headers == {"Content-Type": "application/json", "Authorization": "Bearer a-secret-that-signs"}
    assert body == {
        "type": "message",
        "provider": "Puente",
        "idempotency_key": "8f14e45f",
        "sender": {"address": "linea-centro", "group_address": None},
        "recipient": {"address": "3874550160", "group_address": "grupo-12"},
        "message": {"text": "Hola", "reply_to": "m-1", "media": [], "template": None},
    }


def test_a_file_is_posted_as_a_link() -> None:
    wire, link = Wire(), "https://chat.example/media/1/firma/patio.png"
    send(wire, OutboundFile(kind=ContentKind.IMAGE, mime_type="image/png", name="patio.png", size=3, url=link))
    [(_, body, _)] = wire.posted
    assert body["message"] == {
        "text": None,
        "reply_to": None,
        "media": [{"mimetype": "image/png", "name": "patio.png", "url": link}],
        "template": None,
    }


@pytest.mark.parametrize(
    ("_case", "wire", "error", "reason"),
    [
        ("for good", Wire(b'{"error": {"code": "x", "message": "no"}}'), errors.Rejected, FailureReason.UNKNOWN),
        ("with our word", Wire(b'{"error": {"code": "opted_out"}}'), errors.Rejected, FailureReason.OPTED_OUT),
        ("window", Wire(b'{"error": {"code": "window"}}', status=409), errors.WindowClosed, FailureReason.WINDOW),
        (
            "later",
            Wire(b'{"error": {"code": "busy", "retryable": true}}', status=503),
            errors.RefusedForNow,
            FailureReason.BUSY,
        ),
        ("no contract", Wire(b"<html>", status=401), errors.UncertainSend, FailureReason.UNCERTAIN),
        ("an id and a failure", Wire(status=500), errors.UncertainSend, FailureReason.UNCERTAIN),
        ("half an error", Wire(b'{"error": "x"}'), errors.UncertainSend, FailureReason.UNCERTAIN),
        ("nothing", Wire(breaks=True), errors.UncertainSend, FailureReason.UNCERTAIN),
    ],
)
def test_answers_mean_what_the_contract_says(_case: str, wire: Wire, error: type, reason: FailureReason) -> None:
    with pytest.raises(errors.SendError) as caught:
        send(wire)
    assert (type(caught.value), caught.value.reason) == (error, reason)


@pytest.mark.parametrize("wire", [Wire(breaks=True), Wire(b"<html>", status=502), Wire(b"{}")])
def test_what_is_uncertain_is_posted_again_where_a_key_is_one_message(wire: Wire) -> None:
    idempotent = provider(idempotent="true")
    for _ in range(2):
        with pytest.raises(errors.RefusedForNow):
            send(wire, of=idempotent)
    assert len({body["idempotency_key"] for _, body, _ in wire.posted}) == 1


def test_without_an_address_nothing_is_posted() -> None:
    wire = Wire()
    with pytest.raises(errors.Rejected) as caught:
        send(wire, of=provider(endpoint_url=""))
    assert (caught.value.code, wire.posted) == ("no_endpoint", [])


def test_a_file_that_came_along_is_written() -> None:
    to = io.BytesIO()
    file = RemoteFile(kind=ContentKind.IMAGE, mime_type="image/png", content=b"bytes")
    fetched = asyncio.run(provider().fetch(None, inbox_address="", file=file, to=to))  # type: ignore[arg-type]
    assert (to.getvalue(), fetched.size) == (b"bytes", 5)


@pytest.mark.parametrize(("given", "size"), [("", 0), ("16", 22_435_157), ("999", 67_174_400), ("x", 0)])
def test_an_account_may_take_larger_bodies(given: str, size: int) -> None:
    assert provider(media_megabytes=given).body_max_bytes == size
