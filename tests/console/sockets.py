"""One page's end of the line, for tests of the socket."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from apps.accounts.models import User

WAIT = 10
NO_ORIGIN = "none"


@sync_to_async
def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


class Socket:
    """One page's end of the line."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.heard: list[str] = []

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT):
            frame: dict[str, Any] = json.loads(await self.line.recv())
        self.heard.append(frame["type"])
        return frame

    async def hear(self, kind: str = "event") -> dict[str, Any]:
        """Return the next frame of this type."""
        while (frame := await self.next())["type"] != kind:
            pass
        return frame

    async def say(self, **frame) -> None:
        await self.line.send(json.dumps(frame))

    async def closing_code(self) -> int:
        """Wait for the end and return why."""
        with suppress(ConnectionClosed):
            while True:
                await self.next()
        return self.line.close_code or 0


@asynccontextmanager
async def page(server: str, user: User | None, *, after: str = "", origin: str = "", session: str = "", **query: str):
    """Open the socket as a signed-in page would."""
    host = server.removeprefix("http://")
    cookie = session or (await session_of(user) if user else "")
    asked = "&".join(f"{name}={value}" for name, value in {"after": after, **query}.items() if value)
    headers = {"Cookie": f"sessionid={cookie}"} | ({} if origin == NO_ORIGIN else {"Origin": origin or server})
    async with connect(f"ws://{host}/ws/chat/?{asked}", additional_headers=headers, max_size=None) as line:
        yield Socket(line)
