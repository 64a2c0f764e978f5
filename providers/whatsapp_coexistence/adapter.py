"""A WhatsApp number shared with the phone app, as a provider."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from providers.base import Check, Operation, Reader, gettext_noop
from providers.capabilities import Capabilities, MediaTransfer
from providers.types import Event
from providers.whatsapp.adapter import WhatsApp
from providers.whatsapp.limits import CAPABILITIES
from providers.whatsapp_coexistence import inbound, setup


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppCoexistence(WhatsApp):
    """One Meta app with numbers of the WhatsApp Business app; an inbox's address is its phone_number_id."""

    kind: ClassVar[str] = "whatsapp_coexistence"
    label: ClassVar[str] = gettext_noop("WhatsApp Business app and API (coexistence)")
    capabilities: ClassVar[Capabilities] = replace(
        CAPABILITIES,
        media_transfer=MediaTransfer.LINK,
        receives_echoes=True,
        imports_history=True,
        has_groups=False,
        messages_per_second=20,
    )

    def parse(self, body: bytes) -> list[Event]:
        return inbound.parse(body, waba_id=self.waba_id)

    async def check(self, client: Reader, *, inbox_addresses: Sequence[str], webhook_url: str) -> list[Check]:
        checks = await WhatsApp.check(self, client, inbox_addresses=inbox_addresses, webhook_url=webhook_url)
        return checks + [await setup.check_phone_app(self._graph, client, number) for number in inbox_addresses]

    @classmethod
    def operations(cls) -> list[Operation]:
        return [*WhatsApp.operations(), setup.SYNC_CONTACTS, setup.SYNC_HISTORY]

    async def operate(self, client: Reader, name: str, *, inbox_address: str, webhook_url: str) -> str:
        if sync_type := setup.SYNC_TYPES.get(name):
            return await setup.sync(self._graph, client, phone_number_id=inbox_address, sync_type=sync_type)
        return await WhatsApp.operate(self, client, name, inbox_address=inbox_address, webhook_url=webhook_url)
