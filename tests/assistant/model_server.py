"""An OpenAI-shaped server on loopback that does what a script says, and answers as the simulated model otherwise.

In a test, in a thread of its own:

    with ModelServer() as models:
        models.script(limited("2"), replies("¡Hola!"))
        …
        models.wait_for(2)

As a process of its own, driven over HTTP under /_control/ (see `main`):

    python -m tests.assistant.model_server --port 0
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from apps.simulator import language_model
from tests.assistant.model_behaviour import Behaviour
from tests.scripted_server import ScriptedServer, headers_of, reset_connection

type Json = dict[str, Any]

ENDS = 2
"""Events behind the last piece of a stream: the reason of its end, and [DONE]; one more with the cost."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request as it arrived. Times are monotonic; `said_at` has one for each piece that was said."""

    at: float
    path: str
    headers: dict[str, str]
    body: Json
    said_at: list[float] = field(default_factory=list)
    ended_at: float | None = None

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def words(self) -> str:
        """All that the model was told, in one text."""
        return "\n".join(language_model.words_of(message) for message in self.body["messages"])

    @property
    def last(self) -> str:
        """What was said to it last."""
        return language_model.words_of(self.body["messages"][-1])


class ModelServer(ScriptedServer[Behaviour]):
    """A provider of models. `speak` answers where no script does; `choose` may look at a request first.

    `peers` has one address for each connection that asked.
    """

    behaviour = Behaviour
    largest_body = 64 * 1024 * 1024
    cancels_handlers = True

    def __init__(self, *, port: int = 0, api_key: str | None = None) -> None:
        super().__init__(port=port)
        self.open_now = 0
        self.reset(api_key=api_key)

    # For tests -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The endpoint, up to and including /v1."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> list[Asked]:
        """Every request so far, refused ones too."""
        with self._changed:
            return list(self._asked)

    def reset(self, *, api_key: str | None = None) -> None:
        """Forget everything, as for the next test; what is open must end first."""
        self.wait_until_open(0)
        self.api_key = api_key
        self.default = Behaviour()
        self.speak: Callable[[Json], str] = language_model.speak
        self.choose: Callable[[Asked], Behaviour | None] | None = None
        self.most_open = 0
        self.peers: set[tuple[str, int]] = set()
        self._script.clear()
        self._asked: list[Asked] = []
        self._released = asyncio.Semaphore(0)

    def release(self, count: int = 1) -> None:
        """Let so many of those begin that wait for it, or will."""
        assert self._loop is not None, "start first"
        for _ in range(count):
            self._loop.call_soon_threadsafe(self._released.release)

    def wait_for(self, count: int, *, seconds: float = 10.0) -> list[Asked]:
        """Return the requests once there are `count`; raises TimeoutError."""
        self._wait(lambda: len(self._asked) >= count, f"{count} requests", seconds)
        return self.asked

    def wait_until_open(self, count: int, *, seconds: float = 10.0) -> None:
        """Return once exactly `count` requests are open; raises TimeoutError."""
        self._wait(lambda: self.open_now == count, f"{count} open requests", seconds)

    def _wait(self, is_so: Callable[[], bool], what: str, seconds: float) -> None:
        with self._changed:
            if not self._changed.wait_for(is_so, seconds):
                raise TimeoutError(f"not {what} in {seconds} s; {self.open_now} are open")

    # The server ----------------------------------------------------------------------------

    def application(self) -> web.Application:
        """Return what is served."""
        app = web.Application(client_max_size=self.largest_body)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/_control/asked", self._control_asked)
        app.router.add_post("/_control/script", self.control_script)
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(
            at=time.monotonic(),
            path=request.path,
            headers=headers_of(request),
            body=await request.json(),
        )
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        behaviour = self._next(asked)
        try:
            if behaviour.wait_for_release:
                await self._released.acquire()
            await asyncio.sleep(behaviour.delay_seconds)
            with contextlib.suppress(ConnectionError):
                return await self._answer(request, behaviour, asked)
            return web.Response()
        finally:
            with self._changed:
                self.open_now -= 1
                asked.ended_at = time.monotonic()
                self._changed.notify_all()

    def _next(self, asked: Asked) -> Behaviour:
        with self._changed:
            self._asked.append(asked)
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
            self._changed.notify_all()
        if self.api_key not in (None, asked.key):
            told = language_model.error("Wrong key.", code="invalid_api_key")
            return Behaviour(answer="body", http_status=401, body=json.dumps(told))
        if self.choose and (chosen := self.choose(asked)):
            return chosen
        return self._scripted()

    async def _answer(self, request: web.Request, behaviour: Behaviour, asked: Asked) -> web.StreamResponse:
        if behaviour.answer == "hang":
            await self._stopping.wait()
        if behaviour.answer in ("hang", "reset"):
            return self._cut(request)
        text = asked.words if behaviour.obeys else behaviour.text
        text = self.speak(asked.body) if text is None else text
        if behaviour.answer == "whole" or (behaviour.answer == "stream" and not asked.body.get("stream")):
            return web.json_response(language_model.completion(asked.body, text))
        is_stream = behaviour.answer != "body"
        response = web.StreamResponse(status=behaviour.http_status, headers={"X-Request-Id": "req-1"})
        response.headers.update(behaviour.headers)
        response.content_type = "text/event-stream" if is_stream else behaviour.content_type
        await response.prepare(request)
        if behaviour.answer == "hang_after_headers":
            await self._stopping.wait()
        events = [behaviour.body] if not is_stream else self._events(asked, behaviour, text)
        async for event in self._paced(events, behaviour):
            await response.write(event)
            asked.said_at.append(time.monotonic())
            if len(asked.said_at) in behaviour.pauses_after:
                await self._released.acquire()
        if behaviour.answer == "break":
            return self._cut(request, response)
        await response.write_eof()
        return response

    @staticmethod
    def _events(asked: Asked, behaviour: Behaviour, text: str) -> list[str]:
        events = list(
            language_model.events(asked.body, text, finish_reason=behaviour.finish_reason, field=behaviour.said_in)
        )
        match behaviour.answer:
            case "break":
                return events[: 1 + behaviour.pieces]
            case "unfinished":
                return events[: len(events) - ENDS - (1 if "usage" in events[-2] else 0)]
        return events

    @staticmethod
    async def _paced(events: Iterable[str], behaviour: Behaviour) -> AsyncIterator[bytes]:
        if not (behaviour.piece_seconds or behaviour.pauses_after):
            yield "".join(events).encode()
            return
        for event in events:
            yield event.encode()
            await asyncio.sleep(behaviour.piece_seconds)

    @staticmethod
    def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
        """Lose the connection; what was written before stays written if something was answered."""
        if (transport := request.transport) is not None:
            if response is None:
                reset_connection(transport)
            else:
                transport.close()
        return response or web.Response()

    # Driven from another process -----------------------------------------------------------

    async def _control_asked(self, request: web.Request) -> web.Response:
        told = {"asked": [asdict(item) for item in self.asked], "most_open": self.most_open, "open": self.open_now}
        return web.json_response(told)


def main() -> None:
    """Serve as a process: print {"url": …} when ready, end with SIGTERM or Ctrl-C.

    GET /_control/asked gives every request (times are this machine's monotonic clock), POST /_control/script says
    what becomes of the next.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key")
    options = parser.parse_args()
    with ModelServer(port=options.port, api_key=options.api_key) as server, contextlib.suppress(KeyboardInterrupt):
        print(json.dumps({"url": server.url}), flush=True)  # noqa: T201
        server.join()


if __name__ == "__main__":
    main()
