"""kill -9 of each process of a running installation: a message in and a message out arrive exactly once."""

import os
import signal
from collections.abc import Iterator
from itertools import count

import pytest

from tests.faults.rig import Crossing, Rig, rig
from tests.providers.graph_behaviour import accepted
from tests.waiting import eventually

numbers = (f"54938755{number:05d}" for number in count(1))
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    """One installation for all kills; at the end everything of all of them is still there exactly once."""
    with rig() as made:
        yield made
        assert made.wrong() == []


@pytest.mark.parametrize("role", ["web", "watch", "main", "sentinel", "pusher", "monitor", "postgres", "valkey"])
def test_a_killed_process_loses_and_repeats_nothing(running: Rig, tell, role: str) -> None:
    conversation = running.conversation_with(next(numbers))

    running.kill(role)
    seconds = Crossing.begin(running, conversation, next(numbers)).arrive()

    tell(role, seconds)
    assert running.wrong() == []


def test_a_worker_killed_while_it_sends_neither_loses_nor_repeats(running: Rig, tell) -> None:
    conversation = running.conversation_with(next(numbers))
    running.graph.script(accepted(delay_seconds=20))
    crossing = Crossing.begin(running, conversation, next(numbers))
    text = crossing.out.result(60)
    eventually(lambda: running.deliveries(text), within=60, what="the send")
    worker = eventually(running.sender, what="its sender")

    os.kill(worker, signal.SIGKILL)

    tell("busy worker", crossing.arrive())
    assert running.wrong() == []
