"""What happened, for open screens.

An action calls `publish` in the transaction of its change: one `LiveEvent` row, and a bell on the channel
layer after commit. The bell carries nothing, so losing it loses nothing. A reader takes rows after its
cursor in the order (xid, id), and only those whose transaction is older than every running one, so that no
order of commits can hide a row. One reader per process serves all its sockets.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from channels.layers import get_channel_layer
from django.db import Error, close_old_connections, connection, connections
from redis.exceptions import RedisError

from apps.core.actors import Actor, Scope
from apps.core.bell import GROUP, ring_on_commit

logger = logging.getLogger(__name__)

KEPT_HOURS = 48
GROWTH_KEPT_MINUTES = 10
"""How long it is kept that a text grew: whoever comes back later reads the whole of it, and there are many of these."""
SAFETY_SECONDS = 5.0
"""How often a reader looks without having heard a bell: a lost bell costs this much, never an event."""
HELD_SECONDS = (0.01, 1.0)
"""How soon a reader looks again while a running transaction holds events back: its end rings no bell."""
PAGE = 500
BACKLOG = 2_000
"""How many events a screen may be behind before loading afresh is the quicker way."""


class LiveKind(StrEnum):
    """What can happen."""

    MESSAGE_ADDED = "message_added"
    MESSAGE_CHANGED = "message_changed"
    CONVERSATION_CHANGED = "conversation_changed"
    PERSON_CHANGED = "person_changed"
    SUGGESTION_CHANGED = "suggestion_changed"
    SUGGESTION_STREAMED = "suggestion_streamed"
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
    """One thing that happened. Ids only: whoever shows it reads the rest through its door."""

    cursor: Cursor
    kind: LiveKind
    at: datetime
    branch_id: int | None
    inbox_id: int | None
    conversation_id: int | None
    message_id: int | None
    person_id: int | None
    user_id: int | None

    @property
    def subject(self) -> tuple[object, ...]:
        """What happened to what; two events of one subject say the same."""
        return self.kind, self.inbox_id, self.conversation_id, self.message_id, self.person_id, self.user_id

    def visible_to(self, actor: Actor) -> bool:
        """Tell whether `actor` may hear of it. Which people exist for an actor only their door knows."""
        match self.kind:
            case LiveKind.ACCESS_CHANGED:
                return self.user_id is not None and self.user_id == actor.user_id
            case LiveKind.PERSON_CHANGED:
                return actor.can(Scope.PEOPLE_READ)
            case _:
                is_here = self.branch_id is not None and actor.sees_branch(self.branch_id)
                return is_here and actor.can(Scope.CONVERSATIONS_READ)


WORTH_CATCHING_UP = frozenset(LiveKind) - {LiveKind.SUGGESTION_STREAMED}
"""What a screen that comes back is told. A text that grew meanwhile it reads as it is by now."""

_COLUMNS = "branch_id, inbox_id, conversation_id, message_id, person_id, user_id"
_WRITE = f"INSERT INTO core_liveevent (kind, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 – constants


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
    with connection.cursor() as sql:
        sql.execute(_WRITE, [kind, branch_id, inbox_id, conversation_id, message_id, person_id, user_id])
    ring_on_commit()


_WRITE_MESSAGES = """
INSERT INTO core_liveevent (kind, branch_id, inbox_id, conversation_id, message_id)
SELECT %s, %s, %s, told.conversation_id, told.message_id
FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS told(message_id, conversation_id, place) ORDER BY told.place
"""


def publish_messages(added: Sequence[tuple[int, int]], *, branch_id: int, inbox_id: int) -> None:
    """Write that these messages, each with its conversation, were added to an inbox."""
    messages, conversations = [message for message, _ in added], [conversation for _, conversation in added]
    with connection.cursor() as sql:
        sql.execute(_WRITE_MESSAGES, [LiveKind.MESSAGE_ADDED, branch_id, inbox_id, messages, conversations])
    ring_on_commit()


_WRITE_GROWTH = """
INSERT INTO core_liveevent (kind, branch_id, inbox_id, conversation_id)
SELECT %s, told.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS told
"""


def publish_growth(places: Sequence[tuple[int, int, int]]) -> None:
    """Write that what is proposed grew in these conversations, each with its branch and inbox."""
    if places:
        with connection.cursor() as sql:
            sql.execute(_WRITE_GROWTH, [LiveKind.SUGGESTION_STREAMED, *map(list, zip(*places, strict=True))])
        ring_on_commit()


def current_cursor() -> str:
    """Return the cursor of now. Take it before reading what a page shows: what repeats does no harm."""
    with connection.cursor() as sql:
        sql.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text, extract(epoch FROM now())::bigint")
        xid, at = sql.fetchone()
    return str(Cursor(int(xid), 0, at))


# Sorted by the column: a bare "xid" would be the text beside it, and "100" comes before "99".
_READ = f"""
    SELECT xid < pg_snapshot_xmin(pg_current_snapshot()), xid::text, id, kind, at, {_COLUMNS}
    FROM core_liveevent WHERE (xid, id) > (%s::text::xid8, %s) AND kind = ANY(%s)
    ORDER BY core_liveevent.xid, core_liveevent.id LIMIT {PAGE}
