"""The WebSocket door of a real server: documents, events, and everything that closes it."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from apps.accounts.actions import revoke_token, set_access
from apps.accounts.models import ApiToken, User
from apps.conversations.actions import marks
from apps.conversations.models import Message
from apps.core import live
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from graphql_api import consumers
from graphql_api.ids import to_id
from tests.factories import make_token, make_user, receive
from tests.graphql_api.clients import Socket, opened
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import CHAT, EVENTS, LIST, ME, SEND
from tests.proxy import Proxy
from tests.waiting import eventually

FORMER = Subprotocol("graphql-ws")
STRANGE_FRAMES: list[str | bytes] = [
    "nothing",
    "5",
    "null",
    '"ping"',
    "[]",
    "[[" * 20_000,
    "{}",
    '{"type": 5}',
    '{"type": "subscribe", "id": 5, "payload": {"query": ""}}',
    '{"type": "subscribe", "id": [], "payload": {"query": ""}}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": "x"}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "variables": [1]}}',
    '{"type": "connection_init", "payload": 5}',
    b"\x00\x01",
]


@pytest.fixture
def token(house: House) -> str:
    return make_token(make_user(Role.OPERATOR, (house.here,)))


def last_words(socket: Socket) -> tuple[list[dict[str, Any]], int | None]:
    """Return what the server still says before it closes this socket, and the code with which it does."""
    heard: list[dict[str, Any]] = []
    try:
        while True:
            heard.append(socket.hear())
    except ConnectionClosed as closed:
        return heard, closed.rcvd.code if closed.rcvd else None


def closing(socket: Socket) -> int | None:
    """Return the code with which the server closes this socket."""
    return last_words(socket)[1]


def count_feeds() -> int:
    """Return how many feeds this process follows."""
    return sum(len(reader.feeds) for reader in list(live._readers.values()))


def follow(socket: Socket) -> None:
    """Subscribe to what happens from now on."""
    socket.subscribe(EVENTS, {"after": settled_cursor()})


def settled_cursor() -> str:
    """Return a cursor behind everything that happened; "now" may lie earlier while another test writes."""
    last = LiveEvent.objects.latest("id").xid

    def look() -> str | None:
        cursor = live.current_cursor()
        return cursor if live.Cursor.parse(cursor).xid > last else None

    return eventually(look, what="the end of what happened before")


class TestDocuments:
    def test_the_promised_documents_work(self, server: str, house: House, token: str):
        conversation = to_id("Conversation", house.ours.pk)
        given = {"conversationId": conversation, "text": "Hola", "clientKey": "k"}
        with opened(server, token) as socket:
            listed = socket.ask(LIST)["data"]["conversations"]
            sent = socket.ask(SEND, {"input": given})["data"]["sendMessage"]
            chat = socket.ask(CHAT, {"id": conversation})["data"]["conversation"]
            followed = socket.ask(ME)["data"]["me"]

        assert listed["totalCount"] == 1
        assert sent["status"] == "QUEUED"
        assert [edge["node"]["direction"] for edge in chat["messages"]["edges"]] == ["IN", "OUT"]
        assert followed["role"] == "OPERATOR"

    def test_errors_are_told_as_over_http(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            for document, code in [
                ("{ mee { id } }", "GRAPHQL_VALIDATION_FAILED"),
                ("{ me { id }", "GRAPHQL_PARSE_FAILED"),
                ("query A { me { id } } query B { me { id } } { me { id } }", "GRAPHQL_VALIDATION_FAILED"),
                ("{ conversations(first: 101) { totalCount } }", "BAD_USER_INPUT"),
                ("subscription { events { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
                ('subscription { events(after: "x") { kind } }', "BAD_USER_INPUT"),
                ("", "BAD_USER_INPUT"),
            ]:
                number = socket.subscribe(document)
                answer = socket.hear()
                errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
                assert errors[0]["extensions"]["code"] == code, document
                assert answer["id"] == number
                if answer["type"] == "next":
                    assert socket.hear()["type"] == "complete"
            assert socket.ask(ME)["data"]["me"]["role"] == "OPERATOR"  # the socket took no harm

    def test_the_token_comes_with_the_first_message(self, server: str, house: House, token: str):
        for payload in (
            {"Authorization": f"Bearer {token}"},
            {"authorization": f"bearer {token}"},
            {"authToken": token},
        ):
            with opened(server, None) as socket:
                socket.say(type="connection_init", payload=payload)
                assert socket.hear() == {"type": "connection_ack"}


class TestEvents:
    def test_what_happens_arrives_with_the_ids_of_the_nodes(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            follow(socket)
            message = receive(house.ours.inbox, "¿Están?")
            event = socket.next_event()

        row = LiveEvent.objects.latest("id")
        assert event.pop("at") == row.at.isoformat()
        assert event == {
            "cursor": str(live.Cursor(row.xid, row.pk, int(row.at.timestamp()))),
            "kind": "MESSAGE_ADDED",
            "conversationId": to_id("Conversation", house.ours.pk),
            "messageId": to_id("Message", message.pk),
        }

    def test_another_branch_is_silent(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            follow(socket)
            receive(house.theirs.inbox, "nada para vos", sender="5493875550202")
            receive(house.ours.inbox, "esto sí")
            event = socket.next_event()

        assert event["conversationId"] == to_id("Conversation", house.ours.pk)

    def test_nothing_is_missed_or_repeated_by_whoever_comes_back(self, server: str, house: House, token: str):
        texts = [f"{number}" for number in range(60)]
        sent: list[str] = []
        seen: list[str] = []
        cursor = settled_cursor()
        with ThreadPoolExecutor(1) as customers:
            writing = customers.submit(_write, house, texts, sent)
            while len(seen) < len(texts):  # leaves after every seventh, comes back with the last cursor
                with opened(server, token) as socket, suppress(TimeoutError):
                    socket.subscribe(EVENTS, {"after": cursor})
                    for _ in range(7):
                        event = socket.next_event()
                        seen.append(event["messageId"])
                        cursor = event["cursor"]
                        if len(seen) == len(texts):
                            break
            writing.result()

        assert seen == sent

    def test_the_cursor_of_now_leaves_no_hole_before_what_is_read(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            cursor = socket.ask("{ eventsCursor }")["data"]["eventsCursor"]
            message = receive(house.ours.inbox, "justo ahora")
            socket.subscribe(EVENTS, {"after": cursor})
            eventually(lambda: socket.next_event()["messageId"] == to_id("Message", message.pk), what="the message")

    def test_a_gap_that_is_not_kept_asks_to_reload_and_goes_on(self, server: str, house: House, token: str):
        long_ago = live.Cursor(1, 1, int(time.time()) - 49 * 3600)
        with opened(server, token) as socket:
            socket.subscribe(EVENTS, {"after": str(long_ago)})
            reload = socket.next_event()
            receive(house.ours.inbox, "después")
            event = socket.next_event()

        assert reload["kind"] == "RELOAD"
        assert live.Cursor.parse(reload["cursor"]) > long_ago
        assert (reload["conversationId"], reload["messageId"]) == (None, None)
        assert event["kind"] == "MESSAGE_ADDED"

    def test_a_subscription_can_be_ended(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            follow(socket)
            eventually(lambda: count_feeds() == 2, what="the feeds of the subscription and of the socket")
            socket.say(type="complete", id="1")
            eventually(lambda: count_feeds() == 1, what="the end of the subscription")
            assert socket.ask(ME)["data"]["me"]["role"] == "OPERATOR"

    def test_a_token_without_the_scope_hears_nothing(self, server: str, house: House):
        token = make_token(make_user(Role.OPERATOR, (house.here,)), "people:read")
        with opened(server, token) as socket:
            socket.subscribe(EVENTS)
            answer = socket.hear()
        errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
        assert errors[0]["extensions"]["code"] == "PERMISSION"


class TestAccess:
    def test_no_token_no_socket(self, server: str, house: House):
        payloads: list[dict[str, Any]] = [{}, {"authToken": "mst_wrong"}, {"authToken": None}, {"Authorization": 5}]
        for message in ({}, *({"payload": payload} for payload in payloads)):
            with opened(server, None) as socket:
                socket.say(type="connection_init", **message)
                assert closing(socket) == 4403

    def test_a_revoked_token_closes_at_once_and_hears_nothing_more(self, server: str, house: House, token: str):
        with opened(server, token) as socket, opened(server, token) as idle:
            follow(socket)
            revoke_token(token=ApiToken.objects.get(), actor=SYSTEM)
            receive(house.ours.inbox, "ya no")
            started = time.monotonic()
            heard, code = last_words(socket)
            assert (code, closing(idle)) == (4403, 4403)
            assert time.monotonic() - started < 5
        assert all(said["payload"].get("data") is None for said in heard if said["type"] == "next")

    def test_a_token_that_runs_out_closes_at_the_next_look(
        self, server: str, house: House, token: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)
        with opened(server, token) as socket:
            ApiToken.objects.update(expires_at=timezone.now())  # nobody announces the passing of time
            assert closing(socket) == 4403

    def test_whoever_moves_to_another_branch_hears_that_branch(self, server: str, house: House, token: str):
        user = User.objects.get()
        with opened(server, token) as socket:
            follow(socket)
            set_access(user=user, role=Role.OPERATOR, is_active=True, branches=[house.elsewhere], actor=SYSTEM)
            receive(house.ours.inbox, "ya no")
            receive(house.theirs.inbox, "ahora sí", sender="5493875550202")
            events = [socket.next_event(), socket.next_event()]
            listed = socket.subscribe(LIST)
            answer = socket.hear()

        assert [event["kind"] for event in events] == ["ACCESS_CHANGED", "MESSAGE_ADDED"]
        assert events[1]["conversationId"] == to_id("Conversation", house.theirs.pk)
        assert answer["id"] == listed
        (edge,) = answer["payload"]["data"]["conversations"]["edges"]
        assert edge["node"]["id"] == to_id("Conversation", house.theirs.pk)

    def test_a_user_who_leaves_is_shown_out(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            set_access(user=User.objects.get(), role=Role.OPERATOR, is_active=False, branches=[], actor=SYSTEM)
            assert closing(socket) == 4403

    def test_pages_of_others_are_refused(self, server: str, house: House):
        for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
            with pytest.raises(InvalidStatus) as refused, opened(server, None, origin=origin):
                pass
            assert refused.value.response.status_code == 403

    def test_our_own_pages_are_not(self, server: str, house: House, token: str):
        for origin in (server, "http://testserver"):
            with opened(server, token, origin=origin) as socket:
                assert socket.ask(ME)["data"]["me"]["role"] == "OPERATOR"

    def test_an_application_has_so_many_sockets(
        self, server: str, house: House, token: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(consumers.places, "most", 1)
        with opened(server, token), opened(server, None) as second:
            second.say(type="connection_init", payload={"authToken": token})
            assert closing(second) == 4429
        eventually(lambda: not consumers.places.count(), what="the sockets to be gone")
        with opened(server, token) as again:
            assert again.ask(ME)["data"]["me"]["role"] == "OPERATOR"


class TestProtocol:
    def test_the_former_protocol_is_not_spoken(self, server: str, house: House):
        address = server.replace("http", "ws", 1) + "/graphql/"
        for spoken in ([FORMER], None):
            with connect(address, subprotocols=spoken) as connection:
                assert connection.subprotocol is None
                assert closing(Socket(connection)) == 4406

    def test_silence_is_not_waited_for(self, server: str, house: House, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(consumers, "INIT_SECONDS", 0.05)
        with opened(server, None) as socket:
            assert closing(socket) == 4408

    def test_subscribing_without_a_token(self, server: str, house: House):
        with opened(server, None) as socket:
            socket.subscribe(EVENTS)
            assert closing(socket) == 4401

    def test_two_beginnings(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            socket.say(type="connection_init", payload={"authToken": token})
            assert closing(socket) == 4429

    def test_the_same_id_twice(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            for _ in range(2):
                socket.say(type="subscribe", id="1", payload={"query": EVENTS})
            assert closing(socket) == 4409

    def test_what_is_not_the_protocol_closes(self, server: str, house: House, token: str):
        for frame in STRANGE_FRAMES:
            with opened(server, token) as socket:
                socket.connection.send(frame)
                assert closing(socket) == 4400, frame

    def test_a_long_frame_closes(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            socket.say(type="ping", payload={"x": "é" * 40_000})
            assert closing(socket) == 1009

    def test_a_flood_closes(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            with suppress(ConnectionClosed):
                for _ in range(10_000):
                    socket.say(type="ping")
            assert closing(socket) == 4429

    def test_a_socket_has_so_many_subscriptions(self, server: str, house: House, token: str):
        with opened(server, token) as socket:
            for _ in range(consumers.SUBSCRIPTIONS):
                socket.subscribe(EVENTS)
            number = socket.subscribe(EVENTS)
            answer = socket.hear()
        assert (answer["type"], answer["id"]) == ("error", number)

    def test_ping_is_answered(self, server: str, house: House):
        with opened(server, None) as socket:
            socket.say(type="ping")
            assert socket.hear() == {"type": "pong"}


def test_while_the_database_is_away_a_socket_asks_to_come_back(
    server: str, database_proxy: Proxy, house: House, token: str
):
    with opened(server, token) as socket:
        database_proxy.cut()
        with opened(server, None) as late:
            late.say(type="connection_init", payload={"authToken": token})
            assert closing(late) == 1011
        number = socket.subscribe(ME)
        answer = socket.hear()
        assert (answer["type"], answer["id"]) == ("error", number)
        assert answer["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        database_proxy.mend()
        assert socket.ask(ME)["data"]["me"]["role"] == "OPERATOR"


def test_twenty_at_once_with_one_key_make_one_message(server: str, house: House, token: str):
    given = {"conversationId": to_id("Conversation", house.ours.pk), "text": "Hola", "clientKey": "once"}

    def send(_number: int) -> str:
        with opened(server, token) as socket:
            return str(socket.ask(SEND, {"input": given})["data"]["sendMessage"]["id"])

    with ThreadPoolExecutor(20) as applications:
        ids = set(applications.map(send, range(20)))

    message = Message.objects.get(direction="out")
    assert ids == {to_id("Message", message.pk)}


def test_a_mark_made_elsewhere_is_an_event(server: str, house: House, token: str):
    with opened(server, token) as socket:
        follow(socket)
        marks.set_pending(conversation=house.ours, is_pending=True, actor=SYSTEM)
        event = socket.next_event()
    assert (event["kind"], event["messageId"]) == ("CONVERSATION_CHANGED", None)


def _write(house: House, texts: list[str], sent: list[str]) -> None:
    sent.extend(to_id("Message", receive(house.ours.inbox, text).pk) for text in texts)
    connections.close_all()
