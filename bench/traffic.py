"""Messages in and out through one running line, each timed from its first byte to where it must arrive."""

import asyncio
import itertools
import json
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import websockets

from bench import talk
from bench.house import House, Line
from bench.load import Poster, connections, post, steadily

SCREENS = 3
KEPT_CONNECTIONS = 16
ARRIVE_SECONDS = 10
CSRF = "b" * 32
_numbers = itertools.count(1)


class Face(Protocol):
    """How one installation looks from outside: its socket, and how an operator sends."""

    socket_path: str
    headers: dict[str, str]

    def numbers_in(self, frame: str) -> list[int]:
        """Return which messages this frame shows."""

    def send(self, line: Line, chat: int, text: str, key: str) -> bytes:
        """Return the POST by which an operator answers."""

    def chats(self, house: House) -> list[int]:
        """Return the conversations that can be answered."""


class Ours:
    """The chat page."""

    socket_path = "/ws/chat/"

    def __init__(self, house: House, line: Line) -> None:
        cookies = f"sessionid={house.scene.session}; csrftoken={CSRF}"
        self.headers = {"cookie": cookies, "origin": line.url}

    def numbers_in(self, frame: str) -> list[int]:
        """Only the chat itself counts: the list row may already show a later message."""
        targets = json.loads(frame).get("targets", [])
        found = [talk.number_in(target["html"]) for target in targets if target["id"].startswith("m")]
        return [number for number in found if number is not None]

    def is_refresh(self, frame: str) -> bool:
        """Tell whether this frame says that the page must look for itself."""
        return bool(json.loads(frame)["type"] == "refresh")

    def fragment(self, line: Line, path: str, part: str) -> str:
        """Return a piece of the page, as the page asks for it."""
        headers = {"Cookie": self.headers["cookie"], "X-Fragment": part}
        with urllib.request.urlopen(urllib.request.Request(line.url + path, headers=headers)) as answer:
            return str(answer.read().decode())

    def send(self, line: Line, chat: int, text: str, key: str) -> bytes:
        form = urlencode({"text": text, "client_key": key}).encode()
        headers = {"content_type": "application/x-www-form-urlencoded", "x_csrftoken": CSRF, "x_fragment": "message"}
        return post(f"{line.url}/chat/{chat}/messages/", form, **headers, **self.headers)

    def chats(self, house: House) -> list[int]:
        return [pk for (pk,) in house.database.execute("SELECT id FROM conversations_conversation")]


class Bare:
    """The floor."""

    socket_path = "/"
    headers: dict[str, str] = {}

    def numbers_in(self, frame: str) -> list[int]:
        number = talk.number_in(json.loads(frame)[2])
        return [] if number is None else [number]

    def send(self, line: Line, chat: int, text: str, key: str) -> bytes:
        return post(f"{line.url}/send/", json.dumps({"chat": chat, "text": text}).encode())

    def chats(self, house: House) -> list[int]:
        return [pk for (pk,) in house.database.execute("SELECT id FROM bare.chat")]


@dataclass(kw_only=True)
class Heard:
    """When which message was written and when it arrived."""

    started: dict[int, float] = field(default_factory=dict)
    arrived: list[tuple[int, float]] = field(default_factory=list)

    def taken(self) -> list[float]:
        """Return the seconds of each arrival."""
        return [at - self.started[number] for number, at in self.arrived if number in self.started]


class Traffic:
    """Screens that are open, people who write and an operator who answers."""

    def __init__(self, house: House, line: Line, face: Face, *, warming_per_second: float = 20) -> None:
        self._house, self._line, self._face = house, line, face
        self._warming_per_second = warming_per_second
        self._chats: list[int] = []
        self._arrived: list[tuple[int, float]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Traffic":
        """Open screens, and let everybody write once, so that nothing is done for the first time any more."""
        await self._stack.__aenter__()
        opened = await self._stack.enter_async_context(connections(self._line.url, KEPT_CONNECTIONS))
        self._poster = Poster(self._line.url, opened)
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        address = self._line.url.replace("http", "ws", 1) + self._face.socket_path
        for _ in range(SCREENS):
            screen = await self._stack.enter_async_context(
                websockets.connect(address, additional_headers=self._face.headers, max_size=None)
            )
            listening = group.create_task(self._listen(screen))
            self._stack.callback(listening.cancel)
        await self.receive(per_second=self._warming_per_second, count=talk.PEOPLE)
        self._chats = self._face.chats(self._house)
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.__aexit__(*error)

    async def receive(self, *, per_second: float, count: int) -> list[float]:
        """Let people write at this pace; return the seconds from each POST to the frame on each screen."""
        heard = Heard()

        async def one(number: int) -> None:
            number = next(_numbers)
            request = talk.webhook(self._line.webhook_url, number)
            heard.started[number] = time.time()
            await self._poster.post(request)

        seen = len(self._arrived)
        await steadily(one, per_second=per_second, count=count)

        async def is_all_there() -> bool:
            heard.arrived = self._arrived[seen:]
            return len(heard.taken()) >= count * SCREENS

        await self._arrive(is_all_there, "messages on the screens")
        return heard.taken()

    async def send(self, *, per_second: float, count: int) -> list[float]:
        """Let the operator answer at this pace; return the seconds from each POST to the request at the provider."""
        heard = Heard()

        async def one(number: int) -> None:
            chat, number = self._chats[number % len(self._chats)], next(_numbers)
            request = self._face.send(self._line, chat, talk.words(number), f"key-{number}")
            heard.started[number] = time.time()
            await self._poster.post(request)

        await steadily(one, per_second=per_second, count=count)

        async def is_all_there() -> bool:
            received = await asyncio.to_thread(_received, self._line.graph_url)
            heard.arrived = [(talk.number_in(item["body"]["text"]["body"]) or 0, item["at"]) for item in received]
            return len(heard.taken()) >= count

        await self._arrive(is_all_there, "requests at the provider")
        return heard.taken()

    async def _listen(self, screen: websockets.ClientConnection) -> None:
        """Note when this screen shows each message for the first time."""
        shown: set[int] = set()
        async for frame in screen:
            at = time.time()
            new = set(self._face.numbers_in(str(frame))) - shown
            shown |= new
            self._arrived += [(number, at) for number in new]

    async def _arrive(self, is_all_there: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = time.monotonic() + ARRIVE_SECONDS
        while not await is_all_there():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Not all {what} after {ARRIVE_SECONDS} s.")
            await asyncio.sleep(0.1)


def _received(graph_url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{graph_url}/_control/received", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
