"""A TCP proxy on loopback that can be cut: a server goes away and comes back while nobody restarts it."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class Proxy:
    """Forwards a free port to `port` of loopback until `cut`; `hang` keeps connections and lets nothing through."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flows = asyncio.Event()
        self._pipes: set[asyncio.Task[None]] = set()
        self._pairs: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._do(self._cut())

    def mend(self) -> None:
        """Listen again, at the same port."""
        self._do(self._mend())

    def hang(self) -> None:
        """Let nothing through, without breaking anything."""
        self._do(self._set_flow(False))

    def flow(self) -> None:
        """Let through again, what waited too."""
        self._do(self._set_flow(True))

    def _do(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        while self._pairs:  # one that is just being joined has no pipes yet
            for pipe in list(self._pipes):
                pipe.cancel()
            await asyncio.wait(self._pairs, timeout=0.05)
        for _ in range(3):  # closed connections say goodbye on the loop's next rounds
            await asyncio.sleep(0)

    async def _mend(self) -> None:
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _set_flow(self, is_on: bool) -> None:
        if is_on:
            self._flows.set()
        else:
            self._flows.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # accepted just before the cut
            writer.transport.abort()
            return
        self.connections += 1
        pair = asyncio.create_task(self._join(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        pipes = [asyncio.create_task(self._pipe(reader, back)), asyncio.create_task(self._pipe(there, writer))]
        self._pipes.update(pipes)
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for pipe in pipes:
            pipe.cancel()
            self._pipes.discard(pipe)
        writer.transport.abort()
        back.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(64 * 1024):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            return
