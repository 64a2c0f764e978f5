"""Which process groups a supervisor has started, on disk, for the one that comes after it."""

import fcntl
import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from apps.core.supervisor.groups import Group, born


class Occupied(Exception):
    """Another supervisor that lives holds the ledger."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class Ledger:
    """The groups of one supervisor. Its holder keeps a lock for life, which a kill gives back."""

    def __init__(self, path: Path) -> None:
        """Take the ledger over. Raises Occupied while another supervisor holds it."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode()
            os.close(self._lock)
            raise Occupied(int(holder or 0)) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        self._groups = read(path)

    def groups(self) -> list[Group]:
        """Return what is on record: after taking over, what the one before us may have left running."""
        return list(self._groups.values())

    def note(self, name: str, group: Group) -> None:
        self._groups[name] = group
        self._write()

    def forget(self, name: str) -> None:
        if self._groups.pop(name, None):
            self._write()

    def clear(self) -> None:
        self._groups.clear()
        self._write()

    def close(self) -> None:
        os.close(self._lock)

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({name: asdict(group) for name, group in self._groups.items()}))
        draft.replace(self._path)


def read(path: Path) -> dict[str, Group]:
    """Return the groups on record in a ledger, whoever holds it."""
    try:
        return {name: Group(**group) for name, group in json.loads(path.read_text()).items()}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def new_mark() -> str:
    return secrets.token_hex(8)


def group_led_by(pid: int, mark: str) -> Group:
    return Group(pid=pid, born=born(pid), mark=mark)
