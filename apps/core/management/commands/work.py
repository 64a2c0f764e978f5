"""Keep one cluster of background workers running."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.core.supervisor.children import Child, manage
from apps.core.supervisor.cluster import Cluster
from apps.core.supervisor.groups import end_groups
from apps.core.supervisor.ledger import Ledger, Occupied

STOP_SECONDS = 180
"""More than the longest task may take (Q_CLUSTER timeout)."""


class Command(BaseCommand):
    """Runs a django-q2 cluster as a child and restarts it when it no longer finishes tasks.

    This is what a service manager starts in production, once per cluster and machine, or more often.
    """

    help = "Keep one cluster of background workers running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cluster", default=settings.CLUSTERS[0], choices=settings.CLUSTERS)

    def handle(self, *args: Any, cluster: str, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stopping.set())
        ledger = free_ledger(settings.DATA_DIR / "run", cluster)
        end_groups(ledger.groups(), seconds=0)
        ledger.clear()
        child = Child(
            name=cluster,
            command=manage("qcluster", "--skip-checks"),
            ledger=ledger,
            environment={"Q_CLUSTER_NAME": cluster},
        )
        Cluster(cluster, child).run(stopping, stop_seconds=STOP_SECONDS)


def free_ledger(folder: Path, cluster: str) -> Ledger:
    """Return the first ledger of this cluster nobody holds: one per supervisor on this machine."""
    number = 1
    while True:
        try:
            return Ledger(folder / f"work-{cluster}-{number}.json")
        except Occupied:
            number += 1
