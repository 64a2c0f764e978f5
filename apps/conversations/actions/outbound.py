"""A row of ours as it crosses the line to a provider."""

from uuid import NAMESPACE_OID, UUID, uuid5

from django.utils import timezone

from apps.conversations.actions.files import outbound_file
from apps.conversations.actions.stored import contacts_of, location_of, menu_of
from apps.conversations.models import ACTS, Kind, Message
from apps.people.actions.identities import best_address
from providers import registry
from providers.contents import (
    FILE_KINDS,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)
from providers.errors import Rejected
from providers.types import AddressScope, FailureReason, OutboundMessage

ACT_TRIES = 3
"""How often an act is tried while its outcome is unknown: nobody sees that what was written after it waits."""


def build(message: Message, *, token: UUID) -> OutboundMessage:
    """Return what a provider is to send. Raises Rejected if the row cannot be sent as it is."""
    conversation = message.conversation
    identity = conversation.identity
    quoted = message.reply_to.provider_message_id if message.reply_to else None
    window = conversation.window_ends_at
    return OutboundMessage(
        inbox_address=message.inbox.address,
        recipient=best_address(identity),
        group_address=identity.address if identity.scope == AddressScope.GROUP else "",
        content=_content(message),
        reply_to=quoted or None,
        callback_data=str(token),
        message_key=str(uuid5(NAMESPACE_OID, f"{message.created_at.isoformat()}/{message.pk}")),
        is_late=window is not None and window <= timezone.now(),
    )


def is_repeatable(message: Message) -> bool:
    """Tell whether sending it once more does no harm: the provider knows the key, or it only repeats an act."""
    if message.kind in ACTS:
        return message.attempts < ACT_TRIES
    return registry.PROVIDERS[message.inbox.account.kind].capabilities.is_idempotent


def _content(message: Message) -> Sendable:
    match message.kind:
        case Kind.TEXT:
            return Text(body=message.text)
        case Kind.LOCATION:
            return location_of(message)
        case Kind.CONTACTS:
            return contacts_of(message)
        case Kind.INTERACTIVE:
            return menu_of(message)
        case Kind.REACTION:
            return Reaction(target=_target(message), emoji=message.text)
        case Kind.REWRITING:
            return Rewriting(target=_target(message), body=message.text)
        case Kind.WITHDRAWAL:
            return Withdrawal(target=_target(message))
        case _ if message.kind in FILE_KINDS:
            return _file(message)
    raise Rejected("unsupported_content", reason=FailureReason.CONTENT)


def _target(message: Message) -> str:
    if message.acts_on is None:
        raise Rejected("no_target", reason=FailureReason.REQUEST)
    return message.acts_on.provider_message_id


def _file(message: Message) -> OutboundFile:
    file = message.attachments.first()
    if file is None:
        raise Rejected("no_file", reason=FailureReason.MEDIA)
    return outbound_file(message=message, attachment=file)
