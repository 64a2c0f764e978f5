"""The floor's worker: an asyncio loop on NOTIFY and SKIP LOCKED. One transaction per webhook, one POST per send.

With BARE_MODEL_URL it asks a model about each message, and writes and tells each piece of the answer.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import psycopg

DATABASE_URL = os.environ["DATABASE_URL"]
GRAPH_URL = os.environ["META_GRAPH_URL"]
MODEL_URL = os.environ.get("BARE_MODEL_URL", "")
TAKE_WEBHOOK = """
UPDATE bare.journal SET state = 'processed', processed_at = now() WHERE id = (
    SELECT id FROM bare.journal WHERE state = 'new' AND next_attempt_at <= now()
    ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING body
"""
RECEIVE = """
WITH chat AS (
    INSERT INTO bare.chat (address, last_text) VALUES (%(address)s, %(text)s)
    ON CONFLICT (address) DO UPDATE SET last_text = excluded.last_text, unread = chat.unread + 1 RETURNING id
), message AS (
    INSERT INTO bare.message (chat_id, text, status, provider_id) SELECT id, %(text)s, 'received', %(provider_id)s
    FROM chat ON CONFLICT DO NOTHING RETURNING id
)
SELECT pg_notify('bare_live', id::text) FROM message
"""
TAKE_MESSAGE = """
UPDATE bare.message SET status = 'sending' WHERE id = (
    SELECT id FROM bare.message WHERE status = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, text, (SELECT address FROM bare.chat WHERE chat.id = chat_id)
"""
BEGIN = """
INSERT INTO bare.message (chat_id, text, status) SELECT id, '', 'growing' FROM bare.chat WHERE address = %s RETURNING id
"""
GROW = """
WITH grown AS (UPDATE bare.message SET text = %s WHERE id = %s RETURNING id)
SELECT pg_notify('bare_live', id::text) FROM grown
"""
SENT = "UPDATE bare.message SET status = 'sent', provider_id = %s WHERE id = %s"
STATUS = "UPDATE bare.message SET status = %s WHERE provider_id = %s"


async def main() -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    bells = {"bare_in": asyncio.Event(), "bare_out": asyncio.Event()}
    async with (
        await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as ear,
        await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as inward,
        await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as outward,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session,
        asyncio.TaskGroup() as group,
    ):
        for channel in bells:
            await ear.execute(f"LISTEN {channel}")
        group.create_task(_work(bells["bare_in"], lambda: _receive(inward, heard)))
        group.create_task(_ask_all(outward, session, heard, group))
        group.create_task(_work(bells["bare_out"], lambda: _start_send(outward, session, group)))
        async for note in ear.notifies():
            bells[note.channel].set()


async def _work(bell: asyncio.Event, step: Callable[[], Awaitable[bool]]) -> None:
    while True:
        while await step():
            pass
        await bell.wait()
        bell.clear()


async def _receive(database: psycopg.AsyncConnection[Any], heard: asyncio.Queue[tuple[str, str]]) -> bool:
    questions: list[tuple[str, str]] = []
    async with database.transaction():
        taken = await (await database.execute(TAKE_WEBHOOK)).fetchone()
        if taken is None:
            return False
        for entry in json.loads(taken[0])["entry"]:
            for change in entry["changes"]:
                for item in change["value"].get("messages", []):
                    row = {"address": item["from"], "text": item["text"]["body"], "provider_id": item["id"]}
                    await database.execute(RECEIVE, row)
                    questions.append((row["address"], row["text"]))
                for item in change["value"].get("statuses", []):
                    await database.execute(STATUS, (item["status"], item["id"]))
    for question in questions if MODEL_URL else ():
        heard.put_nowait(question)
    return True


async def _ask_all(
    database: psycopg.AsyncConnection[Any],
    session: aiohttp.ClientSession,
    heard: asyncio.Queue[tuple[str, str]],
    group: asyncio.TaskGroup,
) -> None:
    while True:
        group.create_task(_ask(database, session, *await heard.get()))


async def _ask(database: psycopg.AsyncConnection[Any], session: aiohttp.ClientSession, address: str, text: str) -> None:
    body = {"model": "bare", "stream": True, "messages": [{"role": "user", "content": text}]}
    row = await (await database.execute(BEGIN, (address,))).fetchone()
    said = ""
    async with session.post(f"{MODEL_URL}/chat/completions", json=body) as answer:
        async for line in answer.content:
            if not line.startswith(b"data: {"):
                continue
            for choice in json.loads(line[6:])["choices"]:
                said += choice["delta"].get("content") or ""
            await database.execute(GROW, (said, row and row[0]))


async def _start_send(
    database: psycopg.AsyncConnection[Any], session: aiohttp.ClientSession, group: asyncio.TaskGroup
) -> bool:
    taken = await (await database.execute(TAKE_MESSAGE)).fetchone()
    if taken is None:
        return False
    group.create_task(_post(database, session, *taken))
    return True


async def _post(
    database: psycopg.AsyncConnection[Any], session: aiohttp.ClientSession, pk: int, text: str, address: str
) -> None:
    body = {"messaging_product": "whatsapp", "to": f"+{address}", "type": "text", "text": {"body": text}}
    async with session.post(f"{GRAPH_URL}/v25.0/1060403000001/messages", json=body) as answer:
        told = await answer.json()
    await database.execute(SENT, (told["messages"][0]["id"], pk))


if __name__ == "__main__":
    asyncio.run(main())
