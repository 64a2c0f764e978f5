"""A real PostgreSQL in the data folder: loopback TCP, password, durable, small.

What people wrote must not reach its log: statements, details and errors of statements stay out of it
(the client gets them anyway); only the server's own life is written.
"""

import contextlib
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from apps.core.servers.account import Account
from apps.core.servers.log import last_lines, open_log
from apps.core.servers.processes import ServerError, end, running, wait_until
from apps.core.servers.programs import PostgresPrograms, find_postgres

NAME = "mostrador"
ACCESS = "# Written by the project at each start.\nhost all all 127.0.0.1/32 scram-sha-256\n"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
BUILTIN_LOCALE_SINCE = 17
START_SECONDS = 60
STOP = ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
"""Fast shutdown; then immediate, which recovers at the next start; then force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """The PostgreSQL of one data folder."""

    home: Path
    log: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def pid(self) -> int | None:
        return running(self.data / "postmaster.pid", self.data)

    def start(self, *, port: int, password: str | None) -> None:
        """Bring the server up at `port`; create its data the first time. A running one is left as it is.

        `password` is given when the role shall get it now: for new data, or when the old one was lost.
        Raises ServerError with the last lines of its log.
        """
        if self.pid() is not None:
            return
        programs = self._programs()
        if not (self.data / "PG_VERSION").is_file():
            self._create(programs)
        self._forget_dead_owner()
        if password is not None:
            self._set_password(programs, password)
        self._launch(programs, port)

    def stop(self) -> None:
        """End the server; a checkpoint is written, open sessions are closed."""
        if pid := self.pid():
            end(pid, *STOP)

    def _programs(self) -> PostgresPrograms:
        version = self.data / "PG_VERSION"
        major = int(version.read_text()) if version.is_file() else None
        return find_postgres(self.home, self.account, major=major)

    def _create(self, programs: PostgresPrograms) -> None:
        """Make the data folder aside and put it in place whole, so that a kill leaves nothing half made."""
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.own(draft)
        locale = BUILTIN_LOCALE if programs.major >= BUILTIN_LOCALE_SINCE else ()
        options = ("-U", "postgres", "--encoding=UTF8", "--auth=reject", "--locale=C", *locale)
        answer = self.account.run(programs.initdb, "-D", draft, *options)
        if answer.returncode:
            raise ServerError(f"initdb failed:\n{answer.stdout}{answer.stderr}")
        draft.rename(self.data)

    def _set_password(self, programs: PostgresPrograms, password: str) -> None:
        """Create role and database, or only set the role's password, in single-user mode.

        So nobody ever has a superuser's password: the role of the project may create databases, no more.
        """
        created = self._single(programs, f"CREATE ROLE {NAME} LOGIN CREATEDB;\n")
        script = f"ALTER ROLE {NAME} PASSWORD '{password}';\n"
        if created:
            script += f"CREATE DATABASE {NAME} OWNER {NAME};\n"
        if not self._single(programs, script):
            raise ServerError("PostgreSQL did not take the password of its role in single-user mode.")

    def _single(self, programs: PostgresPrograms, script: str) -> bool:
        """Run statements without a server, one a line; False if one fails."""
        options = (
            "-c",
            "exit_on_error=on",
            "-c",
            "log_min_error_statement=panic",
            "-c",
            "unix_socket_directories=",
        )
        command = (programs.postgres, "--single", "-D", self.data, *options, "postgres")
        return self.account.run(*command, text=script).returncode == 0

    def _launch(self, programs: PostgresPrograms, port: int) -> None:
        access = self.data / "pg_hba.conf"
        access.write_text(ACCESS)
        options = [part for name, value in {**OPTIONS, "port": str(port)}.items() for part in ("-c", f"{name}={value}")]
        with open_log(self.log) as log:
            process = self.account.launch(programs.postgres, "-D", self.data, *options, log=log)
        wait_until(lambda: process.poll() is not None or self._ready(process.pid), START_SECONDS)
        if process.poll() is not None or not self._ready(process.pid):
            raise ServerError(f"PostgreSQL did not start:\n{last_lines(self.log)}")

    def _ready(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return lines[0] == str(pid) and "ready" in [line.strip() for line in lines[1:]]
        return False

    def _forget_dead_owner(self) -> None:
        """Wait for the last sessions of a killed server, and remove its pid file.

        PostgreSQL would refuse to start if that pid had gone to another process of the same account.
        """
        pid_file = self.data / "postmaster.pid"
        if pid_file.is_file():
            wait_until(lambda: not self._sessions(), 10)
            pid_file.unlink()

    def _sessions(self) -> list[int]:
        """Return the pids that still stand in the data folder."""
        here = []
        for process in psutil.process_iter(["name"]):
            if re.match("postgres", process.info["name"] or ""):
                with contextlib.suppress(psutil.Error, OSError):
                    if process.cwd() == str(self.data) and process.status() != psutil.STATUS_ZOMBIE:
                        here.append(process.pid)
        return here


def database_url(port: int, password: str) -> str:
    return f"postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"
