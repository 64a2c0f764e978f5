"""The inside of the workshop: one order from standard input, one answer, and limits before anything is opened."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

FILE_MB = 128
MEGABYTE = 1024 * 1024


def main() -> int:
    """Do one order; return 1 when the file cannot be read."""
    order: dict[str, Any] = json.load(sys.stdin)
    os.nice(10)
    for what, limit in (
        (resource.RLIMIT_AS, order["megabytes"] * MEGABYTE),
        (resource.RLIMIT_CPU, order["seconds"]),
        (resource.RLIMIT_FSIZE, FILE_MB * MEGABYTE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    try:
        answer = _done(order, Path(order["source"]), Path(order["target"]))
    except (OSError, ValueError, MemoryError, EOFError, SyntaxError, LookupError, Warning) as error:
        sys.stderr.write(type(error).__name__)
        return 1
    json.dump(answer, sys.stdout)
    return 0


def _done(order: dict[str, Any], source: Path, target: Path) -> dict[str, Any]:
    """Do the order; only the decoders it needs are loaded, and only within the limits."""
    if order["do"] == "convert_picture" or order["mime_type"].startswith("image/"):
        from apps.core.workshop import pictures  # noqa: PLC0415

        if order["do"] == "look_into":
            return pictures.look_into(source, thumbnail=target)
        return pictures.convert(
            source, target=target, into=order["into"], max_bytes=order["max_bytes"], side=order["side"]
        )
    from apps.core.workshop import sounds  # noqa: PLC0415

    if order["do"] == "look_into":
        return sounds.look_into(source, mime_type=order["mime_type"], thumbnail=target)
    return sounds.convert(source, mime_type=order["mime_type"], target=target, into=order["into"])


if __name__ == "__main__":
    sys.exit(main())
