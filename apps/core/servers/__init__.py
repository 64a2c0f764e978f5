"""Real PostgreSQL and Valkey servers in the data folder, for newcomers and tests.

Free of Django: settings read the addresses that are written here (`<data_dir>/servers.json`).
"""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from apps.core.servers.account import (
    make_data_dir,
    remove_home,
    server_account,
    servers_home,
)
from apps.core.servers.postgres import Postgres, database_url
from apps.core.servers.processes import ServerError as ServerError
from apps.core.servers.processes import wait_until
from apps.core.servers.valkey import Valkey, redis_url

PORT_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the servers of a data folder answer; kept in `servers.json`, for the owner's eyes only."""

    database_url: str = ""
    redis_url: str = ""
    postgres_port: int = 0
    postgres_password: str = ""
    valkey_port: int = 0
    valkey_password: str = ""


def ensure(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Servers:
    """Return the servers of `data_dir`, started if they do not run, and keep them while this process lives.

    Several processes may share them; `release` ends them when nobody else uses them. Addresses stay the
    same from start to start as long as the ports are free. Raises ServerError.
    """
    data_dir = data_dir.resolve()
    make_data_dir(data_dir)
    with _starting(data_dir):
        servers = _read(data_dir)
        if postgres:
            servers = _start_postgres(data_dir, servers)
        if valkey:
            servers = _start_valkey(data_dir, servers)
        _join(data_dir)
    return servers


def release(data_dir: Path) -> None:
    """Give up our share of the servers; end them if it was the last."""
    data_dir = data_dir.resolve()
    with _starting(data_dir):
        if _leave(data_dir):
            _stop(data_dir)


def stop(data_dir: Path) -> None:
    """End the servers of `data_dir`, whoever uses them."""
    data_dir = data_dir.resolve()
    if data_dir.is_dir():
        with _starting(data_dir):
            _leave(data_dir)
            _stop(data_dir)


def destroy(data_dir: Path) -> None:
    """End the servers of `data_dir` and delete their data, wherever they lie."""
    data_dir = data_dir.resolve()
    stop(data_dir)
    remove_home(data_dir)
    (data_dir / "servers.json").unlink(missing_ok=True)


def missing(data_dir: Path) -> list[str]:
    """Return which servers of `data_dir` do not run: "postgres", "valkey"."""
    data_dir = data_dir.resolve()
    found = {"postgres": postgres_of(data_dir).pid(), "valkey": valkey_of(data_dir).pid()}
    return [name for name, pid in found.items() if pid is None]


def known(data_dir: Path) -> Servers:
    """Return the addresses on record, whether the servers run or not."""
    return _read(data_dir.resolve())


def postgres_of(data_dir: Path) -> Postgres:
    account = server_account()
    return Postgres(home=servers_home(data_dir, account), log=data_dir / "logs/postgres.log", account=account)


def valkey_of(data_dir: Path) -> Valkey:
    account = server_account()
    return Valkey(home=servers_home(data_dir, account), log=data_dir / "logs/valkey.log", account=account)


def _start_postgres(data_dir: Path, servers: Servers) -> Servers:
    server = postgres_of(data_dir)
    if server.pid() is not None and servers.postgres_password:
        return servers
    server.stop()  # one whose password is lost
    password = servers.postgres_password or secrets.token_urlsafe(24)
    is_new = not servers.postgres_password or not server.data.is_dir()
    port = _free_port(servers.postgres_port)
    servers = replace(
        servers, postgres_port=port, postgres_password=password, database_url=database_url(port, password)
    )
    server.start(port=port, password=password if is_new else None)
    return _write(data_dir, servers)


def _start_valkey(data_dir: Path, servers: Servers) -> Servers:
    server = valkey_of(data_dir)
    if server.pid() is not None and servers.valkey_password:
        return servers
    server.stop()
    password = servers.valkey_password or secrets.token_urlsafe(24)
    port = _free_port(servers.valkey_port)
    servers = replace(servers, valkey_port=port, valkey_password=password, redis_url=redis_url(port, password))
    server.start(port=port, password=password)
    return _write(data_dir, servers)


def _stop(data_dir: Path) -> None:
    valkey_of(data_dir).stop()
    postgres_of(data_dir).stop()


def _free_port(wished: int) -> int:
    """Return the wished port, else a free one.

    A killed server's port is free a moment after its pid: the last of its threads closes it.
    """
    if wished and wait_until(lambda: _can_bind(wished) is not None, PORT_SECONDS):
        return wished
    port = _can_bind(0)
    if port is None:
        raise ServerError("No free port on 127.0.0.1.")
    return port


def _can_bind(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def _read(data_dir: Path) -> Servers:
    try:
        return Servers(**json.loads((data_dir / "servers.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return Servers()


def _write(data_dir: Path, servers: Servers) -> Servers:
    draft = data_dir / ".servers.json"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(servers), file, indent=1)
    draft.replace(data_dir / "servers.json")
    return servers


# --- Who uses them: every user holds a shared lock while it lives, and a kill gives it back ---------

_shares: dict[Path, int] = {}


@contextmanager
def _starting(data_dir: Path) -> Iterator[None]:
    """Let one process at a time start or end the servers."""
    lock = os.open(data_dir / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _join(data_dir: Path) -> None:
    if data_dir not in _shares:
        _shares[data_dir] = os.open(data_dir / "servers.users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(_shares[data_dir], fcntl.LOCK_SH)


def _leave(data_dir: Path) -> bool:
    """Give the share back; return whether nobody holds one now."""
    share = _shares.pop(data_dir, None)
    if share is not None:
        os.close(share)
    alone = os.open(data_dir / "servers.users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(alone)
    return True
