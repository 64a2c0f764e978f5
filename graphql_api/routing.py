"""WebSockets of this room."""

from typing import Any

websocket_urlpatterns: list[Any] = []
