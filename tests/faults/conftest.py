"""The long ones begin first: while they wait, the others run beside them."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (item.get_closest_marker("faults") is None, "frozen" not in item.name))
