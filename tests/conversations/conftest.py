"""An inbox, and the Graph server behind it."""

import pytest

from tests.factories import make_inbox
from tests.providers.graph_server import GraphServer


@pytest.fixture
def inbox(db):
    return make_inbox()


@pytest.fixture
def graph(settings, transactional_db):
    with GraphServer() as running:
        settings.META_GRAPH_URL = running.url
        yield running