"""  # noqa: S608 – constants only


def read_after(cursor: Cursor, kinds: Collection[LiveKind] = LiveKind) -> tuple[list[Event], bool]:
    """Return at most PAGE events after `cursor`, and whether more wait behind a running transaction.

    What a newer version of the house wrote, of a kind unknown here, is passed over.
    """
    with connection.cursor() as sql:
        sql.execute(_READ, [str(cursor.xid), cursor.id, list(kinds)])
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
    """The events one socket gets, from its cursor on, without a hole and without a repetition.

    A change that still waits when the same thing changes again gives way to it: whoever shows it reads how
    it is by then. So a screen that is slow for a moment has less to catch up with.
    """

    def __init__(self, reader: "_Reader", after: Cursor) -> None:
        self._reader = reader
        self._last = after
        self._missed: dict[tuple[object, ...], Event] | None = {}  # None once nothing lies before what waits
        self._waiting: dict[tuple[object, ...], Event] = {}
        self._news = asyncio.Event()
        self._is_over = False

    def push(self, event: Event | None) -> None:
        """Hand over one event; None ends the feed. A screen that cannot follow must load afresh."""
        if event is None or len(self._waiting) >= BACKLOG:
            self._reader.feeds.discard(self)
            self._is_over = True
        else:
            self._waiting.pop(event.subject, None)
            self._waiting[event.subject] = event
        self._news.set()

    def take(self, *, above: int = 0) -> list[Event]:
        """Return at once what would come next one by one, in the same order, if that is more than `above`."""
        source = self._waiting if self._missed is None else self._missed
        return list(self._drain(source)) if len(source) > above else []

    def _drain(self, source: dict[tuple[object, ...], Event]) -> Iterator[Event]:
        while source:
            event = source.pop(next(iter(source)))
            if event.cursor > self._last:
                self._last = event.cursor
                yield event

    async def __aiter__(self) -> AsyncIterator[Event]:
        missed = 0
        while page := (await self._reader.read(self._last, WORTH_CATCHING_UP))[0]:
            missed += len(page)
            if missed > BACKLOG:
                raise GapTooOld("Too much happened since.")
            self._missed = {event.cursor: event for event in page}
            for event in self._drain(self._missed):
                yield event
        self._missed = None
        while True:
            for event in self._drain(self._waiting):
                yield event
            if self._is_over:
                raise GapTooOld("This screen fell behind.")
            self._news.clear()
            await self._news.wait()


class _Reader:
    """Follows the table for one event loop and hands each event to every feed."""

    def __init__(self) -> None:
        self.feeds: set[Feed] = set()
        self._bell = asyncio.Event()
        self._follows = asyncio.Event()
        # A thread of its own: the sockets' threads come and go, and its connection stays.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._loop = asyncio.get_running_loop()
        work = (self._follow(), self._listen())
        self._tasks = [self._loop.create_task(part, context=contextvars.Context()) for part in work]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def read(self, cursor: Cursor, kinds: Collection[LiveKind] = LiveKind) -> tuple[list[Event], bool]:
        """Return what `read_after` does."""
        return await self._ask(lambda: read_after(cursor, kinds))

    async def now(self) -> Cursor:
        """Return the cursor of now, once this reader follows: what happens from here on it will not miss."""
        now = Cursor.parse(await self._ask(current_cursor))
        await self._follows.wait()
        return now

    async def _ask[T](self, work: Callable[[], T]) -> T:
        """Ask the database in the reader's thread; when it is away, wait until it is back."""

        while True:
            try:
                return await self._loop.run_in_executor(self._thread, work)
            except Error as error:
                logger.warning("live.read_failed error=%s", type(error).__name__)
                await asyncio.sleep(1)
                await self._loop.run_in_executor(self._thread, close_old_connections)

    async def _follow(self) -> None:
        position = Cursor.parse(await self._ask(current_cursor))
        self._follows.set()
        soon, latest = HELD_SECONDS
        while True:
            events, is_held = await self.read(position)
            for event in events:
                position = event.cursor
                for feed in list(self.feeds):
                    feed.push(event)
            if len(events) == PAGE:
                continue
            soon = HELD_SECONDS[0] if events or not is_held else min(soon * 2, latest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), soon if is_held else SAFETY_SECONDS)
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

    def _ended(self, task: asyncio.Task[None]) -> None:
        """End every feed when a part of the reader ended by a fault: their screens come back to a new one."""
        if not task.cancelled():
            logger.error("live.reader_died", exc_info=task.exception())
            _readers.pop(self._loop, None)
            self._loop.call_later(1, lambda: self._loop.create_task(self.stop()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for feed in list(self.feeds):
            feed.push(None)
        await self._loop.run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False)


_readers: dict[asyncio.AbstractEventLoop, _Reader] = {}


@asynccontextmanager
async def subscribe(after: str | None) -> AsyncIterator[Feed]:
    """Follow the feed from `after`, or from now on.

    Raises: InvalidCursor; GapTooOld here or while iterating, when the gap is not kept, or too long, or the
            cursor comes from another database.
    """
    start = None if after is None else Cursor.parse(after)
    loop = asyncio.get_running_loop()
    reader = _readers.get(loop) or _readers.setdefault(loop, _Reader())
    now = await reader.now()
    if start is not None and (start.xid > now.xid or start.at < now.at - KEPT_HOURS * 3600):
        raise GapTooOld("Nothing leads from there to here.")
    feed = Feed(reader, start or now)
    reader.feeds.add(feed)
    try:
        yield feed
    finally:
        reader.feeds.discard(feed)


async def stop() -> None:
    """End the reader of this event loop; its feeds end with GapTooOld."""
    if reader := _readers.pop(asyncio.get_running_loop(), None):
        await reader.stop()
