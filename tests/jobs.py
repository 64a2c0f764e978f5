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
    """Run everything that was rung, until it is quiet; return what the tasks say."""
    said = []
    while row := OrmQ.objects.order_by("id").first():
        row.delete()
        said.append(run(row.payload))
    return said


@contextmanager
def worker() -> Iterator[None]:
    """Run a worker that hears rings through the real broker, in a thread of this process."""
    stopping = threading.Event()

    def work() -> None:
        broker = ListeningBroker(list_key="default")
        while not stopping.is_set():
            for pk, payload in broker.dequeue() or []:
                run(payload)
                broker.acknowledge(pk)
        if broker._ear is not None:
            broker._ear.close()
        connections.close_all()

    thread = threading.Thread(target=work, name="test-worker")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('mostrador_jobs', 'default')")
        thread.join(15)
