"""Process groups, recognised for certain: never by name, never by a pid alone."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

MARK = "MOSTRADOR_GROUP"
"""Environment variable every process of a group carries: its group's own word."""

KILL_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A process that leads a group, with all its descendants that stayed in it."""

    pid: int
    born: str
    mark: str

    def leads(self) -> bool:
        """Return whether the leader itself lives."""
        return born(self.pid) == self.born

    def members(self) -> list[int]:
        """Return the living processes of the group, also when the leader is dead.

        A dead leader's number may have gone to strangers: then only those that carry our mark count.
        """
        in_group = [pid for pid in psutil.pids() if _group_of(pid) == self.pid and born(pid)]
        return in_group if self.leads() else [pid for pid in in_group if self._is_marked(pid)]

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the leader alone."""
        if self.leads():
            _signal(self.pid, number)

    def kill(self) -> None:
        """End every member at once and wait until none is left; one the kernel holds fast is left to it."""
        deadline = time.monotonic() + KILL_SECONDS
        while (members := self.members()) and time.monotonic() < deadline:
            for pid in members:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _is_marked(self, pid: int) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            return psutil.Process(pid).environ().get(MARK) == self.mark
        return False


def end_groups(groups: Iterable[Group], *, seconds: float) -> None:
    """Ask the leaders to end, give them all together `seconds`, then kill what is left of the groups."""
    groups = list(groups)
    for group in groups:
        group.tell(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(group.leads() for group in groups) and time.monotonic() < deadline:
        time.sleep(0.02)
    for group in groups:
        group.kill()


def born(pid: int) -> str:
    """Return when a process was born, as exactly as the system knows; "" for a dead one.

    Linux counts from the start of the machine: no change of the clock moves that.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except OSError:  # it ended while we read
        return ""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    return ""


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
