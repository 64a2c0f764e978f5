"""Everything of `manage.py up` that runs: servers, web, one watch per cluster; kept alive, ended in order."""

import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from apps.core import servers
from apps.core.supervisor.children import Child, manage
from apps.core.supervisor.console import Console
from apps.core.supervisor.groups import Group, end_groups
from apps.core.supervisor.ledger import Ledger, Occupied

LOOK_SECONDS = 0.2
STOP_SECONDS = 12
"""What the web process and the clusters get to finish; afterwards leases and sweeps repair what was cut off."""
READY_SECONDS = 60
PAUSE_SECONDS = 5
"""Between two tries to start a server that does not start."""
UVICORN = (
    *("-m", "uvicorn", "backoffice.asgi:application", "--loop", "uvloop", "--http", "httptools"),
    *("--ws", "websockets-sansio", "--ws-max-size", "65536", "--log-level", "warning", "--no-access-log"),
    *("--timeout-graceful-shutdown", "3"),
)


class House:
    """The processes of one data folder."""

    def __init__(self, data_dir: Path, ledger: Ledger, console: Console) -> None:
        self._data_dir = data_dir
        self._ledger = ledger
        self._console = console
        self._own = {"postgres": False, "valkey": False}
        self._servers = servers.Servers()
        self._heal_servers_at = 0.0
        self._children: list[Child] = []
        self._door: socket.socket | None = None

    def end_leftovers(self) -> None:
        """End what a killed supervisor left: its children, and the clusters of watches that were killed too."""
        left = [group for group in self._ledger.groups() if group.members()]
        if left:
            self._tell(f"ending what the last run left: {', '.join(str(group.pid) for group in left)}")
        self._end(left)
        self._ledger.clear()

    def start_servers(self, *, postgres: bool, valkey: bool) -> None:
        """Start the servers that are ours; those of a killed run are taken over. Raises ServerError."""
        self._own = {"postgres": postgres, "valkey": valkey}
        self._servers = servers.ensure(self._data_dir, **self._own)

    def start_web(self, door: socket.socket, environment: dict[str, str]) -> None:
        """Start the web process behind `door`, which stays open here while the process starts anew."""
        self._door = door
        command = [sys.executable, *UVICORN, "--fd", str(door.fileno())]
        self._add("web", command, environment, pass_fds=(door.fileno(),))

    def start_clusters(self, names: tuple[str, ...], environment: dict[str, str]) -> None:
        """Start one watch per cluster of workers."""
        for name in names:
            self._add(name, manage("work", "--skip-checks", "--cluster", name), environment)

    def wait_for_web(self, url: str, stopping: threading.Event) -> bool:
        """Return True when the page answers; False if it does not in time."""
        deadline = time.monotonic() + READY_SECONDS
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline and not stopping.is_set():
            self._heal()
            try:
                with direct.open(f"{url}/healthz", timeout=5):
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                stopping.wait(0.05)
        return False

    def watch(self, stopping: threading.Event) -> None:
        """Start again whatever dies, until `stopping` is set."""
        while not stopping.wait(LOOK_SECONDS):
            self._heal()

    def stop(self) -> None:
        """End all: the clusters first, for the simulated phones and model they talk to are the web's; servers last."""
        for children in (self._children[1:], self._children[:1]):
            self._end([child.group for child in children if child.group is not None])
        self._ledger.clear()
        if any(self._own.values()):
            servers.release(self._data_dir)
        if self._door is not None:
            self._door.close()

    def _add(self, name: str, command: list[str], environment: dict[str, str], pass_fds: tuple[int, ...] = ()) -> None:
        child = Child(
            name=name,
            command=command,
            ledger=self._ledger,
            environment=environment,
            pass_fds=pass_fds,
            say=self._console.say,
        )
        child.start()
        self._children.append(child)

    def _heal(self) -> None:
        self._heal_servers()
        for child in self._children:
            if child.died() and child.may_start():
                self._tell(f"{child.name} died; starting it again")
                child.start()

    def _heal_servers(self) -> None:
        missing = [name for name in servers.missing(self._data_dir) if self._own[name]]
        if not missing or time.monotonic() < self._heal_servers_at:
            return
        self._tell(f"{' and '.join(missing)} died; starting again")
        try:
            answering = servers.ensure(self._data_dir, **self._own)
        except servers.ServerError as error:
            self._tell(str(error))
            self._heal_servers_at = time.monotonic() + PAUSE_SECONDS
            return
        if answering != self._servers:  # somebody took the port meanwhile: all must learn the new address
            self._servers = answering
            for child in self._children:
                child.bury()

    def _end(self, groups: list[Group]) -> None:
        """Ask the groups to end, and end the clusters whose watch is dead."""
        end_groups(groups, seconds=STOP_SECONDS)
        for path in (self._data_dir / "run").glob("work-*.json"):
            try:
                orphaned = Ledger(path)
            except Occupied:
                continue
            end_groups(orphaned.groups(), seconds=0)
            orphaned.clear()
            orphaned.close()

    def _tell(self, line: str) -> None:
        self._console.say("up", line)
