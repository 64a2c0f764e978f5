"""The threads where sockets use the database.

A few, shared by all sockets of the process: a thread each would be a connection each.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import close_old_connections, connections

SIZE = 4
_pool: list[ThreadPoolExecutor] = []


async def in_thread[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that uses the database, and return what it returns."""
    if not _pool:
        _pool.append(ThreadPoolExecutor(SIZE, thread_name_prefix="graphql"))
    call = partial(contextvars.copy_context().run, _fresh, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool[0], call)


def _fresh[T](call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def stop() -> None:
    """End the threads and close their connections; the next use makes new ones."""
    while _pool:
        pool = _pool.pop()
        together = threading.Barrier(SIZE)  # so that each thread closes its own
        for _number in range(SIZE):
            pool.submit(_close, together)
        pool.shutdown()


def _close(together: threading.Barrier) -> None:
    together.wait()
    connections.close_all()
