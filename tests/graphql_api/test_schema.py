"""The schema, its file, and the documentation say the same."""

import re
from pathlib import Path

import pytest

from apps.core.actors import Scope
from graphql_api import consumers, limits
from graphql_api.schema import schema
from tests.graphql_api.documents import (
    ACCEPT,
    ANOTHER,
    ASSISTANT,
    CHAT,
    CONTENTS,
    COURSES,
    DISCARD,
    EVENTS,
    JOURNAL,
    LIST,
    RATE,
    REACT,
    RESUME,
    SEND,
    SEND_ATTACHMENT,
    SET_MODE,
    STREAM,
)

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/reference/graphql.md").read_text()
DOCUMENTS = re.findall(r"^```graphql\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_file_is_the_schema():
    assert (ROOT / "graphql_api/schema.graphql").read_text() == schema.as_str(), "run `make schema`"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_of_the_guide_are_valid(document: str):
    examined = limits.examine(schema._schema, document)

    assert examined.errors == ()
    assert limits.too_costly(schema._schema, examined.document, None, {}) == []


PROMISED = (
    *(LIST, CHAT, SEND, EVENTS, CONTENTS, JOURNAL, REACT, SEND_ATTACHMENT),
    *(ASSISTANT, SET_MODE, RESUME, STREAM, COURSES, ACCEPT, DISCARD, ANOTHER, RATE),
)


@pytest.mark.parametrize("document", PROMISED)
def test_the_guide_holds_the_promised_documents(document: str):
    assert document.strip() in GUIDE


def test_the_guide_names_every_limit():
    for limit in (limits.MAX_LENGTH, limits.MAX_TOKENS, limits.MAX_COST):
        assert f"{limit:,}".replace(",", " ") in GUIDE
    for limit in (
        limits.MAX_DEPTH,
        limits.MAX_ALIASES,
        limits.MAX_DIRECTIVES,
        limits.MAX_PAGE,
        consumers.SUBSCRIPTIONS,
    ):
        assert f"| {limit} |" in GUIDE


def test_the_guide_names_every_code():
    told = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|PERMISSION|UNAVAILABLE|UNAUTHENTICATED)"', _source()))

    assert told == {code for code in told if f"`{code}`" in GUIDE}
    assert {"BAD_USER_INPUT", "TOO_COSTLY", "UNAVAILABLE", "PERMISSION", "UNAUTHENTICATED"} <= told


def test_the_guide_names_only_scopes_that_exist():
    named = set(re.findall(r"`([a-z]+:[a-z]+)`", GUIDE))

    assert named <= set(Scope)


def _source() -> str:
    return "".join((ROOT / "graphql_api" / name).read_text() for name in ("views.py", "errors.py", "limits.py"))
