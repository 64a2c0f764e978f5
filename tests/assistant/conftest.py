"""Fixtures of the assistant's tests."""

from collections.abc import Iterator

import pytest

from apps.core.actors import Actor, Role
from apps.inboxes.models import Inbox
from tests.assistant.model_server import ModelServer
from tests.assistant.rig import ask_at, at_work
from tests.factories import make_actor


@pytest.fixture(scope="session")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def model_server(_models: ModelServer) -> ModelServer:
    """A provider of models that does what the test says, and knows of no other test."""
    _models.reset()
    return _models


@pytest.fixture
def assistant(transactional_db: None, model_server: ModelServer) -> Iterator[ModelServer]:
    """The assistant at work with one provider, which is the model server."""
    ask_at(model_server)
    with at_work():
        yield model_server


@pytest.fixture
def actor(inbox: Inbox) -> Actor:
    """An operator of the branch of the test's `inbox`."""
    return make_actor(Role.OPERATOR, (inbox.branch,))
