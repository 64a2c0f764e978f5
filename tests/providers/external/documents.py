"""The published contract, made from the models that read and write it.

python -m tests.providers.external.documents     writes it into docs/reference/contract/
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from providers.door import BODY_MAX
from providers.external import wire

PLACE = Path(__file__).resolve().parents[3] / "docs/reference/contract"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/components/schemas/{model}"

type Json = dict[str, Any]

REFUSALS = {
    "400": "The body breaks the contract; it is kept in the journal and not processed.",
    "401": "No account has this token.",
    "408": "The body did not come to its end.",
    "413": f"The body is larger than {BODY_MAX} bytes, or than the account allows.",
    "415": "The body is encoded.",
    "503": "It cannot be stored now: post it again, not before Retry-After.",
}


def files() -> dict[str, Json]:
    """Return every published file by its name."""
    return {
        "incoming.schema.json": incoming(),
        "outgoing.schema.json": _schema("What we post to an adapter", [wire.Send], mode="serialization"),
        "answer.schema.json": _schema("What an adapter answers", [wire.Taken, wire.NotTaken]),
        "openapi.json": openapi(),
    }


def incoming() -> Json:
    """Return the JSON Schema of what an adapter posts."""
    return _schema("What an adapter posts", list(wire.POSTED.values()))


def openapi() -> Json:
    """Return the OpenAPI description of `POST /api/messages`."""
    models: list[type[BaseModel]] = [*wire.POSTED.values(), wire.Accepted, wire.Refusal]
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=REFERENCE)
    posted = {
        "oneOf": [{"$ref": REFERENCE.format(model=model.__name__)} for model in wire.POSTED.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: REFERENCE.format(model=model.__name__) for name, model in wire.POSTED.items()},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Messages of external adapters",
            "version": "1",
            "description": "What an adapter posts to speak for a channel. The other way round: outgoing.schema.json.",
        },
        "paths": {
            wire.PATH: {
                "post": {
                    "operationId": "postMessage",
                    "summary": "Post what happened on a channel",
                    "security": [{"token": []}],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": posted}}},
                    "responses": {
                        "202": _answer("It is durably stored; a repeated body too.", "Accepted"),
                        **{status: _answer(words, "Refusal") for status, words in REFUSALS.items()},
                    },
                }
            }
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": definitions["$defs"],
        },
    }


def _answer(words: str, model: str) -> Json:
    schema = {"$ref": REFERENCE.format(model=model)}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _schema(title: str, models: list[type[BaseModel]], *, mode: Any = "validation") -> Json:
    _, definitions = models_json_schema([(model, mode) for model in models], ref_template="#/$defs/{model}")
    references = [{"$ref": f"#/$defs/{model.__name__}"} for model in models]
    return {"$schema": DIALECT, "title": title, "oneOf": references, "$defs": definitions["$defs"]}


def text(content: Json) -> str:
    """Return a file as it stands in the folder."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for name, content in files().items():
        (PLACE / name).write_text(text(content))
