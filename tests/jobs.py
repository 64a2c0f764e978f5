"""The queue in tests: really enqueued, run here."""

import pydoc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from apps.core.broker import ListeningBroker


def run(payload: str) -> str:
    """Run one queued ring in this thread and return what its task says."""
    task = SignedPackage.loads(payload)
    function = pydoc.locate(str(task["func"]))
    assert callable(function), task["func"]
    return str(function(*task["args"], **task["kwargs"]))


def run_jobs() -> list[str]:
    """Run everything that was rung, until it is quiet; return what the tasks say. Nobody asks a model here."""
    said = []
    while row := OrmQ.objects.exclude(key="ai").order_by("id").first():
        row.delete()
        said.append(run(row.payload))
    return said


CLUSTERS = ("default", "media")
"""The queues a page waits for; what may take its time is run by `run_jobs`."""


@contextmanager
def worker(*clusters: str) -> Iterator[None]:
    """Run a worker for each of `clusters`, which hears rings through the real broker, in threads of this process.

    Without any for those of CLUSTERS.
    """
    names = clusters or CLUSTERS
    stopping = threading.Event()

    def work(cluster: str) -> None:
        broker = ListeningBroker(list_key=cluster)
        while not stopping.is_set():
            for pk, payload in broker.dequeue() or []:
                run(payload)
                broker.acknowledge(pk)
        if broker._ear is not None:
            broker._ear.close()
        connections.close_all()

    threads = [threading.Thread(target=work, args=[name], name=f"test-worker-{name}") for name in names]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute("SELECT pg_notify('mostrador_jobs', %s)", [name])
        for thread in threads:
            thread.join(15)
