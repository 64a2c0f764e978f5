"""A send, from our message to a Graph-shaped server and back."""

import asyncio
import dataclasses
import time
from collections.abc import Iterator

import pytest

from providers.contents import Text
from providers.errors import (
    AuthFailed,
    NotSent,
    RefusedForNow,
    Rejected,
    SendError,
    Throttled,
    UncertainSend,
    WindowClosed,
)
from providers.http import PERMIT_SECONDS, HttpClient
from providers.types import Address, AddressScope, OutboundMessage, SendResult
from providers.whatsapp.limits import CAPABILITIES
from providers.whatsapp.outbound import build
from tests.providers import graph_behaviour as behaviour
from tests.providers.accounts import account
from tests.providers.graph_server import GraphServer

PHONE = Address(scope=AddressScope.PHONE, value="5493875550101")
USER_ID = Address(scope=AddressScope.BSUID, value="AR.20518833049172265001")


def message(
    text: str = "Hola, ¿cómo estás? /a/", *, recipient: Address = PHONE, reply_to: str | None = None
) -> OutboundMessage:
    return OutboundMessage(
        inbox_address="1060403000001",
        recipient=recipient,
        content=Text(body=text),
        reply_to=reply_to,
        callback_data="5f0d7c2e-8f3b-4c1d-9e55-3a1f0b7c9d10",
    )


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    with GraphServer(access_token="EAAtoken") as server:
        yield server


def send(graph: GraphServer, what: OutboundMessage | None = None, *, permit_age: float = 0.0) -> SendResult:
    async def run() -> SendResult:
        async with HttpClient(connect_seconds=1, total_seconds=0.6) as client:
            permitted = client.permitted(time.monotonic() - permit_age)
            return await account("whatsapp", graph_url=graph.url, graph_version="v26.0").send(
                permitted, what or message()
            )

    return asyncio.run(run())


def test_text_arrives_with_our_token_and_comes_back_with_their_id(graph: GraphServer) -> None:
    result = send(graph, message(reply_to="wamid.THEIRS"))
    [received] = graph.received
    assert received.path == "/v26.0/1060403000001/messages"
    assert received.headers["authorization"] == "Bearer EAAtoken"
    assert received.body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5493875550101",
        "type": "text",
        "text": {"body": "Hola, ¿cómo estás? /a/"},
        "context": {"message_id": "wamid.THEIRS"},
        "biz_opaque_callback_data": "5f0d7c2e-8f3b-4c1d-9e55-3a1f0b7c9d10",
    }
    assert result == SendResult(provider_message_id=received.message_id, recipient=PHONE)


def test_user_id_is_written_to_by_its_own_name(graph: GraphServer) -> None:
    result = send(graph, message(recipient=USER_ID))
    [received] = graph.received
    assert received.body["recipient"] == USER_ID.value
    assert "to" not in received.body
    assert result.recipient == USER_ID


@pytest.mark.parametrize("value", ["5493875550101", "+5493875550101"])
def test_number_always_has_its_plus(value: str) -> None:
    given = message(recipient=Address(scope=AddressScope.PHONE, value=value))
    assert build(given, CAPABILITIES)["to"] == "+5493875550101"


@pytest.mark.parametrize("address", ["../v1.0/me", "..", "", "1?x=", "1/2", "1\n", "ñ"])
def test_inbox_address_cannot_leave_its_place_in_the_path(graph: GraphServer, address: str) -> None:
    odd = dataclasses.replace(message(), inbox_address=address)
    with pytest.raises(Rejected):
        send(graph, odd)
    assert graph.received == []


def test_their_canonical_number_and_quality_note_are_kept(graph: GraphServer) -> None:
    graph.script(
        behaviour.Behaviour(
            body='{"contacts":[{"input":"+5493875550101","wa_id":"543875550101 "}],'
            '"messages":[{"id":"wamid.X","message_status":"held_for_quality_assessment"}]}'
        )
    )
    assert send(graph) == SendResult(
        provider_message_id="wamid.X",
        note="held_for_quality_assessment",
        recipient=Address(scope=AddressScope.PHONE, value="543875550101"),
    )


@pytest.mark.parametrize(
    ("_case", "trouble", "error", "code"),
    [
        ("429", behaviour.throttled(retry_after=3), Throttled, "130429"),
        ("throttled as 400", behaviour.throttled(http_status=400), Throttled, "130429"),
        ("pair limit", behaviour.graph_error(131056), Throttled, "131056"),
        ("maintenance", behaviour.graph_error(131057, http_status=500), RefusedForNow, "131057"),
        ("503 of Graph", behaviour.graph_error(2, http_status=503), RefusedForNow, "2"),
        ("500 of Graph", behaviour.graph_error(131000, http_status=500), UncertainSend, "131000"),
        ("window", behaviour.graph_error(131047), WindowClosed, "131047"),
        ("recipient", behaviour.graph_error(131026), Rejected, "131026"),
        ("token", behaviour.graph_error(190, http_status=401), AuthFailed, "190"),
        ("502 page", behaviour.html(502), UncertainSend, "http_502"),
        ("200 page", behaviour.html(200), UncertainSend, "no_message_id"),
        ("no id", behaviour.without_id(), UncertainSend, "no_message_id"),
        ("reset", behaviour.reset(), UncertainSend, "connection_lost"),
        ("closed", behaviour.closed(), UncertainSend, "connection_lost"),
        ("hanging", behaviour.hanging(), UncertainSend, "read_timeout"),
        ("truncated", behaviour.truncated(), UncertainSend, "answer_truncated"),
    ],
)
def test_trouble_is_told_by_its_class(
    graph: GraphServer,
    _case: str,
    trouble: behaviour.Behaviour,
    error: type[SendError],
    code: str,
) -> None:
    graph.script(trouble)
    with pytest.raises(error) as caught:
        send(graph)
    assert caught.value.code == code
    assert len(graph.received) == 1


def test_old_permit_never_reaches_the_provider(graph: GraphServer) -> None:
    with pytest.raises(NotSent):
        send(graph, permit_age=PERMIT_SECONDS + 1)
    assert graph.received == []


def test_nothing_told_of_a_failed_send_names_the_person_or_the_text(graph: GraphServer) -> None:
    graph.script(behaviour.graph_error(777, message="Cannot send to +5493875550101"))
    with pytest.raises(SendError) as caught:
        send(graph, message("canary-in-the-text"))
    told = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    for secret in ("5550101", "canary", "EAAtoken"):
        assert secret not in told
