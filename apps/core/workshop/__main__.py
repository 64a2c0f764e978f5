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
    # Decoders are loaded within the limits, and only by this process.
    from apps.core.workshop import pictures, sounds  # noqa: PLC0415

    source, target = Path(order["source"]), Path(order["target"])
    try:
        match order["do"]:
            case "look_into" if order["mime_type"].startswith("image/"):
                answer: dict[str, Any] = pictures.look_into(source, thumbnail=target)
            case "look_into":
                answer = sounds.look_into(source, mime_type=order["mime_type"], thumbnail=target)
            case "convert_sound":
                answer = sounds.convert(source, mime_type=order["mime_type"], target=target, into=order["into"])
            case _:
                answer = pictures.convert(
                    source, target=target, into=order["into"], max_bytes=order["max_bytes"], side=order["side"]
                )
    except (OSError, ValueError, MemoryError, EOFError, SyntaxError, LookupError, Warning) as error:
        sys.stderr.write(type(error).__name__)
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
