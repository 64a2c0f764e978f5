"""What may be done in a conversation."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Conversation
from apps.core.actors import Actor, Scope


def can_reply(actor: Actor, conversation: Conversation) -> bool:
    """Tell whether `actor` may answer here."""
    return actor.can(Scope.MESSAGES_SEND) and actor.sees_branch(conversation.inbox.branch_id)


def require_reply(actor: Actor, conversation: Conversation) -> None:
    """Raise PermissionDenied unless `actor` may answer here."""
    if not can_reply(actor, conversation):
        raise PermissionDenied(_("You may not answer in this conversation."))


def can_handle(actor: Actor, conversation: Conversation) -> bool:
    """Tell whether `actor` may mark, assign and close this conversation."""
    return actor.can(Scope.CONVERSATIONS_WRITE) and actor.sees_branch(conversation.inbox.branch_id)


def require_handle(actor: Actor, conversation: Conversation) -> None:
    """Raise PermissionDenied unless `actor` may mark, assign and close this conversation."""
    if not can_handle(actor, conversation):
        raise PermissionDenied(_("You may not change this conversation."))
