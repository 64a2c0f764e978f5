"""HTTP to the webhook view and to Django, WebSockets to the chat page and to GraphQL subscriptions."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()  # sets Django up: what follows needs its models

from asgiref.sync import ThreadSensitiveContext
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import re_path

from apps.console import frames
from apps.console.routing import websocket_urlpatterns as console
from apps.core import live
from apps.simulator.routing import websocket_urlpatterns as simulator
from graphql_api import threads
from graphql_api.routing import websocket_urlpatterns as graphql
from providers import webhooks
from providers.webhooks import Receive, Scope, Send

# Browsers come with a session and must come from our own pages; GraphQL clients come with a token only.
sockets = URLRouter(
    [*graphql, re_path(r"", AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*console, *simulator]))))]
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Lead each connection to its door."""
    match scope["type"]:
        case "http" if scope["path"].startswith("/webhooks/"):
            await webhooks.webhooks(scope, receive, send)
        case "http":
            await pages(scope, receive, send)
        case "websocket":
            # A thread for each socket's database work: without it all sockets of a process share one.
            async with ThreadSensitiveContext():
                await sockets(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await live.stop()
    frames.stop()
    threads.stop()
    await webhooks.stop()
    await send({"type": "lifespan.shutdown.complete"})
