"""django-q2's queue in our database, heard instead of polled.

An enqueue sends NOTIFY in the same transaction, so that the bell rings when the work is committed; the
process that waits for work listens, and looks by itself only every `poll` seconds.
"""

import logging
import time
from datetime import timedelta

import psycopg
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

logger = logging.getLogger(__name__)

CHANNEL = "mostrador_jobs"


class ListeningBroker(ORM):
    """The ORM broker with LISTEN/NOTIFY and SKIP LOCKED. Delivers at least once."""

    _ear: psycopg.Connection | None = None

    def enqueue(self, task: str) -> int:
        """Store one signed task and ring; both happen at commit."""
        with transaction.atomic(using=Conf.ORM):
            key = self.list_key or Conf.CLUSTER_NAME
            row = self.get_connection().create(key=key, payload=task, lock=Now())
            with connections[Conf.ORM].cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, key])
        return int(row.pk)

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Take what is due, or wait up to `poll` seconds for a ring and look again.

        Without a database there is nothing to take: who pulls goes on pulling, and needs no restart.
        """
        try:
            ear = self._listen()
            return self._take() or (self._take() if self._heard(ear) else None)
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            logger.warning("broker.no_database error=%s", type(error).__name__)
            time.sleep(min(Conf.POLL, 1))
            return None

    def _take(self) -> list[tuple[int, str]] | None:
        self.get_connection()  # drops a connection that went stale
        with transaction.atomic(using=Conf.ORM):
            due = list(
                OrmQ.objects.using(Conf.ORM)
                .select_for_update(skip_locked=True)
                .filter(key=self.list_key, lock__lte=Now())
                .order_by("id")[: Conf.BULK]
            )
            locked_until = Now() + timedelta(seconds=Conf.RETRY)
            OrmQ.objects.using(Conf.ORM).filter(pk__in=[row.pk for row in due]).update(lock=locked_until)
        return [(row.pk, row.payload) for row in due] or None

    def _listen(self) -> psycopg.Connection:
        """Be listening before looking, so that nothing can ring between the two."""
        if self._ear is not None and not self._ear.closed:
            return self._ear
        database = connections[Conf.ORM]
        parameters = database.get_connection_params()
        for own in ("cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"):
            parameters.pop(own, None)
        ear = psycopg.connect(**parameters, autocommit=True)
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
