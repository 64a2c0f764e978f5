"""Applications that use the API: over HTTP, and over a WebSocket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")


class Application:
    """Speaks HTTP through Django, without a server."""

    def __init__(self, token: str) -> None:
        self.token = token

    def post(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        """Send a document and return the whole answer."""
        return Client().post(
            "/graphql/",
            {"query": document, "variables": variables or {}},
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def ask(self, document: str, **variables: Any) -> Any:
        """Send a document that must succeed, and return its data."""
        answer = self.post(document, variables).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def code(self, document: str, **variables: Any) -> str:
        """Send a document that must be refused, and return the code of its one error."""
        (error,) = self.post(document, variables).json()["errors"]
        return str(error["extensions"]["code"])


class Socket:
    """Speaks graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._number = 0

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def hear(self, within: float = 10) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.connection.recv(timeout=within))
        return message

    def begin(self, token: str) -> None:
        """Show the token; the server must agree."""
        self.say(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert self.hear() == {"type": "connection_ack"}

    def subscribe(self, document: str, variables: dict[str, Any] | None = None) -> str:
        """Start an operation and return its id."""
        self._number += 1
        number = str(self._number)
        self.say(type="subscribe", id=number, payload={"query": document, "variables": variables or {}})
        return number

    def next_event(self) -> dict[str, Any]:
        """Return the next event of the only subscription."""
        return self._next("events")

    def next_step(self) -> dict[str, Any]:
        """Return the next step of what is written, from the only subscription."""
        return self._next("suggestionStream")

    def _next(self, field: str) -> dict[str, Any]:
        message = self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        told: dict[str, Any] = message["payload"]["data"][field]
        return told

    def ask(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a query or a mutation and return its payload."""
        number = self.subscribe(document, variables)
        answer = self.hear()
        assert (answer["type"], answer["id"]) == ("next", number), answer
        assert self.hear() == {"type": "complete", "id": number}
        payload: dict[str, Any] = answer["payload"]
        return payload


@contextmanager
def opened(server: str, token: str | None, *, origin: str | None = None) -> Iterator[Socket]:
    """Open a socket, and show the token if there is one."""
    address = server.replace("http", "ws", 1) + "/graphql/"
    with connect(address, subprotocols=[PROTOCOL], origin=Origin(origin) if origin else None) as connection:
        socket = Socket(connection)
        if token is not None:
            socket.begin(token)
        yield socket
