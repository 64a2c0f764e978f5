"""The payloads of each provider, for tests that hold for all of them."""

import contextlib
import functools
import json
from pathlib import Path

from providers.errors import UnreadablePayload
from providers.types import Event
from tests.providers.accounts import account


def files_of(kind: str) -> list[Path]:
    """Return every payload file of a kind."""
    files = (Path(__file__).parent / kind / "payloads").glob("*.json")
    return sorted(path for path in files if not path.name.endswith(".expected.json"))


@functools.cache
def payloads_of(kind: str) -> list[object]:
    """Return every body in the folder of a kind."""
    return [json.loads(path.read_text()) for path in files_of(kind)]


@functools.cache
def events_of(kind: str) -> list[Event]:
    """Return what all payloads of a kind become, those apart that no delivery is."""
    found: list[Event] = []
    for payload in payloads_of(kind):
        with contextlib.suppress(UnreadablePayload):
            found += account(kind).parse(json.dumps(payload).encode())
    return found
