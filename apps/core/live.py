"""What happened, for open screens.

An action calls `publish` in the transaction of its change: one `LiveEvent` row, and a bell on the channel
layer after commit. The bell carries nothing, so losing it loses nothing. A reader takes rows after its
cursor in the order (xid, id), and only those whose transaction is older than every running one, so that no
order of commits can hide a row. One reader per process serves all its sockets.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import Error, close_old_connections, connection, connections, transaction
from redis.exceptions import RedisError

from apps.core.actors import Actor
from apps.core.models import LiveEvent

logger = logging.getLogger(__name__)

GROUP = "live"
KEPT_HOURS = 48
SAFETY_SECONDS = 5.0
"""How often a reader looks without having heard a bell: a lost bell costs this much, never an event."""
PAGE = 500
BACKLOG = 2_000


class LiveKind(StrEnum):
    """What can happen."""

    MESSAGE_ADDED = "message_added"
    MESSAGE_CHANGED = "message_changed"
    CONVERSATION_CHANGED = "conversation_changed"
    PERSON_CHANGED = "person_changed"
    ACCESS_CHANGED = "access_changed"


class InvalidCursor(ValueError):
    """This text is no cursor of ours."""


class GapTooOld(Exception):
    """What happened since the cursor is no longer kept, or was too much: the screen must load afresh."""


class Cursor(NamedTuple):
    """A place in the feed; clients hold its text and give it back."""

    xid: int
    id: int
    at: int

    def __str__(self) -> str:
        return f"{self.xid}.{self.id}.{self.at}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor given back by a client; raises InvalidCursor."""
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            raise InvalidCursor("Not a cursor of this feed.")
        return cls(*map(int, parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. Ids only: who shows it reads the rest through its door."""

    cursor: Cursor
    kind: LiveKind
    at: datetime
    branch_id: int | None
    inbox_id: int | None
    conversation_id: int | None
    message_id: int | None
    person_id: int | None
    user_id: int | None

    def visible_to(self, actor: Actor) -> bool:
        """Tell whether this happened in a room that is open to `actor`."""
        if self.branch_id is not None:
            return actor.sees_branch(self.branch_id)
        return self.user_id is None or self.user_id == actor.user_id


def publish(
    kind: LiveKind,
    *,
    branch_id: int | None = None,
    inbox_id: int | None = None,
    conversation_id: int | None = None,
    message_id: int | None = None,
    person_id: int | None = None,
    user_id: int | None = None,
) -> None:
    """Write what happened; screens hear of it when the surrounding transaction commits."""
    LiveEvent.objects.create(
        kind=kind,
        branch_id=branch_id,
        inbox_id=inbox_id,
        conversation_id=conversation_id,
        message_id=message_id,
        person_id=person_id,
        user_id=user_id,
    )
    ring_on_commit()


def ring_on_commit() -> None:
    """Ring once when the surrounding transaction commits, however often this is called in it."""
    if not any(hook[1] is _ring for hook in connection.run_on_commit):
        transaction.on_commit(_ring)


def _ring() -> None:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(GROUP, {"type": "bell"})
    except (RedisError, OSError) as error:
        logger.warning("live.bell_lost error=%s", type(error).__name__)


def current_cursor() -> str:
    """Return the cursor of now. Take it before reading what a page shows: what repeats does no harm."""
    with connection.cursor() as sql:
        sql.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return str(Cursor(int(sql.fetchone()[0]), 0, int(time.time())))


_COLUMNS = "branch_id, inbox_id, conversation_id, message_id, person_id, user_id"
_READ = f"""
    SELECT xid < pg_snapshot_xmin(pg_current_snapshot()), xid::text, id, kind, at, {_COLUMNS}
    FROM core_liveevent WHERE (xid, id) > (%s::text::xid8, %s) ORDER BY xid, id LIMIT {PAGE}
"""  # noqa: S608 – constants only


def read_after(cursor: Cursor) -> tuple[list[Event], bool]:
    """Return at most PAGE events after `cursor`, and whether more wait behind a running transaction."""
    with connection.cursor() as sql:
        sql.execute(_READ, [str(cursor.xid), cursor.id])
        rows = sql.fetchall()
    events = [
        Event(
            cursor=Cursor(int(xid), pk, int(at.timestamp())),
            kind=LiveKind(kind),
            at=at,
            branch_id=branch_id,
            inbox_id=inbox_id,
            conversation_id=conversation_id,
            message_id=message_id,
            person_id=person_id,
            user_id=user_id,
        )
        for settled, xid, pk, kind, at, branch_id, inbox_id, conversation_id, message_id, person_id, user_id in rows
        if settled
    ]
    return events, len(events) < len(rows)


class Feed:
    """The events one socket gets, from its cursor on, without a hole and without a repetition."""

    def __init__(self, reader: "_Reader", after: Cursor) -> None:
        self._reader = reader
        self._last = after
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue(BACKLOG)

    def push(self, event: Event | None) -> None:
        """Hand over one event; None ends the feed. A screen that cannot follow must load afresh."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._reader.feeds.discard(self)
            self._waiting.get_nowait()
            self._waiting.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while page := (await self._reader.read(self._last))[0]:
            for event in page:
                self._last = event.cursor
                yield event
        while (news := await self._waiting.get()) is not None:
            if news.cursor > self._last:
                self._last = news.cursor
                yield news
        raise GapTooOld("This screen fell behind.")


class _Reader:
    """Follows the table for one event loop and hands each event to every feed."""

    def __init__(self) -> None:
        self.feeds: set[Feed] = set()
        self._bell = asyncio.Event()
        # A thread of its own: the sockets' threads come and go, and its connection stays.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._loop = asyncio.get_running_loop()
        empty = contextvars.Context()
        self._tasks = [
            self._loop.create_task(self._follow(), context=empty),
            self._loop.create_task(self._listen(), context=contextvars.Context()),
        ]

    async def read(self, cursor: Cursor) -> tuple[list[Event], bool]:
        return await self._loop.run_in_executor(self._thread, _fresh, cursor)

    async def _follow(self) -> None:
        position = None
        pause = SAFETY_SECONDS
        while True:
            try:
                if position is None:
                    position = Cursor.parse(await self._loop.run_in_executor(self._thread, current_cursor))
                events, held = await self.read(position)
            except Error as error:
                logger.warning("live.read_failed error=%s", type(error).__name__)
                await asyncio.sleep(1)
                continue
            for event in events:
                position = event.cursor
                for feed in list(self.feeds):
                    feed.push(event)
            if len(events) == PAGE:
                continue
            # A running transaction holds events back, and its end rings no bell: look again soon.
            pause = min(pause * 2, 1.0) if held and pause < SAFETY_SECONDS else 0.01 if held else SAFETY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), pause)
            self._bell.clear()

    async def _listen(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                self._bell.set()
                while True:
                    await layer.receive(channel)
                    self._bell.set()
            except (RedisError, OSError) as error:
                logger.warning("live.deaf error=%s", type(error).__name__)
                await asyncio.sleep(1)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for feed in list(self.feeds):
            feed.push(None)
        await self._loop.run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False)


def _fresh(cursor: Cursor) -> tuple[list[Event], bool]:
    close_old_connections()
    return read_after(cursor)


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()


@asynccontextmanager
async def subscribe(after: str | None) -> AsyncIterator[Feed]:
    """Follow the feed from `after`, or from now on.

    Raises: InvalidCursor; GapTooOld here or while iterating, when the gap is not kept or too long.
    """
    reader = _readers.get(asyncio.get_running_loop())
    if reader is None:
        reader = _readers[asyncio.get_running_loop()] = _Reader()
    if after is None:
        start = Cursor.parse(await reader._loop.run_in_executor(reader._thread, current_cursor))
    else:
        start = Cursor.parse(after)
    if start.at < time.time() - KEPT_HOURS * 3600:
        raise GapTooOld("More than two days passed.")
    feed = Feed(reader, start)
    reader.feeds.add(feed)
    try:
        yield feed
    finally:
        reader.feeds.discard(feed)


async def stop() -> None:
    """End the reader of this event loop; its feeds end with GapTooOld."""
    if reader := _readers.pop(asyncio.get_running_loop(), None):
        await reader.stop()
