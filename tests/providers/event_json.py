"""Our events as plain JSON, so that an expected file can be read and compared."""

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Any

from providers.types import Event


def as_json(events: list[Event]) -> list[dict[str, Any]]:
    """Return events as their class name and their fields, empty fields left out."""
    return [{"event": type(event).__name__, **_plain(asdict(event))} for event in events]


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: _plain(item) for key, item in value.items() if item not in (None, "", (), {}) and item is not False
            }
        case list() | tuple():
            return [_plain(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            assert value.tzinfo is not None, "a time without a zone"
            return value.isoformat()
        case _:
            return value
