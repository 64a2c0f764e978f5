"""A child process in a group of its own, started again when it dies."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from django.conf import settings

from apps.core.supervisor.groups import MARK, Group
from apps.core.supervisor.ledger import Ledger, group_led_by, new_mark

CALM_SECONDS = 30
"""A child that lived this long starts again at once; one that keeps dying waits longer each time."""
LONGEST_PAUSE = 30.0


@dataclass(kw_only=True)
class Child:
    """One command the supervisor keeps running."""

    name: str
    command: Sequence[str]
    ledger: Ledger
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_fds: Sequence[int] = ()
    say: Callable[[str, str], None] | None = None
    """Takes (name, line) for each line the child writes; None: it writes where we write."""
    group: Group | None = None
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _deaths: int = 0
    _not_before: float = 0.0

    def start(self) -> None:
        """Start the command in its own session, so that Ctrl-C reaches only us, and put it on record."""
        mark = new_mark()
        output = None if self.say is None else subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env={**os.environ, **self.environment, MARK: mark},
            start_new_session=True,
            pass_fds=self.pass_fds,
        )
        self.group = group_led_by(self._process.pid, mark)
        self.ledger.note(self.name, self.group)
        self._started_at = time.monotonic()
        if self.say is not None and self._process.stdout is not None:
            threading.Thread(target=self._pump, args=(self._process.stdout, self.say), daemon=True).start()

    def died(self) -> bool:
        """Return whether the process is not running; count a death once."""
        if self._process is None:
            return True
        if self._process.poll() is None:
            return False
        self.bury()
        return True

    def bury(self) -> None:
        """End what is left of the group, and plan the next start."""
        if self.group is not None:
            self.group.kill()
        if self._process is not None:
            self._process.wait()
        self._process = None
        self.ledger.forget(self.name)
        calm = time.monotonic() - self._started_at > CALM_SECONDS
        self._deaths = 0 if calm else self._deaths + 1
        self._not_before = time.monotonic() + (min(0.5 * 2 ** (self._deaths - 1), LONGEST_PAUSE) if self._deaths else 0)

    def may_start(self) -> bool:
        return time.monotonic() >= self._not_before

    @property
    def age(self) -> float:
        """Seconds since the last start."""
        return time.monotonic() - self._started_at

    def _pump(self, stream: IO[bytes], say: Callable[[str, str], None]) -> None:
        for line in stream:
            say(self.name, line.decode(errors="replace").rstrip())


def manage(*arguments: str) -> list[str]:
    """Return the command line of one of our management commands."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
