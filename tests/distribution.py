"""A pytest plugin: which worker runs which tests.

pytest-xdist's own groups (`--dist loadgroup`) are lost on this pytest: it names tests in a way they do not see.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

INSTALLATIONS = "tests/faults/"


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Each test goes to whoever is free; the tests of one installation stay together."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(INSTALLATIONS) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones begin first: while they wait, the others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("faults") is None)
