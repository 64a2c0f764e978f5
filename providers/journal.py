"""The journal as the entrances for providers see it: accounts by their key or token, and rows that are durable.

Deliveries that arrive while a commit is under way share the next one.
"""

import asyncio
import hashlib
import json
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection

from apps.core.broker import CHANNEL
from apps.core.jobs import Job, package
from apps.core.secrets import Sealed, UnreadableSecret
from apps.inboxes.models import build_provider
from providers.base import Provider
from providers.errors import BadCredentials

logger = logging.getLogger(__name__)

DATABASE_SECONDS = 3
"""How long one statement may take: a provider waits five seconds, and tries again later after a 503."""
CONNECTIONS = 4
BATCH = 200
BATCH_BYTES = 16 * 1024 * 1024
KEPT_HEADERS = ("content-type", "user-agent", "x-hub-signature-256")
AWAY = (psycopg.Error, OSError)


class UnusableAccount(Exception):
    """The account is active, and its credentials cannot be used; says which and why, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the entrances need of a provider account."""

    id: int
    revision: int
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery on its way into the journal; `rejected` says why it is only kept and not processed."""

    account: Account
    body: bytes
    headers: dict[str, str]
    rejected: str = ""
    uid: uuid.UUID = field(default_factory=uuid.uuid4)


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth keeping: none that proves anything to anybody else."""
    return {name: headers[name].replace("\0", "")[:500] for name in KEPT_HEADERS if name in headers}


_STORE = """
WITH arrived AS (
    SELECT *, clock_timestamp() AS received_at
    FROM unnest(%(uids)s::uuid[], %(accounts)s::bigint[], %(revisions)s::int[], %(bodies)s::bytea[],
                         %(headers)s::text[], %(sizes)s::int[], %(digests)s::text[], %(rejected)s::text[])
        AS t(uid, account_id, revision, body, headers, size, sha256, rejected)
), stored AS (
    INSERT INTO inboxes_webhookevent (uid, account_id, received_at, headers, size, sha256, state, attempts,
                                      next_attempt_at, item_count, ignored_count, dead_count, note)
    SELECT arrived.uid, arrived.account_id, arrived.received_at, arrived.headers::jsonb, arrived.size,
           arrived.sha256, CASE arrived.rejected WHEN '' THEN 'new' ELSE 'rejected' END, 0, now(), 0, 0, 0,
           arrived.rejected
    FROM arrived JOIN inboxes_provideraccount account
      ON account.id = arrived.account_id AND account.revision = arrived.revision AND account.is_active
    ON CONFLICT (uid) DO UPDATE SET uid = excluded.uid
    RETURNING uid, received_at, state
), kept AS (
    INSERT INTO inboxes_webhookbody (event_uid, received_at, body)
    SELECT stored.uid, stored.received_at, arrived.body FROM stored JOIN arrived ON arrived.uid = stored.uid
    ON CONFLICT DO NOTHING
), rung AS (
    INSERT INTO django_q_ormq (key, payload, lock)
    SELECT %(queue)s, %(ring)s, now() WHERE EXISTS (SELECT FROM stored WHERE state = 'new') RETURNING key
)
SELECT uid::text FROM stored UNION ALL SELECT pg_notify(%(channel)s, key)::text FROM rung
"""
_ACCOUNT = """
SELECT webhook_key, id, revision, kind, name, credentials FROM inboxes_provideraccount
WHERE webhook_key = %s AND is_active
"""
_EXTERNAL_ACCOUNTS = """
SELECT webhook_key, id, revision, kind, name, credentials FROM inboxes_provideraccount
WHERE kind = 'external' AND is_active ORDER BY id
"""
_NOTES = {
    "handshake_at": "UPDATE inboxes_provideraccount SET handshake_at = now() WHERE id = %s RETURNING id",
    "last_bad_signature_at": "UPDATE inboxes_provideraccount SET last_bad_signature_at = now() WHERE id = %s"
    " AND (last_bad_signature_at IS NULL OR last_bad_signature_at < now() - interval '10 s') RETURNING id",
}


