"""Waiting for a condition with a deadline, instead of sleeping."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

STEP_SECONDS = 0.01


def eventually[T](look: Callable[[], T | None], *, within: float = 30, what: str = "the condition") -> T:
    """Return the first true value of `look`; fail when none came `within` seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within} s; last: {found!r}")
        pause.wait(STEP_SECONDS)


async def eventually_async[T](
    look: Callable[[], Awaitable[T | None]], *, within: float = 30, what: str = "the condition"
) -> T:
    """As `eventually`, for an asynchronous look."""
    deadline = time.monotonic() + within
    while True:
        if found := await look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within} s; last: {found!r}")
        await asyncio.sleep(STEP_SECONDS)
