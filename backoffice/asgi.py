"""HTTP to the entrances for providers and to Django, WebSockets to the chat page and to GraphQL subscriptions."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ.setdefault("DATABASE_POOL", "16")

import django

django.setup(set_prefix=False)  # what follows needs its models

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.db import connection, connections
from django.urls import re_path

from apps.console import frames
from apps.console.routing import websocket_urlpatterns as console
from apps.core import live
from apps.simulator.routing import websocket_urlpatterns as simulator
from backoffice.pages import Pages
from graphql_api import threads
from graphql_api.routing import websocket_urlpatterns as graphql
from providers import journal, messages, webhooks
from providers.door import Receive, Scope, Send

pages = Pages()
# Browsers come with a session and must come from our own pages; GraphQL clients come with a token only.
sockets = URLRouter(
    [*graphql, re_path(r"", AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*console, *simulator]))))]
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Lead each connection to its door."""
    match scope["type"]:
        case "http" if scope["path"].startswith("/webhooks/"):
            await webhooks.webhooks(scope, receive, send)
        case "http" if scope["path"] == messages.PATH:
            await messages.messages(scope, receive, send)
        case "http":
            async with _own_thread():
                await pages(scope, receive, send)
        case "websocket":
            async with _own_thread():
                await sockets(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


@asynccontextmanager
async def _own_thread() -> AsyncIterator[None]:
    """Give a connection its own thread for database work, or all of a process would share one.

    What that thread opened goes back to the pool with it: left to the garbage collector, sessions pile up.
    """
    async with ThreadSensitiveContext():
        try:
            yield
        finally:
            await sync_to_async(connections.close_all)()


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await live.stop()
    frames.stop()
    threads.stop()
    await journal.stop()
    connection.close_pool()  # type: ignore[attr-defined]
    await send({"type": "lifespan.shutdown.complete"})
