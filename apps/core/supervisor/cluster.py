"""One cluster of workers, kept alive: the watch that django-q2 lacks.

A worker killed while idle may die holding the queue's lock; then every process lives, the log looks
healthy and no task ever runs. A monitor killed while idle leaves a cluster that works and never gives
a task back as done. So the sign of life is a task that finishes and is acknowledged: the cluster that
has not managed a heartbeat for `SILENT_SECONDS` is ended as a group and started anew.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime

import psutil
from django.db import Error, close_old_connections, connection

from apps.core.jobs import RECURRING, Job, enqueue, is_answered
from apps.core.models import Heartbeat
from apps.core.supervisor.children import Child

logger = logging.getLogger(__name__)

BEAT_SECONDS = 10
SILENT_SECONDS = 90
LOST_SECONDS = 30
"""An unanswered ring is repeated after this time: its worker may have died with it."""
LOOK_SECONDS = 1.0
SETTLE_SECONDS = 60
"""What a new main process may take until its sentinel lives."""


class Bell:
    """One recurring job of a cluster, rung when it is due and the last ring was answered."""

    def __init__(self, job: Job, *ids: str, cluster: str, seconds: float) -> None:
        self._ring: Callable[[], int] = lambda: enqueue(job, *ids, cluster=cluster)
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Begin anew, whatever happened to the last rings."""
        self._unanswered: list[int] = []
        self._rung_at = float("-inf")
        self.answered_at = time.monotonic()

    def tick(self) -> None:
        """Ring if it is time. A frozen cluster so collects a handful of rings, not a pile."""
        answered = [ring for ring in self._unanswered if is_answered(ring)]
        if answered:
            self._unanswered = [ring for ring in self._unanswered if ring > answered[-1]]
            self.answered_at = time.monotonic()
        age = time.monotonic() - self._rung_at
        if age >= (LOST_SECONDS if self._unanswered else self._seconds):
            self._unanswered.append(self._ring())
            self._rung_at = time.monotonic()


class Cluster:
    """The watch over one cluster; `run` is its whole life."""

    def __init__(self, name: str, child: Child) -> None:
        self._name = name
        self._child = child
        self._heartbeat = Bell(Job.HEARTBEAT, name, cluster=name, seconds=BEAT_SECONDS)
        recurring = RECURRING.get(name, {}).items()
        self._bells = [self._heartbeat, *(Bell(job, cluster=name, seconds=seconds) for job, seconds in recurring)]
        self._last_beat: datetime | None = None
        self._beat_at = 0.0
        self._had_sentinel = False
        self._blind = False

    def run(self, stopping: threading.Event, *, stop_seconds: float) -> None:
        """Keep the cluster alive until `stopping` is set; then let it finish its tasks and end it."""
        while not stopping.is_set():
            self._look()
            stopping.wait(LOOK_SECONDS)
        self._stop(stop_seconds)

    def _look(self) -> None:
        """See whether the cluster lives, and start it if it does not. Without a database: wait."""
        died = self._child.died()
        try:
            close_old_connections()
            beat = Heartbeat.objects.filter(cluster=self._name).values_list("finished_at", flat=True).first()
            if not died:
                for bell in self._bells:
                    bell.tick()
        except Error as error:
            connection.close()
            if not self._blind:
                logger.warning("cluster %s: no database (%s)", self._name, type(error).__name__)
            self._blind = True
            return
        if beat != self._last_beat:
            self._last_beat, self._beat_at = beat, time.monotonic()
        if self._blind:  # the silence meanwhile says nothing about the cluster
            self._blind = False
            self._expect_life()
        if died:
            self._start()
        elif reason := self._ailment():
            logger.error("cluster %s: %s; restarting it", self._name, reason)
            self._child.bury()
            self._start()

    def _start(self) -> None:
        if not self._child.may_start():
            return
        self._child.start()
        self._had_sentinel = False
        self._expect_life()
        logger.info("cluster %s: started", self._name)

    def _expect_life(self) -> None:
        """Ring every bell at the next look, and count the silence from now."""
        self._beat_at = time.monotonic()
        for bell in self._bells:
            bell.reset()

    def _ailment(self) -> str:
        """Return what is wrong with the running cluster, "" if nothing."""
        oldest = time.monotonic() - SILENT_SECONDS
        if self._beat_at < oldest:
            return f"no task finished for {SILENT_SECONDS} seconds"
        if self._heartbeat.answered_at < oldest:
            return f"no task was acknowledged for {SILENT_SECONDS} seconds"
        if self._sentinel_lives():
            self._had_sentinel = True
        elif self._had_sentinel or self._child.age > SETTLE_SECONDS:
            return "its sentinel died"
        return ""

    def _sentinel_lives(self) -> bool:
        """The sentinel is the child of the main process that has children itself; a passing helper has none."""
        group = self._child.group
        try:
            children = psutil.Process(group.pid).children() if group else []
            return any(child.status() != psutil.STATUS_ZOMBIE and child.children() for child in children)
        except psutil.Error:
            return False

    def _stop(self, seconds: float) -> None:
        """End the cluster: a signal to the main process alone, for one to all makes django-q2 hang."""
        if self._child.group is None or self._child.died():
            return
        self._child.group.tell(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while not self._child.died() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._child.bury()
        logger.info("cluster %s: stopped", self._name)
