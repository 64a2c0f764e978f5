"""A provider for tests: its channel can do everything, and at set-up it answers what its account's secret says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from providers.base import Check, CheckState, Operation, Reader
from providers.capabilities import Capabilities, FileLimit, MenuLimit
from providers.contents import ContentKind
from providers.errors import Rejected, Unreachable
from providers.registry import PROVIDERS
from providers.simulator.adapter import Simulator

CREDENTIALS = {"secret": "it works"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy(Simulator):
    """As the simulated phone, with something to check and to press."""

    kind: ClassVar[str] = "toy"
    label: ClassVar[str] = "Toy"
    capabilities: ClassVar[Capabilities] = replace(
        Simulator.capabilities,
        sends=frozenset(
            {ContentKind.TEXT, ContentKind.IMAGE, ContentKind.LOCATION, ContentKind.CONTACTS, ContentKind.INTERACTIVE}
        ),
        files={ContentKind.IMAGE: FileLimit(mime_types=("image/png",), max_bytes=10_000, caption_max_length=20)},
        menus=MenuLimit(buttons=3, button_title=20, body=200, rows=10, sections=2, list_label=20, row_title=24),
        sends_reactions=True,
        sends_edits=True,
        sends_deletions=True,
    )

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
