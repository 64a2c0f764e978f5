"""The outbound client against real sockets: was anything written?"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from providers import http
from providers.errors import NotSent, UncertainSend
from providers.http import HttpClient
from providers.types import HttpAnswer
from tests.providers import graph_behaviour as behaviour
from tests.providers.graph_server import GraphServer

PATH = "/v25.0/1/messages"
BODY = b'{"to": "+5493875550101", "text": {"body": "Hola"}}'


def post(
    url: str,
    *,
    connect: float = 1.0,
    total: float = 1.0,
    permit_age: float | None = None,
    body: bytes = BODY,
) -> HttpAnswer:
    async def run() -> HttpAnswer:
        async with HttpClient(connect_seconds=connect, total_seconds=total) as client:
            if permit_age is None:
                return await client.post(url, body, headers={"X-Test": "1"})
            permitted = client.permitted(time.monotonic() - permit_age)
            return await permitted.post(url, body, headers={"X-Test": "1"})

    return asyncio.run(run())


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    with GraphServer() as server:
        yield server


@contextlib.contextmanager
def listening(backlog: int = 8) -> Iterator[socket.socket]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as server:
        yield server


def test_whole_answer_comes_back(graph: GraphServer) -> None:
    graph.script(behaviour.throttled(retry_after=7))
    answer = post(graph.url + PATH)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "7"
    assert b"130429" in answer.body
    assert graph.received[0].headers["x-test"] == "1"


def test_redirect_is_not_followed(graph: GraphServer) -> None:
    graph.script(behaviour.Behaviour(http_status=307, headers={"Location": graph.url + PATH}, body="{}"))
    assert post(graph.url + PATH).status == 307
    assert len(graph.received) == 1


def test_connection_is_never_used_twice(graph: GraphServer) -> None:
    async def run() -> None:
        async with HttpClient() as client:
            for _ in range(3):
                await client.post(graph.url + PATH, BODY, headers={})

    asyncio.run(run())
    assert [item.headers["connection"] for item in graph.received] == ["close"] * 3


# Nothing was written -----------------------------------------------------------------------


def test_refused_connection_is_not_sent() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        post(f"http://127.0.0.1:{port}{PATH}")
    assert caught.value.code == "connection_refused"


def test_unknown_name_is_not_sent() -> None:
    with pytest.raises(NotSent) as caught:
        post(f"http://graph.invalid{PATH}", connect=2, total=10)
    assert caught.value.code in {"dns", "connect_timeout"}  # as fast as the resolver says no


def test_failed_tls_is_not_sent(graph: GraphServer) -> None:
    with pytest.raises(NotSent) as caught:
        post(graph.url.replace("http:", "https:") + PATH)
    assert caught.value.code == "tls"
    assert graph.received == []


def test_tls_that_never_answers_is_not_sent() -> None:
    with listening() as server, pytest.raises(NotSent) as caught:
        post(f"https://127.0.0.1:{server.getsockname()[1]}{PATH}", connect=0.3, total=5)
    assert caught.value.code == "connect_timeout"


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/x", "http://"])
def test_unusable_url_is_not_sent(url: str) -> None:
    with pytest.raises(NotSent):
        post(url)


def test_old_permit_writes_nothing(graph: GraphServer) -> None:
    with pytest.raises(NotSent) as caught:
        post(graph.url + PATH, permit_age=http.PERMIT_SECONDS + 0.1)
    assert caught.value.code == "permit_expired"
    assert graph.received == []


def test_permit_that_grows_old_while_connecting_writes_nothing() -> None:
    # given a permit with half a second left, and a door that opens after a second
    with listening(backlog=0) as server:
        port = server.getsockname()[1]
        in_the_way = socket.create_connection(("127.0.0.1", port))
        door = threading.Timer(0.3, lambda: server.accept()[0].close())
        door.start()
        # when the connection is made at last
        age = http.PERMIT_SECONDS - 0.5
        with in_the_way, pytest.raises(NotSent) as caught:
            post(f"http://127.0.0.1:{port}{PATH}", connect=5, total=10, permit_age=age)
        door.join()
        # then nothing goes over it
        ours, _ = server.accept()
        with ours:
            assert ours.recv(1) == b""
    assert caught.value.code == "permit_expired"


def test_fresh_permit_writes(graph: GraphServer) -> None:
    assert post(graph.url + PATH, permit_age=1.0).status == 200


# Something was written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "trouble", "code"),
    [
        ("reset", behaviour.reset(), "connection_lost"),
        ("closed", behaviour.closed(), "connection_lost"),
        ("hanging", behaviour.hanging(), "read_timeout"),
        ("truncated", behaviour.truncated(), "answer_truncated"),
        ("slow headers", behaviour.accepted(delay_seconds=5), "read_timeout"),
        ("slow body", behaviour.Behaviour(byte_seconds=0.1), "read_timeout"),
        ("huge", behaviour.Behaviour(body="x" * (http.ANSWER_MAX_BYTES + 1)), "answer_too_large"),
    ],
)
def test_trouble_after_the_first_byte_is_uncertain(
    graph: GraphServer, _case: str, trouble: behaviour.Behaviour, code: str
) -> None:
    graph.script(trouble)
    started = time.monotonic()
    with pytest.raises(UncertainSend) as caught:
        post(graph.url + PATH, total=0.6)
    assert caught.value.code == code
    assert time.monotonic() - started < 3
    assert len(graph.received) == 1  # and no second try


def test_server_that_reads_nothing_is_uncertain() -> None:
    with listening() as server, pytest.raises(UncertainSend) as caught:
        post(f"http://127.0.0.1:{server.getsockname()[1]}{PATH}", total=0.4)
    assert caught.value.code == "read_timeout"


def test_broken_http_is_uncertain() -> None:
    with listening() as server:
        thread = threading.Thread(target=_answer_nonsense, args=(server,))
        thread.start()
        with pytest.raises(UncertainSend) as caught:
            post(f"http://127.0.0.1:{server.getsockname()[1]}{PATH}")
        thread.join()
    assert caught.value.code == "connection_lost"


def _answer_nonsense(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"SMTP ready when you are\r\n\r\n")
