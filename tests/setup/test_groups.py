"""Process groups are told from strangers, and end whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from apps.core.supervisor.groups import MARK, Group, born, end_groups
from apps.core.supervisor.ledger import Ledger, Occupied, group_led_by
from tests.waiting import eventually

# A leader with one child, which outlives it.
FAMILY = """
import os, signal
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(1, b"ready\\n")
signal.pause()
"""


@pytest.fixture
def family() -> Iterator[Group]:
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, MARK: "family"},
    )
    assert process.stdout
    assert [process.stdout.readline(), process.stdout.readline()] == [b"ready\n"] * 2
    group = group_led_by(process.pid, "family")
    yield group
    group.kill()
    process.stdout.close()
    process.wait()


def test_a_group_has_its_leader_and_its_descendants(family: Group) -> None:
    assert family.leads()
    assert len(family.members()) == 2


def test_orphans_of_a_killed_leader_are_found_by_their_mark(family: Group) -> None:
    os.kill(family.pid, signal.SIGKILL)
    eventually(lambda: not family.leads())

    assert len(family.members()) == 1
    assert Group(pid=family.pid, born=family.born, mark="another").members() == []


def test_a_number_that_went_to_somebody_else_is_nobody_of_ours(family: Group) -> None:
    stale = Group(pid=family.pid, born="another time", mark="another")

    end_groups([stale], seconds=0)

    assert stale.members() == []
    assert len(family.members()) == 2


def test_the_end_comes_to_those_who_do_not_listen(family: Group) -> None:
    end_groups([family], seconds=5)

    assert family.members() == []
    assert not born(family.pid)


def test_a_ledger_has_one_holder_and_remembers_for_the_next(tmp_path, family: Group) -> None:
    ledger = Ledger(tmp_path / "run" / "house.json")
    ledger.note("web", family)
    with pytest.raises(Occupied) as held:
        Ledger(tmp_path / "run" / "house.json")
    assert held.value.pid == os.getpid()

    ledger.close()

    assert Ledger(tmp_path / "run" / "house.json").groups() == [family]
