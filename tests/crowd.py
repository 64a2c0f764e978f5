"""Several workers at once, each a thread with a connection of its own."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connections


class Crowd:
    """Does pieces of work at the same time."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def at_once(self, *works: Callable[[], Any]) -> list[Any]:
        """Begin all of it in the same moment and return what each returns; raises what any of them raises."""
        ready = threading.Barrier(len(works))

        def begin(work: Callable[[], Any]) -> Any:
            ready.wait(10)
            return work()

        return list(self._pool.map(begin, works))


@contextmanager
def crowd(size: int) -> Iterator[Crowd]:
    """Gather up to `size` workers."""
    with ThreadPoolExecutor(size) as pool:
        gathered = Crowd(pool)
        try:
            yield gathered
        finally:
            gathered.at_once(*[connections.close_all] * size)
