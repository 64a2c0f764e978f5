"""Screens that follow the live feed, in an event loop of their own, seen from a synchronous test."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from apps.core import live


class Screen:
    """One follower: what it got, and how it ended."""

    def __init__(self) -> None:
        self.events: list[live.Event] = []
        self.ended: BaseException | None = None
        self.is_open = threading.Event()
        self.may_read = asyncio.Event()
        self.task: Future[None]

    @property
    def ids(self) -> list[int | None]:
        """The message ids of the events, in the order of arrival."""
        return [event.message_id for event in self.events]

    async def follow(self, after: str | None) -> None:
        """Collect events until the feed ends."""
        try:
            async with live.subscribe(after) as feed:
                self.is_open.set()
                async for event in feed:
                    await self.may_read.wait()
                    self.events.append(event)
        except (live.GapTooOld, live.InvalidCursor) as error:
            self.ended = error
        finally:
            self.is_open.set()


class Process:
    """What one web process is for the feed: one event loop, one reader, many screens."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.screens: list[Screen] = []

    def open(self, after: str | None = None, *, reads: bool = True) -> Screen:
        """Open a screen, and return it when it follows."""
        screen = Screen()
        if reads:
            screen.may_read.set()
        screen.task = asyncio.run_coroutine_threadsafe(screen.follow(after), self.loop)
        self.screens.append(screen)
        assert screen.is_open.wait(10), "The screen did not open."
        return screen

    def let_read(self, screen: Screen) -> None:
        """Let a screen go on that was opened not to read."""
        self.loop.call_soon_threadsafe(screen.may_read.set)

    def close(self, screen: Screen) -> None:
        """Close one screen."""
        screen.task.cancel()


@contextmanager
def process() -> Iterator[Process]:
    """Run a process of screens."""
    running = Process()
    thread = threading.Thread(target=running.loop.run_forever, name="screens")
    thread.start()

    async def end() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await live.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(end(), running.loop).result(10)
        running.loop.call_soon_threadsafe(running.loop.stop)
        thread.join(10)
        running.loop.close()
