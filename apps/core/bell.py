"""The bell of the feed: it tells that something happened, never what. Losing it loses nothing."""

import asyncio
import logging
import os
import threading
from functools import cache

from channels.layers import get_channel_layer
from django.db import connection, transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

GROUP = "live"
BELL_SECONDS = 1.0


def ring_on_commit() -> None:
    """Ring once when the surrounding transaction commits, however often this is called in it."""
    if not any(hook[1] is _ring for hook in connection.run_on_commit):
        transaction.on_commit(_ring)


def _ring() -> None:
    _bell(os.getpid()).ring()


class _Bell:
    """Rings from a thread of its own, so that no action waits for the channel layer or fails by it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._wanted = asyncio.Event()
        self._is_mute = False
        threading.Thread(target=self._loop.run_until_complete, args=[self._serve()], name="bell", daemon=True).start()

    def ring(self) -> None:
        """Ring soon; several calls may become one ring."""
        self._loop.call_soon_threadsafe(self._wanted.set)

    async def _serve(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                async with asyncio.timeout(BELL_SECONDS):
                    await get_channel_layer().group_send(GROUP, {"type": "bell"})
                self._is_mute = False
            except (RedisError, OSError) as error:
                if not self._is_mute:
                    logger.warning("live.bell_lost error=%s", type(error).__name__)
                self._is_mute = True


@cache
def _bell(pid: int) -> _Bell:
    """Return the bell of this process; a fork has another pid, and no thread of its parent."""
    return _Bell()