class Journal:
    """The database as this view sees it, for one event loop.

    Its few connections are made when they are needed and dropped when they break: nobody waits for a
    database that is away, and the first request after its return finds it.
    """

    def __init__(self) -> None:
        self._parameters = connection.get_connection_params()
        for own in ("cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"):
            self._parameters.pop(own, None)
        self._parameters["connect_timeout"] = DATABASE_SECONDS
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[psycopg.AsyncConnection] = []
        self._accounts: dict[str, Account] = {}
        self._externals: list[Account] = []
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.refusals: Counter[int] = Counter()

    async def account(self, key: str) -> Account | None:
        """Return the active account of this key, as it was when it was last read."""
        return self._accounts.get(key) or await self.read_account(key)

    async def read_account(self, key: str) -> Account | None:
        """Return the active account of this key. Raises UnusableAccount when it cannot speak any more."""
        rows = await self._query(_ACCOUNT, [key])
        self._accounts.pop(key, None)
        for row in rows:
            self._accounts[key] = _opened(*row)
        return self._accounts.get(key)

    async def external_accounts(self) -> list[Account]:
        """Return the active accounts of external adapters, as they were when they were last read."""
        return self._externals

    async def read_external_accounts(self) -> list[Account]:
        """Return the active accounts of external adapters; those that cannot speak any more are left out."""
        self._externals = []
        for row in await self._query(_EXTERNAL_ACCOUNTS, []):
            try:
                self._externals.append(_opened(*row))
            except UnusableAccount as error:
                logger.error("messages.unusable_account %s", error)
        return self._externals

    async def note(self, account: Account, moment: str) -> bool:
        """Write on the account when something last happened; False when it just did."""
        return bool(await self._query(_NOTES[moment], [account.id]))

    async def add(self, delivery: Delivery) -> bool:
        """Return True once the delivery is committed, False when its account changed since it was read."""
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await stored

    async def _write_all(self) -> None:
        while batch := self._next_batch():
            try:
                uids = await self._write([delivery for delivery, _ in batch])
            except AWAY as error:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
            else:
                for delivery, stored in batch:
                    if not stored.done():
                        stored.set_result(str(delivery.uid) in uids)

    def _next_batch(self) -> list[tuple[Delivery, asyncio.Future[bool]]]:
        count = size = 0
        for delivery, _ in self._waiting[:BATCH]:
            size += len(delivery.body)
            if count and size > BATCH_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _write(self, deliveries: list[Delivery]) -> set[str]:
        """Write a batch and ring; return the ids of what was stored."""
        parameters = {
            "uids": [delivery.uid for delivery in deliveries],
            "accounts": [delivery.account.id for delivery in deliveries],
            "revisions": [delivery.account.revision for delivery in deliveries],
            "bodies": [delivery.body for delivery in deliveries],
            "headers": [json.dumps(delivery.headers) for delivery in deliveries],
            "sizes": [len(delivery.body) for delivery in deliveries],
            "digests": [hashlib.sha256(delivery.body).hexdigest() for delivery in deliveries],
            "rejected": [delivery.rejected for delivery in deliveries],
            "queue": "default",
            "ring": package(Job.PROCESS_EVENTS),
            "channel": CHANNEL,
        }
        return {uid for (uid,) in await self._query(_STORE, parameters) if uid}

    async def _query(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        """Run one statement that is safe to repeat. Raises one of AWAY, after DATABASE_SECONDS at the latest."""
        work = asyncio.create_task(self._run_twice(statement, parameters))
        done, _ = await asyncio.wait([work], timeout=DATABASE_SECONDS)
        if not done:
            # Not awaited: psycopg takes its time to cancel at a server that hangs.
            work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            work.cancel()
            raise TimeoutError
        return work.result()

    async def _run_twice(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        """Run it again on a fresh connection when the first was stale."""
        try:
            return await self._run(statement, parameters)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            await self.close()
            return await self._run(statement, parameters)

    async def _run(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        async with self._connection() as database:
            return await (await database.execute(statement, parameters)).fetchall()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        async with self._room:
            database = (
                self._idle.pop()
                if self._idle
                else await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True)
            )
            try:
                yield database
                self._idle.append(database)
            except BaseException:
                await database.close()
                raise

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()


def _opened(key: str, pk: int, revision: int, kind: str, name: str, credentials: str) -> Account:
    """Return an account that can speak. Raises UnusableAccount."""
    try:
        provider = build_provider(kind, Sealed(credentials).open_for(key), {"account_name": name})
    except (BadCredentials, UnreadableSecret, KeyError) as error:
        raise UnusableAccount(f"account={pk} error={type(error).__name__}") from error
    return Account(id=pk, revision=revision, provider=provider)


_journals: dict[asyncio.AbstractEventLoop, Journal] = {}


def journal_of_this_loop() -> Journal:
    """Return the one journal of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _journals:
        _journals[loop] = Journal()
    return _journals[loop]


async def stop() -> None:
    """Close what this event loop opened."""
    if journal := _journals.pop(asyncio.get_running_loop(), None):
        await journal.close()
