"""The one webhook view: verify, journal, answer.

A small ASGI handler beside Django's stack, since providers judge us by its speed. A delivery is verified
over its raw bytes, written to the journal, committed, and only then answered 200; the workers do the rest.
Deliveries that arrive while a commit is under way share the next one.
"""

import asyncio
import hashlib
import json
import logging
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from django.db import connection

from apps.core.broker import CHANNEL
from apps.core.jobs import Job, package
from apps.core.secrets import Sealed, UnreadableSecret
from apps.inboxes.models import build_provider
from providers.base import Provider
from providers.errors import BadCredentials, WebhookRejected
from providers.types import WebhookRequest

logger = logging.getLogger(__name__)

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[Mapping[str, Any]], Awaitable[None]]

BODY_MAX = 4 * 1024 * 1024
BODY_SECONDS = 30
DATABASE_SECONDS = 3
"""How long one statement may take: a provider waits five seconds, and tries again later after a 503."""
CONNECTIONS = 4
BATCH = 200
BATCH_BYTES = 16 * 1024 * 1024
KEPT_HEADERS = ("content-type", "user-agent", "x-hub-signature-256")
PATH = re.compile(r"/webhooks/([\w-]{16,64})/", re.ASCII)
AWAY = (psycopg.Error, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider is told. Never more than a word: it could be anybody."""

    status: int
    text: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


OK = Answer(status=200)
UNKNOWN = Answer(status=404)
NOT_ALLOWED = Answer(status=405, headers=((b"allow", b"GET, POST"),))
TOO_LARGE = Answer(status=413, headers=((b"connection", b"close"),))
ENCODED = Answer(status=415)
TOO_SLOW = Answer(status=408, headers=((b"connection", b"close"),))
REJECTED = Answer(status=401)
FORBIDDEN = Answer(status=403)
UNAVAILABLE = Answer(status=503, headers=((b"retry-after", b"30"),))


class BodyTooLarge(Exception):
    """More than BODY_MAX bytes, announced or counted."""


class UnusableAccount(Exception):
    """The account is active, and its credentials cannot be used; says which and why, no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the view needs of a provider account."""

    id: int
    revision: int
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One verified webhook on its way into the journal."""

    account: Account
    body: bytes
    headers: dict[str, str]
    uid: uuid.UUID = field(default_factory=uuid.uuid4)


async def webhooks(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI entrance of `/webhooks/<account_key>/`."""
    try:
        answer = await _answer(scope, receive)
    except AWAY as error:
        logger.error("webhook.database_away error=%s", type(error).__name__)
        answer = UNAVAILABLE
    except UnusableAccount as error:
        logger.error("webhook.unusable_account %s", error)
        answer = UNAVAILABLE
    body = answer.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer(scope: Scope, receive: Receive) -> Answer:
    place = PATH.fullmatch(scope["path"])
    journal = _journal_of_this_loop()
    if place is None or await journal.account(place[1]) is None:
        return UNKNOWN  # before a stranger's body is read
    if scope["method"] not in {"GET", "POST"}:
        return NOT_ALLOWED
    headers = _headers(scope)
    if headers.get("content-encoding", "identity") != "identity":
        return ENCODED
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(headers, receive)
    except BodyTooLarge:
        return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    request = WebhookRequest(method=scope["method"], headers=headers, query=query, body=body)
    if scope["method"] == "GET":
        return await _shake_hands(journal, place[1], request)
    return await _accept(journal, place[1], request, caller=(scope.get("client") or ("",))[0])


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _body(headers: dict[str, str], receive: Receive) -> bytes:
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > BODY_MAX:
        raise BodyTooLarge
    body = bytearray()
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise TimeoutError
        body += part.get("body", b"")
        if len(body) > BODY_MAX:
            raise BodyTooLarge
        if not part.get("more_body", False):
            return bytes(body)


async def _shake_hands(journal: "Journal", key: str, request: WebhookRequest) -> Answer:
    account = await journal.read_account(key)
    if account is None:
        return UNKNOWN
    try:
        text = account.provider.handshake(request)
    except WebhookRejected as error:
        logger.warning("webhook.handshake_refused account=%s reason=%s", account.id, error.code)
        return FORBIDDEN
    await journal.note(account, "handshake_at")
    return Answer(status=200, text=text)


async def _accept(journal: "Journal", key: str, request: WebhookRequest, *, caller: str) -> Answer:
    """Verify with the account as it is known, and once more as it is now if that does not do."""
    kept = {name: request.headers[name].replace("\0", "")[:500] for name in KEPT_HEADERS if name in request.headers}
    account = await journal.account(key)
    refusal = _refusal(account, request)
    if account and not refusal and await journal.add(Delivery(account=account, body=request.body, headers=kept)):
        return OK
    known, account = account, await journal.read_account(key)
    if account is None:
        return UNKNOWN
    if known is None or known.revision != account.revision:
        refusal = _refusal(account, request)
    if refusal:
        await _note_refusal(journal, account, request, reason=refusal, caller=caller)
        return REJECTED
    stored = await journal.add(Delivery(account=account, body=request.body, headers=kept))
    return OK if stored else UNAVAILABLE


def _refusal(account: Account | None, request: WebhookRequest) -> str:
    """Return why the request does not prove that it comes from the provider, "" when it does."""
    try:
        if account is not None:
            account.provider.verify(request)
    except WebhookRejected as error:
        return error.code
    return ""


async def _note_refusal(
    journal: "Journal", account: Account, request: WebhookRequest, *, reason: str, caller: str
) -> None:
    """Write on the account and into the log that somebody tried, every few seconds and not every time."""
    journal.refusals[account.id] += 1
    if await journal.note(account, "last_bad_signature_at"):
        logger.warning(
            "webhook.bad_signature account=%s reason=%s size=%s sha256=%s caller=%s count=%s",
            account.id, reason, len(request.body), hashlib.sha256(request.body).hexdigest(), caller,
            journal.refusals.pop(account.id, 1),
        )  # fmt: skip


_STORE = """
WITH arrived AS (
    SELECT *, clock_timestamp() AS received_at
    FROM unnest(%(uids)s::uuid[], %(accounts)s::bigint[], %(revisions)s::int[], %(bodies)s::bytea[],
                         %(headers)s::text[], %(sizes)s::int[], %(digests)s::text[])
        AS t(uid, account_id, revision, body, headers, size, sha256)
), stored AS (
    INSERT INTO inboxes_webhookevent (uid, account_id, received_at, headers, size, sha256, state, attempts,
                                      next_attempt_at, item_count, ignored_count, dead_count, note)
    SELECT arrived.uid, arrived.account_id, arrived.received_at, arrived.headers::jsonb, arrived.size,
           arrived.sha256, 'new', 0, now(), 0, 0, 0, ''
    FROM arrived JOIN inboxes_provideraccount account
      ON account.id = arrived.account_id AND account.revision = arrived.revision AND account.is_active
    ON CONFLICT (uid) DO UPDATE SET uid = excluded.uid
    RETURNING uid, received_at
), kept AS (
    INSERT INTO inboxes_webhookbody (event_uid, received_at, body)
    SELECT stored.uid, stored.received_at, arrived.body FROM stored JOIN arrived ON arrived.uid = stored.uid
    ON CONFLICT DO NOTHING
), rung AS (
    INSERT INTO django_q_ormq (key, payload, lock)
    SELECT %(queue)s, %(ring)s, now() WHERE EXISTS (SELECT FROM stored) RETURNING key
)
SELECT uid::text FROM stored UNION ALL SELECT pg_notify(%(channel)s, key)::text FROM rung
"""
_ACCOUNT = """
SELECT id, revision, kind, credentials FROM inboxes_provideraccount WHERE webhook_key = %s AND is_active
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
        for pk, revision, kind, credentials in rows:
            try:
                provider = build_provider(kind, Sealed(credentials).open_for(key))
            except (BadCredentials, UnreadableSecret, KeyError) as error:
                raise UnusableAccount(f"account={pk} error={type(error).__name__}") from error
            self._accounts[key] = Account(id=pk, revision=revision, provider=provider)
        return self._accounts.get(key)

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


_journals: dict[asyncio.AbstractEventLoop, Journal] = {}


def _journal_of_this_loop() -> Journal:
    loop = asyncio.get_running_loop()
    if loop not in _journals:
        _journals[loop] = Journal()
    return _journals[loop]


async def stop() -> None:
    """Close what this event loop opened."""
    if journal := _journals.pop(asyncio.get_running_loop(), None):
        await journal.close()
