"""A send to Instagram: the body that leaves, and what becomes of each answer."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from providers.contents import ContentKind, Menu, MenuRow, OutboundFile, Reaction, Sendable, Text
from providers.errors import AuthFailed, RefusedForNow, Rejected, SendError, Throttled, UncertainSend, WindowClosed
from providers.http import HttpClient
from providers.instagram.codes import reason_for
from providers.types import Address, AddressScope, FailureReason, OutboundMessage, SendResult
from tests.providers import graph_behaviour as behaviour
from tests.providers.accounts import SAMPLES, account
from tests.providers.clients import Answering, Deaf
from tests.providers.graph_behaviour import Behaviour, graph_error
from tests.providers.graph_server import GraphServer, Json, Received
from tests.providers.samples import file_of

PERSON = Address(scope=AddressScope.IGSID, value="6017700000000021")
ACCOUNT = "17841460000000007"


class InstagramServer(GraphServer):
    """The send endpoint as Instagram has it: another limit, another answer."""

    def _refusal(self, request: Any, body: Json) -> Behaviour | None:
        if request.headers.get("Authorization") != f"Bearer {self.access_token}":
            return graph_error(190, http_status=401)
        if len(str(body.get("message", {}).get("text", "")).encode()) > 1000 or not body["recipient"]["id"]:
            return graph_error(100)
        return None

    def _usual(self, item: Received) -> str:  # type: ignore[override]
        answer = {"recipient_id": item.body["recipient"]["id"]}
        return json.dumps(answer if "sender_action" in item.body else {**answer, "message_id": item.message_id})


@pytest.fixture
def graph() -> Iterator[InstagramServer]:
    with InstagramServer(access_token="IGAAtoken") as server:
        yield server


def message(content: Sendable | None = None, **more: Any) -> OutboundMessage:
    return OutboundMessage(
        inbox_address=ACCOUNT,
        recipient=PERSON,
        content=content or Text(body="Sí, quedan dos lugares"),
        callback_data="attempt-1",
        message_key="key-1",
        **more,
    )


def send(graph: GraphServer, what: OutboundMessage | None = None) -> SendResult:
    async def run() -> SendResult:
        async with HttpClient(connect_seconds=1, total_seconds=0.6) as client:
            return await account("instagram", instagram_graph_url=graph.url).send(client, what or message())

    return asyncio.run(run())


def body_of(what: OutboundMessage, **credentials: str) -> tuple[str, Json]:
    client = Answering(SAMPLES["instagram"].taken)
    provider = dataclasses.replace(account("instagram"), **credentials)
    asyncio.run(provider.send(client, what))
    [(url, body)] = client.requests
    return url, json.loads(body)


def test_text_arrives(graph: InstagramServer) -> None:
    result = send(graph)
    [received] = graph.received
    assert received.path == f"/v25.0/{ACCOUNT}/messages"
    assert received.body == {"recipient": {"id": PERSON.value}, "message": {"text": "Sí, quedan dos lugares"}}
    assert result == SendResult(provider_message_id=received.message_id)


def test_each_login_has_its_own_door() -> None:
    assert body_of(message())[0] == f"https://graph.instagram.com/v25.0/{ACCOUNT}/messages"
    assert body_of(message(), login="facebook")[0] == "https://graph.facebook.com/v25.0/me/messages"


def test_answer_quotes() -> None:
    assert body_of(message(reply_to="aWdf0"))[1]["reply_to"] == {"mid": "aWdf0"}


def test_late_answer_is_tagged_as_a_persons() -> None:
    late = body_of(message(is_late=True))[1]
    assert (late["messaging_type"], late["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    assert "tag" not in body_of(message())[1]


def test_limit_counts_bytes(graph: InstagramServer) -> None:
    send(graph, message(Text(body="ñ" * 500)))
    with pytest.raises(Rejected) as caught:
        asyncio.run(account("instagram").send(Deaf(), message(Text(body="ñ" * 500 + "a"))))
    assert caught.value.code == "text_too_long"


def test_split_text_is_taken_piece_by_piece(graph: InstagramServer) -> None:
    text = "¿Querés venir mañana? 😀 " * 120
    pieces = account("instagram").capabilities.split(text)
    for piece in pieces:
        send(graph, message(Text(body=piece)))
    assert len(pieces) == 4
    assert [item.body["message"]["text"] for item in graph.delivered] == pieces


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (ContentKind.IMAGE, "image"),
        (ContentKind.VIDEO, "video"),
        (ContentKind.AUDIO, "audio"),
        (ContentKind.VOICE, "audio"),
        (ContentKind.DOCUMENT, "file"),
    ],
)
def test_file_leaves_as_a_link(kind: ContentKind, type_: str) -> None:
    file = file_of(kind, account("instagram").capabilities)
    assert body_of(message(file))[1]["message"] == {"attachment": {"type": type_, "payload": {"url": file.url}}}


def test_words_beside_a_file_are_refused() -> None:
    file = OutboundFile(
        kind=ContentKind.IMAGE, mime_type="image/png", name="a.png", size=9, caption="x", url="https://a"
    )
    with pytest.raises(Rejected) as caught:
        asyncio.run(account("instagram").send(Deaf(), message(file)))
    assert caught.value.code == "caption_too_long"


@pytest.mark.parametrize(
    ("emoji", "action", "payload"),
    [
        ("\u2764\ufe0f", "react", {"message_id": "aWdf0", "reaction": "love"}),
        ("\u2764", "react", {"message_id": "aWdf0", "reaction": "love"}),
        ("👍", "react", {"message_id": "aWdf0", "reaction": "like"}),
        ("🔥", "react", {"message_id": "aWdf0", "reaction": "🔥"}),
        ("", "unreact", {"message_id": "aWdf0"}),
    ],
)
def test_reaction_is_an_action(graph: InstagramServer, emoji: str, action: str, payload: Json) -> None:
    result = send(graph, message(Reaction(target="aWdf0", emoji=emoji)))
    assert graph.received[0].body == {"recipient": {"id": PERSON.value}, "sender_action": action, "payload": payload}
    assert result.provider_message_id == "own:key-1"  # Instagram gives an action no id


def test_reaction_needs_no_id_and_a_text_does() -> None:
    for body in (b'{"success": true}', b"{}"):
        answering = Answering(body)
        result = asyncio.run(account("instagram").send(answering, message(Reaction(target="aWdf0", emoji="🔥"))))
        assert result.provider_message_id == "own:key-1"
        with pytest.raises(UncertainSend):
            asyncio.run(account("instagram").send(answering, message()))


def test_menu_leaves_as_quick_replies() -> None:
    menu = Menu(body="¿Cuándo?", buttons=(MenuRow(id="am", title="Mañana"), MenuRow(id="pm", title="Tarde")))
    assert body_of(message(menu))[1]["message"] == {
        "text": "¿Cuándo?",
        "quick_replies": [
            {"content_type": "text", "title": "Mañana", "payload": "am"},
            {"content_type": "text", "title": "Tarde", "payload": "pm"},
        ],
    }


@pytest.mark.parametrize("address", ["", "me", "1/../2", "1?x=1"])
def test_address_that_is_no_id_reaches_no_wire(address: str) -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(account("instagram").send(Deaf(), dataclasses.replace(message(), inbox_address=address)))
    assert caught.value.code == "wrong_inbox"


# Errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "error", "code", "reason"),
    [
        (graph_error(10, http_status=403, error_subcode=2534022), WindowClosed, "10/2534022", FailureReason.WINDOW),
        (graph_error(10, error_subcode=2018278), WindowClosed, "10/2018278", FailureReason.WINDOW),
        (graph_error(10), AuthFailed, "10", FailureReason.ACCOUNT),
        (graph_error(10, error_subcode=1), AuthFailed, "10", FailureReason.ACCOUNT),
        (graph_error(551), Rejected, "551", FailureReason.RECIPIENT),
        (graph_error(100), Rejected, "100", FailureReason.REQUEST),
        (graph_error(100, error_subcode=2018001), Rejected, "100/2018001", FailureReason.RECIPIENT),
        (graph_error(190, http_status=401), AuthFailed, "190", FailureReason.ACCOUNT),
        (graph_error(200, http_status=403), AuthFailed, "200", FailureReason.ACCOUNT),
        (graph_error(3), AuthFailed, "3", FailureReason.ACCOUNT),
        (graph_error(4), Throttled, "4", FailureReason.THROTTLED),
        (graph_error(17), Throttled, "17", FailureReason.THROTTLED),
        (graph_error(613), Throttled, "613", FailureReason.THROTTLED),
        (graph_error(80006), Throttled, "80006", FailureReason.THROTTLED),
        (graph_error(2, http_status=500), UncertainSend, "2", FailureReason.UNCERTAIN),
        (graph_error(2, http_status=503), RefusedForNow, "2", FailureReason.BUSY),
        (graph_error(1, http_status=500), UncertainSend, "1", FailureReason.UNCERTAIN),
        (graph_error(987654, is_transient=True), RefusedForNow, "987654", FailureReason.BUSY),
        (graph_error(987654), Rejected, "987654", FailureReason.UNKNOWN),
        (behaviour.html(), UncertainSend, "http_502", FailureReason.UNCERTAIN),
        (behaviour.hanging(), UncertainSend, "read_timeout", FailureReason.UNCERTAIN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_error_has_its_class(
    graph: InstagramServer, trouble: Behaviour, error: type[SendError], code: str, reason: FailureReason
) -> None:
    graph.script(trouble)
    with pytest.raises(SendError) as caught:
        send(graph)
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert len(graph.received) == 1
    if code[0].isdigit() and not code.startswith(("987654", "2", "1/")):
        assert reason_for(code) is reason


def test_words_of_ours_have_reasons() -> None:
    assert reason_for("text_too_long") is FailureReason.CONTENT
    assert reason_for("nobody said this") is FailureReason.UNKNOWN
    assert reason_for("10/²") is FailureReason.ACCOUNT
