"""GraphQL over a WebSocket, by the protocol graphql-transport-ws.

The token comes with the first message; a cookie is never looked at. Close codes: 4400 not the protocol,
4401 spoke too early, 4403 no valid token (any more), 4406 another protocol, 4408 said nothing for ten
seconds, 4409 an id used twice, 4429 too many frames or sockets, 1009 frame too long, 1011 we failed.
"""

import asyncio
import json
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error
from strawberry.channels import GraphQLWSConsumer
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UnsetType

from apps.accounts.queries import actor_for_token, current_actor
from apps.core import live
from apps.core.actors import NOBODY
from apps.core.sockets import FRAME_BYTES, Allowance, Places
from graphql_api.context import Context
from graphql_api.core.subscriptions import is_about_access
from graphql_api.schema import schema
from graphql_api.threads import in_thread
from graphql_api.views import bearer_token

INIT_SECONDS = 10
RECHECK_SECONDS = 60
SUBSCRIPTIONS = 20

logger = logging.getLogger(__name__)
places = Places(20)


@dataclass(kw_only=True)
class SocketContext(Context):
    """Who is at the other end; `refused` is set once the token no longer opens."""

    refused: asyncio.Event = field(default_factory=asyncio.Event)

    async def is_welcome(self) -> bool:
        """Read the actor again: from here on only what it may do by now is done."""
        actor = None if self.refused.is_set() else await in_thread(current_actor, self.actor)
        if actor is None:
            self.refused.set()
        self.actor = actor or NOBODY
        return actor is not None


class GraphQLConsumer(GraphQLWSConsumer[SocketContext, None]):
    """One socket of an application."""

    channel_layer_alias = "none"  # the feed has the only ear of this process

    def __init__(self) -> None:
        super().__init__(
            schema=schema,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=SUBSCRIPTIONS,
            allowed_origins=[settings.PUBLIC_URL],
        )
        self.context = SocketContext()
        self.tasks: list[asyncio.Task[None]] = []
        self.is_closed = False
        self._counted_for: int | None = None
        self._allowance = Allowance()

    async def get_context(self, request: object, response: object) -> SocketContext:
        return self.context

    async def connect(self) -> None:
        """Begin; from here on a failure ends the socket instead of leaving it mute."""
        await super().connect()
        if self.run_task is not None:
            self.run_task.add_done_callback(self._ended)

    async def on_ws_connect(self, context: SocketContext) -> UnsetType:
        """Let in whoever shows a valid token. Raises ConnectionRejectionError, which closes with 4403."""
        cursor = await in_thread(live.current_cursor)  # before the token is read: what follows is heard
        actor = await in_thread(actor_for_token, token_in(context.connection_params or {}))
        if actor is None:
            raise ConnectionRejectionError
        context.actor = actor
        if places.take(actor.token_id or 0):
            self._counted_for = actor.token_id or 0
        else:
            await self.close(4429, "Too many sockets")
        self._start(self._watch_access(cursor))
        self._start(self._stay_until_refused())
        return UnsetType()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one frame. Nobody may say too much or too fast."""
        if not self._allowance.take():
            await self.close(4429, "Too many frames")
        elif len((text_data or "").encode()) > FRAME_BYTES or len(bytes_data or b"") > FRAME_BYTES:
            await self.close(1009, "Frame too long")
        elif not self.is_closed:
            await super().receive(text_data, bytes_data)

    def decode_json(self, data: str | bytes) -> object:
        """Read a frame. What is not of the protocol's shape is refused like what is no JSON."""
        try:
            message = json.loads(data)
        except RecursionError:
            message = None
        if not _has_shape(message):
            raise json.JSONDecodeError("Not a message of graphql-transport-ws", "", 0)
        return message

    async def disconnect(self, code: int) -> None:
        self.is_closed = True
        for task in self.tasks:
            task.cancel()
        if self._counted_for is not None:
            places.give_back(self._counted_for)
        with suppress(Error):  # told by `_ended` already
            await super().disconnect(code)

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:
        """Say something, unless the socket is closed by now."""
        if not self.is_closed:
            await super().send(text_data, bytes_data, close)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close once."""
        if not self.is_closed:
            self.is_closed = True
            await super().close(code, reason)

    async def _watch_access(self, cursor: str) -> None:
        """Look again whenever the rights of this user change."""
        while True:
            try:
                async with live.subscribe(cursor) as feed:
                    async for event in feed:
                        if is_about_access(event, self.context.actor):
                            await self.context.is_welcome()
            except live.GapTooOld:
                cursor = await in_thread(live.current_cursor)
                await self.context.is_welcome()

    async def _stay_until_refused(self) -> None:
        """Look again now and then, for a token also ends by its date; close when it no longer opens."""
        while not self.context.refused.is_set():
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self.context.refused.wait()
            except TimeoutError:
                await self.context.is_welcome()
        await self.close(4403, "Forbidden")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self.tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("graphql.socket_failed", exc_info=error)
            self._start(self.close(1011, "Internal error"))


def token_in(parameters: dict[str, Any]) -> str:
    """Return the token a client shows in its first message, under either of the usual names."""
    header, bare = parameters.get("Authorization") or parameters.get("authorization"), parameters.get("authToken")
    if isinstance(header, str):
        return bearer_token(header)
    return bare if isinstance(bare, str) else ""


def _has_shape(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("id", ""), str):
        return False
    payload = message.get("payload")
    if message.get("type") != "subscribe":
        return payload is None or isinstance(payload, dict)
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )
