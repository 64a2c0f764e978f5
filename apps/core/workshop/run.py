"""The outside of the workshop: hand in an order, get what came of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parents[3]
GRACE_SECONDS = 5
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
"""Nothing of ours: no keys, no addresses of servers."""


class WorkFailed(Exception):
    """The file could not be worked on; `code` is stable: "too_long", "too_much" or "unreadable"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look_into(source: Path, *, mime_type: str, thumbnail: Path) -> dict[str, Any]:
    """Return what can be told: width, height, duration_ms, waveform; and write a small picture if there is one.

    Raises WorkFailed.
    """
    order = {"do": "look_into", "source": str(source), "mime_type": mime_type, "target": str(thumbnail)}
    return _work(order, seconds=10, megabytes=512)


def convert_sound(source: Path, *, mime_type: str, target: Path, into: str) -> None:
    """Write a sound as another type, with one channel. Raises WorkFailed."""
    order = {"do": "convert_sound", "source": str(source), "mime_type": mime_type, "target": str(target), "into": into}
    _work(order, seconds=60, megabytes=512)


def convert_picture(source: Path, *, target: Path, into: str, max_bytes: int, side: int | None = None) -> None:
    """Write a picture as another type, without what its camera told, in at most so many bytes. Raises WorkFailed."""
    order = {"do": "convert_picture", "source": str(source), "target": str(target), "into": into}
    _work({**order, "max_bytes": max_bytes, "side": side}, seconds=20, megabytes=768)


def _work(order: dict[str, Any], *, seconds: int, megabytes: int) -> dict[str, Any]:
    told = json.dumps({**order, "seconds": seconds, "megabytes": megabytes}).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "apps.core.workshop"],
            input=told,
            capture_output=True,
            timeout=seconds + GRACE_SECONDS,
            cwd=HOUSE,
            env=ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkFailed("too_long") from error
    if done.returncode < 0:
        raise WorkFailed("too_much")
    if done.returncode:
        raise WorkFailed("unreadable")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
