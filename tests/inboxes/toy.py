"""A provider for tests of set-up: it answers what its account's secret says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from providers.base import Check, CheckState, Operation, Reader
from providers.errors import Rejected, Unreachable
from providers.registry import PROVIDERS
from providers.simulator.adapter import Simulator

CREDENTIALS = {"secret": "it works"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy(Simulator):
    """As the simulated phone, with something to check and to press."""

    kind: ClassVar[str] = "toy"
    label: ClassVar[str] = "Toy"

    @classmethod
    def operations(cls) -> list[Operation]:
        return [
            Operation(name="subscribe", label="Subscribe", help_text="Lets webhooks come."),
            Operation(name="history", label="Old messages", is_per_inbox=True, requests_history=True),
        ]

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        if self.secret == "away":
            raise Unreachable("connection_refused")
        state = CheckState.GOOD if self.secret == "it works" else CheckState.BAD
        remedy = "" if state is CheckState.GOOD else "Renew the token."
        numbers = [
            Check(code="number", label="Number reachable", state=CheckState.UNKNOWN, inbox_address=address)
            for address in inbox_addresses
        ]
        return [Check(code="token", label="Token valid", state=state, detail=webhook_url, remedy=remedy), *numbers]

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        match self.secret, name:
            case "fault", _:
                raise RuntimeError(inbox_address)
            case "refused", _:
                raise Rejected("2593107", "It was asked before.")
            case _, "subscribe":
                return "subscribed"
            case _, "history":
                return f"request-{inbox_address}"
        raise KeyError(name)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the toy into the registry."""
    monkeypatch.setitem(PROVIDERS, Toy.kind, Toy)
