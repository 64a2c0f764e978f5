"""Server processes on this machine: whose they are, and how they end.

A server is ours when the process its pid file names stands in our data folder: both servers change
into it when they start. Neither a pid that was given to somebody else nor a name can deceive that.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil


class ServerError(Exception):
    """A server could not be started or stopped; the text says why and what to do."""


def running(pid_file: Path, folder: Path) -> int | None:
    """Return the pid in the file's first line if that process lives and stands in `folder`."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or Path(process.cwd()) != folder.resolve():
            return None
    except (OSError, ValueError, psutil.Error):
        return None
    return pid


def wait_until(condition: Callable[[], bool], seconds: float, *, step: float = 0.01) -> bool:
    """Return True as soon as `condition()` holds, False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(step)
    return True


def ended(pid: int) -> bool:
    """Return whether no process of that pid lives; a child of ours is reaped on the way."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def end(pid: int, *signals: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn and wait its seconds, until the process has ended.

    Raises ServerError if it outlives them all.
    """
    for number, seconds in signals:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_until(lambda: ended(pid), seconds):
            return
    raise ServerError(f"Process {pid} does not end.")
