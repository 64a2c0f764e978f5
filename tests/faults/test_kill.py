"""kill -9 of each process of a running installation: a message in and a message out arrive exactly once."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import count

import pytest

from tests.assistant import model_behaviour
from tests.assistant.model_server import ModelServer
from tests.faults.rig import HEAL_SECONDS, Crossing, Rig, rig
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


IMPATIENT = """
from apps.assistant.models import AssistantSettings
from apps.core.models import SiteSettings
AssistantSettings.objects.update_or_create(
    defaults={"deadline_seconds": 2, "debounce_seconds": 0, "notice": ""}
)
SiteSettings.objects.update_or_create(defaults={"auto_reply": True})
"""
AUTOMATIC = "SELECT state FROM assistant_suggestion WHERE sent_text = %s"


def test_a_worker_killed_while_a_model_answers_answers_once(running: Rig, tell) -> None:
    """The last one here: from now on the installation has an assistant."""
    with ModelServer() as models:
        answer = "Los cursos empiezan en marzo."
        models.default = model_behaviour.replies(answer)
        models.script(model_behaviour.hangs())
        running.run(IMPATIENT)
        running.manage("add_ai_provider", "--name", "Models", "--endpoint", models.url, "--model", "m")
        running.receive(next(numbers))
        models.wait_for(1, seconds=60)

        os.kill(running.lone_worker("ai"), signal.SIGKILL)
        began = time.monotonic()
        eventually(lambda: running.deliveries(answer), within=HEAL_SECONDS, what="the answer")

        tell("worker of a model", time.monotonic() - began)
        assert running.count(AUTOMATIC, answer) == ["sent"]
        assert running.deliveries(answer) == 1
