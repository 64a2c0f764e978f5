"""What the fault tests share."""

import sys

import pytest


@pytest.fixture
def tell(capsys, record_property):
    """Print how long the healing took."""

    def told(role: str, seconds: float) -> None:
        record_property("healed_seconds", round(seconds, 1))
        with capsys.disabled():
            sys.stdout.write(f" [{role}: {seconds:.1f} s] ")

    return told
