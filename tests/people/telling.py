"""Letting people write, by whatever addresses the provider names."""

import itertools
from datetime import UTC, datetime

from apps.conversations.actions.receive import receive_message
from apps.core.actors import SYSTEM
from providers.contents import Text
from providers.types import Address, AddressScope, InboundMessage

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def phone(number):
    return Address(scope=AddressScope.PHONE, value=number)


def user(name):
    return Address(scope=AddressScope.BSUID, value=name)


def write(inbox, sender, *aliases, text="Hola", at=NOW, **told):
    """Let a message come from an address, with others the provider names for the same person."""
    inbound = InboundMessage(
        path="",
        inbox_address=inbox.address,
        provider_message_id=f"wamid.people.{next(_numbers)}",
        sender=sender,
        aliases=aliases,
        provider_time=at,
        content=Text(body=text),
        **told,
    )
    message = receive_message(inbox=inbox, inbound=inbound, received_at=at, window_hours=24, actor=SYSTEM)
    assert message is not None
    return message
