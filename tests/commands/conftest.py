"""Calling a command and reading what it prints."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

type Call = Callable[..., Any]


@pytest.fixture
def call(db: None) -> Call:
    """Call a command with --json and return the object it prints."""

    def called(name: str, *arguments: object) -> Any:
        said = StringIO()
        call_command(name, *map(str, arguments), "--json", stdout=said)
        return json.loads(said.getvalue())

    return called
