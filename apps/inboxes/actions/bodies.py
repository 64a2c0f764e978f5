"""The bytes of webhooks, by day: a day is made before it comes, and dropped when its time is over.

Dropping a table costs nothing, whatever it holds, and leaves nothing behind. What needs a person when its day
goes moves to the rest, where whatever no day takes is kept: an insert never fails for want of a partition.
"""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.core.actors import Actor, Scope, require

logger = logging.getLogger(__name__)

TABLE = "inboxes_webhookbody"
DAYS_AHEAD = 7
LOCK_SECONDS: float = 2
"""How long webhooks may have to wait for a change of the partitions; after that it is tried an hour later."""
_DAY = re.compile(rf"{TABLE}_(\d{{8}})")

_PARTITIONS = f"""
SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = '{TABLE}'::regclass
"""  # noqa: S608 – constants only
_IS_NEEDED = """
EXISTS (SELECT FROM inboxes_webhookevent event WHERE event.uid = kept.event_uid AND (
    event.state = 'new' OR (event.received_at >= %(dead)s AND (event.state = 'dead' OR EXISTS (
        SELECT FROM inboxes_deadletter letter WHERE letter.event_id = event.id AND letter.state = 'open')))))
"""


def make_days(*, actor: Actor) -> int:
    """Make the tables of today and the days to come; return how many were missing."""
    require(actor, Scope.JOURNAL_REPLAY)
    today = timezone.now().astimezone(UTC).date()
    there = set(_days())
    missing = {today + timedelta(days=number) for number in range(DAYS_AHEAD + 1)} - there
    return sum(_change(day, _make(day)) for day in sorted(missing))


def drop_days(*, before: datetime, dead_before: datetime, actor: Actor) -> int:
    """Drop the days that were over at `before`, but for what waits for somebody since `dead_before`; return how many.

    What was not processed yet stays, however old.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    over = sorted(day for day in _days() if _start(day + timedelta(days=1)) <= before)
    dropped = sum(_change(day, *_drop(day), dead=dead_before) for day in over)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE}_rest kept WHERE kept.received_at < %(before)s AND NOT {_IS_NEEDED}",  # noqa: S608
            {"before": before, "dead": dead_before},
        )
    return dropped


def _days() -> Iterator[date]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS)
        names = [_DAY.fullmatch(name) for (name,) in cursor.fetchall()]
    for found in names:
        if found:
            yield date.fromisoformat(found[1])


def _change(day: date, *statements: str, **parameters: datetime) -> bool:
    """Change the partitions in one go; False when it has to wait, since somebody else holds the table for long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS * 1000:.0f}"])
            for statement in statements:
                cursor.execute(statement, parameters or None)
    except DatabaseError as error:
        logger.warning("journal.partition_waits day=%s error=%s", day, type(error.__cause__).__name__)
        return False
    return True


def _make(day: date) -> str:
    bounds = _start(day), _start(day + timedelta(days=1))
    return f"CREATE TABLE {_name(day)} PARTITION OF {TABLE} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"


def _drop(day: date) -> tuple[str, ...]:
    return (
        f"ALTER TABLE {TABLE} DETACH PARTITION {_name(day)}",
        f"INSERT INTO {TABLE} SELECT kept.* FROM {_name(day)} kept WHERE {_IS_NEEDED}",  # noqa: S608 – ours
        f"DROP TABLE {_name(day)}",
    )


def _name(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
