"""A worker of the cluster `ai` as a process of its own, forked by one that does nothing else, as in production.

    python -m tests.assistant.worker_process

It says its process id when it works, and ends in good order when its input does.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import django
from django.db import connection


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """One that runs."""

    pid: int
    parent: subprocess.Popen[str]

    def end(self) -> None:
        """Let it end in good order, and wait for that."""
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        self.parent.wait(20)


@contextmanager
def worker_process() -> Iterator[WorkerProcess]:
    """Run one on the database of this test."""
    given = connection.settings_dict
    url = f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    command = [sys.executable, "-m", "tests.assistant.worker_process"]
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        yield WorkerProcess(int(parent.stdout.readline()), parent)
        if not parent.stdin.closed:
            parent.stdin.close()


def main() -> None:
    django.setup()
    child = multiprocessing.get_context("fork").Process(target=_work)
    child.start()
    child.join()


def _work() -> None:
    from tests import jobs

    with jobs.worker("ai"):
        print(os.getpid(), flush=True)  # noqa: T201
        os.read(0, 1)


if __name__ == "__main__":
    main()
