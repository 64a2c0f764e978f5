"""The servers' own log files. They hold the servers' life, never what people wrote."""

import os
from pathlib import Path
from typing import BinaryIO

LARGEST = 10 * 1024 * 1024


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending, readable by its owner only; a grown one is put aside first."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".old.log"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_lines(path: Path, count: int = 15) -> str:
    """Return the end of a log, for an error message."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
