"""Words for tests of what arrives: let a provider say something, look at what stands in the database."""

from datetime import UTC, datetime, timedelta

from apps.conversations.actions.changes import apply_deletion, apply_edit, apply_reaction
from apps.conversations.actions.echoes import receive_echo
from apps.conversations.actions.receive import receive_message
from apps.conversations.models import Message, MessageEdit, PendingChange, Reaction
from apps.core.actors import SYSTEM
from providers import registry
from providers.contents import Text
from providers.types import (
    Address,
    AddressScope,
    EchoMessage,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ANA = Address(scope=AddressScope.PHONE, value="5493875550101")
BETO = Address(scope=AddressScope.PHONE, value="5493875550102")


def second(number):
    return NOON + timedelta(seconds=number)


def hear(inbox, body="Hola", *, content=None, at=NOON, received_at=None, key="wamid.1", window_hours=24, **told):
    """Let a person write."""
    inbound = InboundMessage(
        path="",
        inbox_address=inbox.address,
        provider_message_id=key,
        sender=told.pop("sender", ANA),
        provider_time=at,
        content=content or Text(body=body),
        **told,
    )
    received_at = received_at or (at or NOON) + timedelta(seconds=2)
    return receive_message(
        inbox=inbox, inbound=inbound, received_at=received_at, window_hours=window_hours, actor=SYSTEM
    )


def echo(inbox, body="Sí", *, content=None, at=NOON, received_at=None, key="wamid.echo", **told):
    """Let a provider tell what we wrote elsewhere."""
    message = EchoMessage(
        path="",
        inbox_address=inbox.address,
        provider_message_id=key,
        recipient=told.pop("recipient", ANA),
        provider_time=at,
        content=content or Text(body=body),
        **told,
    )
    return receive_echo(
        inbox=inbox,
        echo=message,
        received_at=received_at or (at or NOON) + timedelta(seconds=2),
        capabilities=registry.PROVIDERS[inbox.account.kind].capabilities,
        actor=SYSTEM,
    )


def edit(inbox, text, *, at=0, key="wamid.1"):
    told = MessageEdited(path="", inbox_address="", provider_message_id=key, text=text, provider_time=second(at))
    return apply_edit(inbox=inbox, edit=told, received_at=LATER, actor=SYSTEM)


def take_back(inbox, *, at=0, key="wamid.1"):
    told = MessageDeleted(path="", inbox_address="", provider_message_id=key, provider_time=second(at))
    return apply_deletion(inbox=inbox, deletion=told, received_at=LATER, actor=SYSTEM)


def put_emoji(inbox, emoji, *, at=0, key="wamid.1", by=ANA):
    told = ReactionChanged(
        path="",
        inbox_address="",
        provider_message_id=key,
        emoji=emoji,
        reactor=by,
        provider_time=second(at),
    )
    return apply_reaction(inbox=inbox, reaction=told, received_at=LATER, actor=SYSTEM)


def stands():
    """Return everything that edits, deletions and reactions leave, without numbers."""
    return {
        "messages": list(Message.objects.order_by("occurred_at").values_list("text", "edited_at", "deleted_at")),
        "edits": list(MessageEdit.objects.order_by("at").values_list("text", "at")),
        "reactions": list(
            Reaction.objects.order_by("identity__address", "at").values_list("identity__address", "emoji", "at")
        ),
        "last": list(
            Message.objects.order_by()
            .values_list("conversation__last_message_text", "conversation__last_message_kind")
            .distinct()
        ),
        "waiting": PendingChange.objects.count(),
    }
