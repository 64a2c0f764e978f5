"""The person learns that we read them, or that we are writing. Best effort: nothing depends on it."""

from dataclasses import dataclass

from apps.conversations.models import Conversation, Direction
from apps.conversations.permissions import require_reply
from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.people.actions.identities import best_address
from providers import registry
from providers.base import Provider
from providers.types import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider is to tell somebody."""

    provider: Provider
    inbox_address: str
    recipient: Address
    provider_message_id: str
    is_typing: bool


def show_typing(*, conversation: Conversation, actor: Actor) -> bool:
    """Let the person see that we are writing; False where the channel cannot show it."""
    require_reply(actor, conversation)
    if not registry.PROVIDERS[conversation.inbox.account.kind].capabilities.sends_typing:
        return False
    enqueue(Job.MARK_READ, conversation.pk, 1)
    return True


def tell_read(conversation: Conversation) -> None:
    """Ring to tell the person that we have read, where the channel can."""
    if registry.PROVIDERS[conversation.inbox.account.kind].capabilities.sends_read_receipts:
        enqueue(Job.MARK_READ, conversation.pk)


def receipt_for(*, conversation_id: int, is_typing: bool, actor: Actor) -> Receipt | None:
    """Return what is to be told now; None if there is nothing, or nobody who could.

    Raises as ProviderAccount.provider.
    """
    require(actor, Scope.MESSAGES_SEND)
    found = Conversation.objects.select_related("inbox__account", "identity__reached_by").filter(pk=conversation_id)
    conversation = found.filter(inbox__is_active=True, inbox__account__is_active=True).first()
    if conversation is None:
        return None
    heard = conversation.messages.filter(direction=Direction.IN, is_imported=False).exclude(provider_message_id="")
    last = heard.order_by("-occurred_at", "-id").first()
    provider = conversation.inbox.account.provider()
    if last is None or not provider.capabilities.sends_read_receipts:
        return None
    return Receipt(
        provider=provider,
        inbox_address=conversation.inbox.address,
        recipient=best_address(conversation.identity),
        provider_message_id=last.provider_message_id,
        is_typing=is_typing and provider.capabilities.sends_typing,
    )
