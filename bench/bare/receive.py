"""The floor of processing: a journal row taken, four statements by psycopg, a transaction each. Prints the seconds."""

import json
import os
import time

import psycopg

TAKE = """
UPDATE bare.journal SET state = 'processed', processed_at = now() WHERE id = (
    SELECT id FROM bare.journal WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING body
"""
IDENTITY = """
INSERT INTO bare.identity (address, name) VALUES (%s, %s)
ON CONFLICT (address) DO UPDATE SET name = excluded.name RETURNING id
"""
CHAT = """
INSERT INTO bare.thread (identity_id) VALUES (%s)
ON CONFLICT (identity_id) DO UPDATE SET identity_id = excluded.identity_id RETURNING id
"""
MESSAGE = """
INSERT INTO bare.message (chat_id, text, status, provider_id) VALUES (%s, %s, 'received', %s)
ON CONFLICT DO NOTHING RETURNING id
"""
COLUMNS = "UPDATE bare.thread SET last_id = %s, last_text = %s, unread = unread + 1 WHERE id = %s"


def main() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        started = time.perf_counter()
        while _receive(database):
            pass
        print(json.dumps({"seconds": time.perf_counter() - started}))


def _receive(database: psycopg.Connection) -> bool:
    with database.transaction():
        taken = database.execute(TAKE).fetchone()
        if taken is None:
            return False
        for entry in json.loads(taken[0])["entry"]:
            for change in entry["changes"]:
                for item in change["value"]["messages"]:
                    _store(database, item["from"], item["text"]["body"], item["id"])
    return True


def _store(database: psycopg.Connection, address: str, text: str, provider_id: str) -> None:
    (identity,) = _one(database, IDENTITY, address, address)
    (chat,) = _one(database, CHAT, identity)
    (message,) = _one(database, MESSAGE, chat, text, provider_id)
    database.execute(COLUMNS, (message, text, chat))


def _one(database: psycopg.Connection, statement: str, *values: object) -> tuple[int]:
    row: tuple[int] | None = database.execute(statement, values).fetchone()
    if row is None:
        raise RuntimeError("stored before")
    return row


if __name__ == "__main__":
    main()
