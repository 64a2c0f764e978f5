"""The published contract says what the code does."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from providers.contents import ContentKind, OutboundFile, Text
from providers.external import inbound, outbound, wire
from providers.types import OutboundMessage
from tests.providers.accounts import SAMPLES
from tests.providers.external.documents import PLACE, files, incoming, text

PAYLOADS = sorted(
    path for path in (Path(__file__).parent / "payloads").glob("*.json") if not path.name.endswith(".expected.json")
)
SEMANTIC = {"message__of_another", "message__without_zone"}
"""What only the code can see: whose token it is, and what is inside a text."""


def test_what_is_published_is_what_the_code_reads() -> None:
    assert {path.name: path.read_text() for path in PLACE.glob("*.json")} == {
        name: text(content) for name, content in files().items()
    }


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_the_schema_and_the_code_judge_alike(path: Path) -> None:
    try:
        inbound.read(path.read_bytes(), provider="Puente")
        is_good = True
    except inbound.BrokenContract:
        is_good = False
    fits = Draft202012Validator(incoming()).is_valid(json.loads(path.read_bytes()))
    assert fits == (is_good or path.stem in SEMANTIC)


def test_the_page_tells_of_every_field() -> None:
    page = (PLACE.parent / "providers/external.md").read_text()
    models: list[type[BaseModel]] = [
        wire.Party,
        wire.Media,
        wire.Written,
        wire.Progress,
        wire.Problem,
        wire.Rewritten,
        wire.Withdrawn,
    ]
    models += [wire.Send, wire.SentMessage, wire.Taken, wire.Trouble]
    names = {name for model in models for name in model.model_fields} | set(wire.POSTED)
    assert {name for name in names if f"`{name}`" not in page and f'"{name}"' not in page} == set()


def test_what_we_post_fits_its_schema() -> None:
    sample = SAMPLES["external"]
    validator = Draft202012Validator(files()["outgoing.schema.json"])
    file = OutboundFile(
        kind=ContentKind.IMAGE, mime_type="image/png", name="a.png", size=3, url="https://chat.example/media/1/x/a.png"
    )
    for content in (Text(body="Hola"), file):
        message = OutboundMessage(
            inbox_address="linea-centro", recipient=sample.recipient, content=content, message_key="k-1"
        )
        validator.validate(json.loads(outbound.build(message, provider="Puente")))
