"""A storage of its own for each test, and Graph behind the inbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.providers.graph_server import GraphServer


@pytest.fixture(autouse=True)
def stored(settings: Settings, tmp_path: Path) -> Path:
    """The folder where files are stored."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def graph(settings: Settings, transactional_db: None) -> Iterator[GraphServer]:
    with GraphServer() as running:
        settings.META_GRAPH_URL = running.url
        yield running
