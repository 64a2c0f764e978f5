"""A process killed while idle may take a lock of django-q2's queues with it: all live, and nothing moves.

In a file of its own: it mostly waits, and other tests run beside it.
"""

import os
import signal

import pytest

from tests.faults.rig import HEAL_SECONDS, Crossing, rig
from tests.waiting import eventually


@pytest.mark.faults
def test_a_cluster_frozen_by_the_death_of_an_idle_process_heals(tell) -> None:
    with rig() as made:
        conversation = made.conversation_with("5493875500001")
        deaf = made.main("bulk").pid

        os.kill(made.idle_monitor("bulk"), signal.SIGKILL)  # it works on, and never says so
        os.kill(made.lock_holder(), signal.SIGKILL)  # no task runs any more
        seconds = Crossing.begin(made, conversation, "5493875500002").arrive()

        tell("idle worker", seconds)
        assert made.wrong() == []
        eventually(lambda: made.main("bulk").pid != deaf, within=HEAL_SECONDS, what="the other cluster's new start")
