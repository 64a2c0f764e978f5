"""A Graph-shaped server on loopback that does what a script says.

Every message truly delivered is written to the oracle file, synced, before the answer.

In a test, in a thread of its own:

    with GraphServer() as graph:
        graph.script(throttled(retry_after=2), accepted())
        …
        graph.wait_for(2)

As a process of its own, driven over HTTP under /_control/ (see `main`):

    python -m tests.providers.graph_server --port 0 --oracle oracle.jsonl
"""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.graph_behaviour import Behaviour, accepted, graph_error
from tests.providers.graph_objects import GraphObjects
from tests.providers.meta_webhooks import WebhookSender, new_wamid, status
from tests.scripted_server import ScriptedServer, headers_of, reset_connection

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One send as it arrived."""

    at: float
    path: str
    headers: dict[str, str]
    body: Json
    delivered: bool
    message_id: str

    @property
    def text(self) -> str:
        return str(self.body.get("text", {}).get("body", ""))

    @property
    def callback_data(self) -> str:
        return str(self.body.get("biz_opaque_callback_data", ""))


class GraphServer(ScriptedServer[Behaviour]):
    """Graph as far as we use it: sends here, the rest in `objects`. With a `webhook`, it also reports statuses, signed.

    `statuses` are reported after each delivered message, before the answer if `early_statuses`.
    """

    behaviour = Behaviour
    send_route = "/{version}/{phone_number_id}/messages"

    def __init__(
        self,
        *,
        port: int = 0,
        access_token: str | None = None,
        oracle: Path | None = None,
        webhook: WebhookSender | None = None,
        statuses: tuple[str, ...] = (),
        early_statuses: bool = False,
    ) -> None:
        super().__init__(port=port)
        self.access_token = access_token
        self.webhook = webhook
        self.statuses = statuses
        self.early_statuses = early_statuses
        self.default = accepted()
        self.objects = GraphObjects()
        self.choose: Callable[[Json], Behaviour | None] | None = None
        self._oracle = oracle
        self._received: list[Received] = []
        self._reports: set[asyncio.Task[None]] = set()

    # For tests -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base to use as META_GRAPH_URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def received(self) -> list[Received]:
        """Every send so far, refused ones too."""
        with self._changed:
            return list(self._received)

    @property
    def delivered(self) -> list[Received]:
        """Every send that reached the person."""
        return [item for item in self.received if item.delivered]

    def wait_for(self, count: int, *, seconds: float = 10.0) -> list[Received]:
        """Return the sends once there are `count`; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, seconds):
                raise TimeoutError(f"{len(self._received)} of {count} sends in {seconds} s")
            return list(self._received)

    # The server ----------------------------------------------------------------------------

    def application(self) -> web.Application:
        """Return what is served."""
        app = web.Application(client_max_size=self.largest_body, middlewares=[self._known])
        app.router.add_post(self.send_route, self._messages)
        app.router.add_get("/_control/received", self._control_received)
        app.router.add_post("/_control/script", self.control_script)
        app.router.add_routes(self.objects.routes(lambda: self.url, self._answer))
        return app

    async def ending(self) -> None:
        """Let the statuses arrive that are on their way."""
        await asyncio.gather(*self._reports, return_exceptions=True)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if "status" in body and self._is_ours(request):
            self.objects.receipts.append(body)
            return web.json_response({"success": True})
        refusal = self._refusal(request, body)
        behaviour = refusal or self._next(body)
        item = self._record(request, body, delivered=behaviour.delivers)
        names = self.statuses if behaviour.statuses is None else behaviour.statuses
        if item.delivered and self.webhook and names:
            report = asyncio.create_task(self._report(item, names))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)
            if self.early_statuses:
                await report
        await asyncio.sleep(behaviour.delay_seconds)
        return await self._answer(request, behaviour, item)

    @web.middleware
    async def _known(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        """Let only our token in, where one is expected; a send is recorded all the same."""
        is_open = request.path.startswith(("/_control/", "/_media/")) or request.path.endswith("/messages")
        if is_open or self._is_ours(request):
            response: web.StreamResponse = await handler(request)
            return response
        return await self._answer(request, graph_error(190, http_status=401))

    def _is_ours(self, request: web.Request) -> bool:
        return self.access_token in (None, request.headers.get("Authorization", "").removeprefix("Bearer "))

    def _refusal(self, request: web.Request, body: Json) -> Behaviour | None:
        """Return the error Graph itself would give for this message."""
        if not self._is_ours(request):
            return graph_error(190, http_status=401)
        if not str(body.get("to", "+")).startswith("+") or not (body.keys() & {"to", "recipient"}):
            return graph_error(131009)
        if len(str(body.get("text", {}).get("body", ""))) > 4096:
            return graph_error(100)
        return None

    def _next(self, body: Json) -> Behaviour:
        chosen = self.choose(body) if self.choose else None
        return self._scripted() if chosen is None else chosen

    def _record(self, request: web.Request, body: Json, *, delivered: bool) -> Received:
        item = Received(
            at=time.time(),
            path=request.path,
            headers=headers_of(request),
            body=body,
            delivered=delivered,
            message_id=new_wamid(),
        )
        if delivered and self._oracle:
            with self._oracle.open("a") as oracle:
                line = {"at": item.at, "id": item.message_id, "body": body}
                oracle.write(json.dumps(line) + "\n")
                oracle.flush()
                os.fsync(oracle.fileno())
        with self._changed:
            self._received.append(item)
            self._changed.notify_all()
        return item

    async def _answer(
        self, request: web.Request, behaviour: Behaviour, item: Received | None = None
    ) -> web.StreamResponse:
        transport = request.transport
        match behaviour.answer:
            case "hang":
                await self._stopping.wait()
            case "reset" if transport is not None:
                reset_connection(transport)
            case "close" if transport is not None:
                transport.close()
        usual = self._usual(item) if item else "{}"
        text = usual if behaviour.body is None else behaviour.body
        data = text.encode()
        response = web.StreamResponse(status=behaviour.http_status, headers=behaviour.headers)
        response.content_type = behaviour.content_type
        response.content_length = len(data)
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            for piece in self._pieces(data, behaviour):
                await response.write(piece)
                await asyncio.sleep(behaviour.byte_seconds)
            if behaviour.answer == "truncated" and transport is not None:
                transport.close()
            else:
                await response.write_eof()
        return response

    @staticmethod
    def _pieces(data: bytes, behaviour: Behaviour) -> Iterator[bytes]:
        if behaviour.answer == "truncated":
            yield data[: len(data) // 2]
        elif behaviour.byte_seconds:
            yield from (data[index : index + 1] for index in range(len(data)))
        elif data:
            yield data

    @staticmethod
    def _usual(item: Received) -> str:
        given = str(item.body.get("to", ""))
        contact = {"input": given, "wa_id": given.lstrip("+")}
        return json.dumps(
            {
                "messaging_product": "whatsapp",
                "contacts": [contact if given else {"user_id": item.body.get("recipient")}],
                "messages": [{"id": item.message_id}],
            }
        )

    async def _report(self, item: Received, names: tuple[str, ...]) -> None:
        """Tell the webhook about a delivered message, one delivery for each status."""
        assert self.webhook is not None
        for name in names:
            told = status(
                item.message_id,
                name,
                recipient=str(item.body.get("to", "")).lstrip("+"),
                callback_data=item.callback_data or None,
            )
            await self.webhook.send_all([self.webhook.body(statuses=[told])])

    # Driven from another process -----------------------------------------------------------

    async def _control_received(self, request: web.Request) -> web.Response:
        return web.json_response([asdict(item) for item in self.received])


def main() -> None:
    """Serve as a process: print {"url": …} when ready, end with SIGTERM or Ctrl-C.

    GET /_control/received gives every send, POST /_control/script says what becomes of the next.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--oracle", type=Path)
    parser.add_argument("--access-token")
    parser.add_argument("--webhook-url")
    parser.add_argument("--app-secret", default="")
    parser.add_argument("--phone-number-id", default="1060403000001")
    parser.add_argument("--statuses", default="", help="such as sent,delivered,read")
    options = parser.parse_args()
    webhook = options.webhook_url and WebhookSender(
        url=options.webhook_url,
        app_secret=options.app_secret,
        phone_number_id=options.phone_number_id,
    )
    server = GraphServer(
        port=options.port,
        access_token=options.access_token,
        oracle=options.oracle,
        webhook=webhook or None,
        statuses=tuple(filter(None, options.statuses.split(","))),
    )
    with server, contextlib.suppress(KeyboardInterrupt):
        print(json.dumps({"url": server.url}), flush=True)  # noqa: T201
        server.join()


if __name__ == "__main__":
    main()
