"""Fixtures of the assistant's tests."""

from collections.abc import Iterator

import pytest

from tests.assistant.model_server import ModelServer


@pytest.fixture(scope="session")
def _models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def model_server(_models: ModelServer) -> ModelServer:
    """A provider of models that does what the test says, and knows of no other test."""
    _models.reset()
    return _models
