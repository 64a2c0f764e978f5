"""The floor's worker: an asyncio loop on NOTIFY and SKIP LOCKED. One transaction per webhook, one POST per send."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import psycopg

DATABASE_URL = os.environ["DATABASE_URL"]
GRAPH_URL = os.environ["META_GRAPH_URL"]
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
SENT = "UPDATE bare.message SET status = 'sent', provider_id = %s WHERE id = %s"
STATUS = "UPDATE bare.message SET status = %s WHERE provider_id = %s"


async def main() -> None:
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
        group.create_task(_work(bells["bare_in"], lambda: _receive(inward)))
        group.create_task(_work(bells["bare_out"], lambda: _start_send(outward, session, group)))
        async for note in ear.notifies():
            bells[note.channel].set()


async def _work(bell: asyncio.Event, step: Callable[[], Awaitable[bool]]) -> None:
    while True:
        while await step():
            pass
        await bell.wait()
        bell.clear()


async def _receive(database: psycopg.AsyncConnection[Any]) -> bool:
    async with database.transaction():
        taken = await (await database.execute(TAKE_WEBHOOK)).fetchone()
        if taken is None:
            return False
        for entry in json.loads(taken[0])["entry"]:
            for change in entry["changes"]:
                for item in change["value"].get("messages", []):
                    row = {"address": item["from"], "text": item["text"]["body"], "provider_id": item["id"]}
                    await database.execute(RECEIVE, row)
                for item in change["value"].get("statuses", []):
                    await database.execute(STATUS, (item["status"], item["id"]))
    return True


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
