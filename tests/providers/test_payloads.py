"""Every payload file becomes exactly the events of its expected file."""

import json
from pathlib import Path

import pytest

from tests.providers.accounts import account
from tests.providers.event_json import as_json
from tests.providers.meta_webhooks import encode

HERE = Path(__file__).parent
EXPECTED = sorted(HERE.glob("*/payloads/*.expected.json"))
PAYLOADS = sorted(set(HERE.glob("*/payloads/*.json")) - set(EXPECTED))


def expected_of(payload: Path) -> Path:
    return payload.with_name(payload.stem + ".expected.json")


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_payload_becomes_its_events(payload: Path) -> None:
    provider = account(payload.parts[-3])
    body = payload.read_bytes()
    expected = json.loads(expected_of(payload).read_text())
    assert as_json(provider.parse(body)) == expected
    assert as_json(provider.parse(encode(json.loads(body)))) == expected  # escaped as Meta does


def test_every_expected_file_has_its_payload() -> None:
    assert [expected_of(payload) for payload in PAYLOADS] == EXPECTED


def test_every_payload_says_what_it_is() -> None:
    assert [path.name for path in PAYLOADS if path.stem.count("__") != 1] == []
