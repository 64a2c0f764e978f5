"""A real Valkey (or Redis) beside the database: bells and short memory, nothing that may not be lost.

Nothing is written to disk; the password reaches the server through its standard input, so that no list
of processes shows it.
"""

import signal
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from apps.core.servers.account import Account
from apps.core.servers.log import last_lines, open_log
from apps.core.servers.processes import ServerError, end, running, wait_until
from apps.core.servers.programs import find_valkey

CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
dir "{data}"
pidfile "{data}/valkey.pid"
daemonize no
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
"""
START_SECONDS = 20
STOP = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """The Valkey of one data folder."""

    home: Path
    log: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "valkey"

    def pid(self) -> int | None:
        return running(self.data / "valkey.pid", self.data)

    def start(self, *, port: int, password: str) -> None:
        """Bring the server up at `port`. A running one is left as it is. Raises ServerError."""
        if self.pid() is not None:
            return
        program = find_valkey(self.home, self.account)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.account.own(self.data)
        configuration = CONFIGURATION.format(port=port, password=password, data=self.data)
        with open_log(self.log) as log, tempfile.TemporaryFile() as stdin:
            stdin.write(configuration.encode())
            stdin.seek(0)
            process = self.account.launch(program, "-", log=log, stdin=stdin)
        wait_until(lambda: process.poll() is not None or answers(port, password), START_SECONDS)
        if process.poll() is not None or self.pid() is None:
            raise ServerError(f"Valkey did not start:\n{last_lines(self.log)}")

    def stop(self) -> None:
        if pid := self.pid():
            end(pid, *STOP)


def answers(port: int, password: str) -> bool:
    """Return whether a server at `port` takes the password and answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                if not (more := connection.recv(256)):
                    return False
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"


def redis_url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"
