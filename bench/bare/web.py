"""The floor's web process: raw ASGI. Journal, send, and a socket that gets every message."""

import asyncio
import hashlib
import hmac
import json
import os
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]

DATABASE_URL = os.environ["DATABASE_URL"]
SECRET = os.environ["BARE_SECRET"].encode()
JOURNAL = """
INSERT INTO bare.journal (uid, account_id, received_at, body, headers, size, sha256, state, attempts,
                          next_attempt_at, item_count, ignored_count, dead_count, note)
VALUES (%s, 1, clock_timestamp(), %s, %s, %s, %s, 'new', 0, now(), 0, 0, 0, '')
"""
RING = "SELECT pg_notify('bare_in', '')"
QUEUE = """
WITH queued AS (INSERT INTO bare.message (chat_id, text, status) VALUES (%s, %s, 'queued'))
SELECT pg_notify('bare_out', '')
"""

pool = AsyncConnectionPool(DATABASE_URL, min_size=8, max_size=8, kwargs={"autocommit": True}, open=False)
sockets: set[Send] = set()
tasks: list[asyncio.Task[None]] = []


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "http" if scope["path"].startswith("/webhooks/"):
            await _answer(send, await _webhook(scope, receive))
        case "http" if scope["method"] == "POST":
            await _answer(send, await _send(await _body(receive)))
        case "http":
            await _answer(send, 200)
        case "websocket":
            await _socket(receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _webhook(scope: dict[str, Any], receive: Receive) -> int:
    body = await _body(receive)
    given = dict(scope["headers"]).get(b"x-hub-signature-256", b"")
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given, expected.encode()):
        return 401
    headers = '{"content-type": "application/json"}'
    row = (uuid.uuid4(), body, headers, len(body), hashlib.sha256(body).hexdigest())
    async with pool.connection() as database:
        if scope["path"] == "/webhooks/journal-only/":
            await database.execute(JOURNAL, row)
        else:
            async with database.pipeline(), database.transaction():
                await database.execute(JOURNAL, row)
                await database.execute(RING)
    return 200


async def _send(body: bytes) -> int:
    wanted = json.loads(body)
    async with pool.connection() as database:
        await database.execute(QUEUE, (wanted["chat"], wanted["text"]))
    return 200


async def _socket(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sockets.discard(send)


async def _pass_on() -> None:
    """Hand each message to every socket, as its transaction tells of it."""
    async with (
        await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as ear,
        await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as database,
    ):
        await ear.execute("LISTEN bare_live")
        async for note in ear.notifies():
            found = await database.execute("SELECT id, chat_id, text FROM bare.message WHERE id = %s", [note.payload])
            row = await found.fetchone()
            frame = {"type": "websocket.send", "text": json.dumps(row)}
            for send in list(sockets):
                await send(frame)


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await pool.open(wait=True)
    tasks.append(asyncio.create_task(_pass_on()))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for task in tasks:
        task.cancel()
    await pool.close()
    await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body", False):
            return bytes(body)


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
