"""The address the web process answers at. The supervisor holds the socket, so that no visitor is refused
while the process behind it starts anew.
"""

import socket

BACKLOG = 2048
NEXT_PORTS = 50


class Taken(Exception):
    """The port asked for belongs to somebody else."""


def listen(host: str, port: int, *, or_next: bool) -> socket.socket:
    """Return a socket that listens at the address, or at one of the next ports. Raises Taken."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    for candidate in range(port, min(port + NEXT_PORTS, 65536) if or_next else port + 1):
        door = socket.socket(family, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((address[0], candidate, *address[2:]))
            door.listen(BACKLOG)
        except OSError:
            door.close()
            continue
        return door
    raise Taken


def url(host: str, port: int) -> str:
    """Return what a visitor types on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
