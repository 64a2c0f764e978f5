"""`manage.py up` as a newcomer runs it: a process of its own with a data folder of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from apps.core import servers
from apps.core.supervisor.groups import born
from tests.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
OF_THE_TESTS = {
    *("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "HOST", "PUBLIC_URL", "ALLOWED_HOSTS", "CHANNEL_PREFIX"),
    *("SECRET_KEY", "ENCRYPTION_KEYS", "LOG_LEVEL"),
}
START_SECONDS = 90


@dataclass(kw_only=True)
class Installation:
    """A data folder, and the supervisor that runs on it."""

    data_dir: Path
    prefix: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def up(self, *options: str, **environment: str) -> float:
        """Start and wait for the page; return the seconds it took."""
        began = time.monotonic()
        self.launch(*options, **environment)
        eventually(lambda: self.url or self.ended, within=START_SECONDS, what="the page")
        assert self.url, self.output
        return time.monotonic() - began

    def launch(self, *options: str, **environment: str) -> None:
        """Start without waiting."""
        self.lines = []
        self.process = subprocess.Popen(
            [*self.prefix, sys.executable, str(REPOSITORY / "manage.py"), "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
            env={**own_environment(), "DATA_DIR": str(self.data_dir), **self.environment, **environment},
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    @property
    def url(self) -> str:
        """Return the printed address, "" before it is printed."""
        found = re.search(r"runs at {2}(http://\S+)/", self.output)
        return found[1] if found else ""

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def processes(self, *, servers_too: bool = True) -> dict[int, str]:
        """Return pid and birth of the supervisor and everything under it."""
        assert self.process
        supervisor = psutil.Process(self.process.pid)
        family = [supervisor]
        for child in supervisor.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # while it starts, they come and go
                if servers_too or "python" in child.name():
                    family += [child, *child.children(recursive=True)]
        return {process.pid: born(process.pid) for process in family}

    def stop(self) -> int:
        """Ask it to end as a service manager does; return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        assert self.process
        code = self.process.wait(60)
        eventually(lambda: self.process and self.process.stdout and self.process.stdout.closed, what="its last line")
        return code

    def _end(self, number: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(60) if number is signal.SIGKILL else self.wait()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as stream:
            for line in stream:
                self.lines.append(line.rstrip())


def own_environment() -> dict[str, str]:
    """Return the environment without what the tests put there for themselves."""
    return {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}


@contextlib.contextmanager
def installation(*, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Yield an installation on a new data folder; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="mostrador-test-") as folder:
        made = Installation(data_dir=Path(folder) / "data", prefix=prefix, environment=environment or {})
        try:
            yield made
        finally:
            if not made.ended:
                made.stop()
            servers.destroy(made.data_dir)


def alive(processes: Mapping[int, str]) -> list[int]:
    """Return which of these processes still live."""
    return [pid for pid, birth in processes.items() if born(pid) == birth]
