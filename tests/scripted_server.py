"""What every simulated provider has in common: a server on loopback, in a thread of its own, that follows a script."""

import asyncio
import struct
import threading
from collections import deque
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Any, ClassVar, Self

from aiohttp import web


class ScriptedServer[Behaviour]:
    """Serves `application()` until it is stopped; `port` is true once it started.

    `_changed` guards whatever the server notes and a test reads.
    """

    largest_body: ClassVar[int] = 128 * 1024 * 1024
    cancels_handlers: ClassVar[bool] = False
    """Whether a request ends when whoever asked goes away."""
    behaviour: ClassVar[Callable[..., Any]]
    """What makes a behaviour of the fields of a JSON object."""
    default: Behaviour

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        self._script: deque[Behaviour] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()

    def application(self) -> web.Application:
        """Return what is served."""
        raise NotImplementedError

    async def ending(self) -> None:
        """Finish what goes on beside the requests, before the server ends."""

    def script(self, *behaviours: Behaviour) -> None:
        """Say what becomes of the next requests, one after the other; then `default` again."""
        with self._changed:
            self._script.extend(behaviours)

    def start(self) -> None:
        """Listen; `port` is true when this returns."""
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError(f"{type(self).__name__} did not start.")

    def stop(self) -> None:
        """Close every connection and end the thread."""
        assert self._loop is not None, "start first"
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def join(self) -> None:
        """Wait until it ends."""
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _scripted(self) -> Behaviour:
        """Return what becomes of the request that came now."""
        with self._changed:
            return self._script.popleft() if self._script else self.default

    async def control_script(self, request: web.Request) -> web.Response:
        """{"next": [behaviour, …], "default": behaviour}: the fields of a behaviour as JSON."""
        orders = await request.json()
        make = type(self).behaviour
        self.script(*(make(**item) for item in orders.get("next", [])))
        if "default" in orders:
            self.default = make(**orders["default"])
        return web.json_response({})

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=0.1, handler_cancellation=self.cancels_handlers
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        try:
            await self._stopping.wait()
        finally:
            await self.ending()
            await runner.cleanup()
            for _ in range(5):  # closed connections say goodbye on the loop's next rounds
                await asyncio.sleep(0)


def reset_connection(transport: asyncio.Transport) -> None:
    """Lose a connection without a goodbye."""
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def headers_of(request: web.Request) -> dict[str, str]:
    """Return the headers by their names in small letters."""
    return {name.lower(): value for name, value in request.headers.items()}
