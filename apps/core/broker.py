"""django-q2's queue in our database, heard instead of polled.

An enqueue sends NOTIFY in the same transaction, so that the bell rings when the work is committed; the
process that waits for work listens, and looks by itself only every `poll` seconds.
"""

import logging
import time

import psycopg
from django.db import InterfaceError, OperationalError, connections
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.signing import BadSignature, SignedPackage

logger = logging.getLogger(__name__)

CHANNEL = "mostrador_jobs"
TOGETHER = 1000

_RING = """
WITH ring AS (INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, now()) RETURNING id, key)
SELECT id, pg_notify(%s, key) FROM ring
"""
_TAKE = """
WITH due AS (
    SELECT id FROM django_q_ormq WHERE key = %(queue)s AND lock <= now()
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE django_q_ormq ring SET lock = now() + make_interval(secs => %(retry)s)
FROM due WHERE ring.id = due.id RETURNING ring.id, ring.payload
"""


class ListeningBroker(ORM):
    """The ORM broker with LISTEN/NOTIFY and SKIP LOCKED. Delivers at least once.

    Rings for the same work that wait together become one task: it finds out by itself what is due, and
    starts when the last of them is committed.
    """

    _ear: psycopg.Connection | None = None

    def enqueue(self, task: str) -> int:
        """Store one signed task and ring; both happen at commit."""
        with connections[Conf.ORM].cursor() as cursor:
            cursor.execute(_RING, [self.list_key or Conf.CLUSTER_NAME, task, CHANNEL])
            return int(cursor.fetchone()[0])

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Take what is due, or wait up to `poll` seconds for a ring and look again.

        Without a database there is nothing to take: who pulls goes on pulling, and needs no restart.
        """
        try:
            ear = self._listen()
            return self._take() or (self._take() if self._heard(ear) else None)
        except psycopg.OperationalError as error:
            logger.warning("broker.no_database error=%s", type(error).__name__)
            time.sleep(min(Conf.POLL, 1))
            return None

    def acknowledge(self, task_id: int) -> bool:
        """Forget a ring whose task is over; without a database it comes again, and finds nothing to do."""
        try:
            with connections[Conf.ORM].cursor() as cursor:
                cursor.execute("DELETE FROM django_q_ormq WHERE id = %s", [task_id])
                return bool(cursor.rowcount)
        except (OperationalError, InterfaceError) as error:
            logger.warning("broker.not_acknowledged error=%s", type(error).__name__)
            connections[Conf.ORM].close()
            return False

    def _take(self) -> list[tuple[int, str]] | None:
        """Take all that is due, however much: what is rung once must not stand behind a thousand rings of a burst."""
        ear = self._listen()
        tasks: dict[object, tuple[int, str]] = {}
        while True:
            rows = ear.execute(_TAKE, {"queue": self.list_key, "limit": TOGETHER, "retry": Conf.RETRY}).fetchall()
            spare = [pk for pk, payload in sorted(rows) if tasks.setdefault(_work_of(payload), (pk, payload))[0] != pk]
            if spare:
                ear.execute("DELETE FROM django_q_ormq WHERE id = ANY(%s)", [spare])
            if len(rows) < TOGETHER:
                return list(tasks.values()) or None

    def _listen(self) -> psycopg.Connection:
        """Be listening before looking, so that nothing can ring between the two."""
        if self._ear is not None and not self._ear.closed:
            return self._ear
        database = connections[Conf.ORM]
        parameters = database.get_connection_params()
        for own in ("cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"):
            parameters.pop(own, None)
        ear = psycopg.connect(**parameters, autocommit=True)
        ear.execute("SET synchronous_commit = off")  # what a crash takes of a take is only taken again
        ear.execute(f"LISTEN {CHANNEL}")
        self._ear = ear
        return ear

    def _heard(self, ear: psycopg.Connection) -> bool:
        """Wait until our queue rings or `poll` seconds passed; True either way, unless the ear was lost."""
        deadline = time.monotonic() + Conf.POLL
        try:
            while (left := deadline - time.monotonic()) > 0:
                if any(note.payload == self.list_key for note in ear.notifies(timeout=left, stop_after=1)):
                    break
        except psycopg.OperationalError:
            ear.close()
            return False
        return True


def _work_of(payload: str) -> object:
    """Return what a ring asks for; one that is not ours stays alone, for who pulls to refuse."""
    try:
        task = SignedPackage.loads(payload)
    except (TypeError, BadSignature):
        return payload
    return task["func"], task["args"]
