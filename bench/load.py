"""What presses on the servers: plain HTTP/1.1 over kept connections, cheap enough not to be what is measured."""

import asyncio
import itertools
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
ANSWER_SECONDS = 20


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._seen = b""
        self._answered: asyncio.Future[int] | None = None
        self.is_lost = False
        self.transport: asyncio.BaseTransport | None = None

    async def ask(self, request: bytes) -> int:
        """Write one request and return the status of its answer, 0 when the connection was lost."""
        assert isinstance(self.transport, asyncio.WriteTransport)
        self._seen, self._answered = b"", asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and len(body) >= (int(length[1]) if length else 0):
            self._settle(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        self._settle(0)

    def _settle(self, status: int) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)


def post(url: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST."""
    place = urlsplit(url)
    head = {"host": place.netloc, "content-length": str(len(body)), **headers}
    lines = [f"POST {place.path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in head.items())]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


async def connect(url: str) -> Connection:
    """Open a connection to the server of `url`."""
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or 80
    return (await asyncio.get_running_loop().create_connection(Connection, host, port))[1]


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[Connection]]:
    """Open `count` connections to the server of `url`."""
    made = [await connect(url) for _ in range(count)]
    try:
        yield made
    finally:
        for connection in made:
            if connection.transport is not None:
                connection.transport.close()


def repeated(requests: Sequence[bytes], *, seconds: float) -> Iterator[bytes]:
    """Give requests over and over until the time is up."""
    until = time.perf_counter() + seconds
    for request in itertools.cycle(requests):
        if time.perf_counter() > until:
            return
        yield request


async def flood(url: str, requests: Iterable[bytes], *, at_once: int) -> tuple[list[float], float]:
    """Ask as fast as answers come, `at_once` at a time. Return the seconds of each request and of the whole."""
    taken: list[float] = []
    supply = iter(requests)

    async def one_after_the_other(connection: Connection) -> None:
        for request in supply:
            asked = time.perf_counter()
            require_ok(await connection.ask(request))
            taken.append(time.perf_counter() - asked)

    async with connections(url, at_once) as opened, asyncio.TaskGroup() as group:
        started = time.perf_counter()
        for connection in opened:
            group.create_task(one_after_the_other(connection))
    return taken, time.perf_counter() - started


async def steadily(act: Callable[[int], Awaitable[None]], *, per_second: float, count: int) -> None:
    """Start `act(0)`, `act(1)`, … at a steady pace, whether or not the ones before have ended."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            group.create_task(_within(act(number)))


async def _within(action: Awaitable[None]) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        await action


class Poster:
    """Posts over a pool of kept connections to one server, which closes those that idle."""

    def __init__(self, url: str, opened: list[Connection]) -> None:
        self._url = url
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in opened:
            self._free.put_nowait(connection)

    async def post(self, request: bytes) -> None:
        """Post and wait for the answer, which must be a good one."""
        connection = await self._free.get()
        if connection.is_lost:
            connection = await connect(self._url)
        require_ok(await connection.ask(request))
        self._free.put_nowait(connection)


def require_ok(status: int) -> None:
    if not 200 <= status < 300:
        raise RuntimeError(f"answered {status}")
