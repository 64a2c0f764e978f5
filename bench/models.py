"""The simulated provider of models of a bench: what it does next, and what it was asked."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from apps.simulator import language_model
from bench.house import serving
from bench.talk import MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived, by the clock that counts from the start of the machine.

    `number` is the one in the last message; `said_at` has a moment for each event of the answer.
    """

    number: int | None
    at: float
    ended_at: float | None
    said_at: list[float]
    body: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        found = MARK.findall(json.dumps(told["body"]["messages"][-1]))
        number = int(found[-1]) if found else None
        return cls(number=number, at=told["at"], ended_at=told["ended_at"], said_at=told["said_at"], body=told["body"])


@dataclass(frozen=True, slots=True)
class Models:
    """The server, in a process of its own."""

    url: str

    def behave(self, **behaviour: object) -> None:
        """Say what becomes of every request from now on."""
        order = json.dumps({"default": behaviour}).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self._control("script"), order, headers), timeout=30):
            pass

    def requests(self) -> list[Request]:
        """Return every request since it began."""
        with urllib.request.urlopen(self._control("asked"), timeout=30) as answer:
            return [Request.of(told) for told in json.load(answer)["asked"]]

    def _control(self, name: str) -> str:
        return f"{self.url.removesuffix('/v1')}/_control/{name}"


@contextmanager
def simulated() -> Iterator[Models]:
    """Run it until the block ends."""
    with serving("tests.assistant.model_server") as url:
        yield Models(url)


def most_open(requests: list[Request]) -> int:
    """Return how many of these requests were open at the same time."""
    edges = [(request.at, 1) for request in requests]
    edges += [(request.ended_at, -1) for request in requests if request.ended_at is not None]
    most = now = 0
    for _at, change in sorted(edges):
        now += change
        most = max(most, now)
    return most


def reply(text: str) -> str:
    """Return a text as a model answers with it."""
    told = {"reply": text, "needs_human": False, "reason": "", "suggested_tags": []}
    return json.dumps(told, ensure_ascii=False)


def said(request: Request, answer: str) -> Iterator[tuple[str, float]]:
    """Yield how far an answer had come with each event of its stream, and when that was said."""
    whole = ""
    for event, at in zip(language_model.events(request.body, answer), request.said_at, strict=False):
        told = json.loads(event.removeprefix("data: ")) if event.startswith("data: {") else {"choices": []}
        for choice in told["choices"]:
            whole += choice["delta"].get("content") or ""
        yield whole, at
