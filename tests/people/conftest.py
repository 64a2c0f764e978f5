"""People who write from several addresses."""

import pytest

from tests.factories import make_inbox


@pytest.fixture
def inbox(db):
    return make_inbox()
