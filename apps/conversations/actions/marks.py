"""Marks on a conversation: read, pending, assigned, closed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.queries import actor_for_user
from apps.conversations.actions import assist
from apps.conversations.actions.columns import announce_conversation
from apps.conversations.actions.receipts import tell_read
from apps.conversations.models import Conversation
from apps.conversations.permissions import require_handle
from apps.core.actors import Actor


@transaction.atomic
def mark_read(*, conversation: Conversation, actor: Actor) -> bool:
    """Set the unread counter to zero, and let the person know; tell whether there was anything unread."""
    changed = _change(conversation, actor, where={"unread_count__gt": 0}, unread_count=0)
    if changed:
        tell_read(conversation)
    return changed


def set_pending(*, conversation: Conversation, is_pending: bool, actor: Actor) -> bool:
    """Mark the conversation as pending, or not; tell whether that changed anything."""
    since = Now() if is_pending else None
    return _change(
        conversation, actor, where={"is_pending": not is_pending}, is_pending=is_pending, pending_since=since
    )


def assign(*, conversation: Conversation, assignee: User | None, actor: Actor) -> bool:
    """Give the conversation to a colleague, or to nobody; tell whether that changed anything.

    Raises: PermissionDenied; ValidationError code "cannot_see" when the colleague would not see it.
    """
    require_handle(actor, conversation)
    if assignee is not None and not (
        assignee.is_active and actor_for_user(assignee).sees_branch(conversation.inbox.branch_id)
    ):
        message = _("%(name)s does not work at this branch.")
        raise ValidationError({"assignee": ValidationError(message, code="cannot_see", params={"name": str(assignee)})})
    return _change(conversation, actor, without={"assignee": assignee}, assignee=assignee)


@transaction.atomic
def close(*, conversation: Conversation, actor: Actor) -> bool:
    """End the conversation; the next message of the person opens a new one."""
    ended = {"closed_at": Now(), "is_pending": False, "pending_since": None, **assist.ANSWERED}
    assist.ring_if_overtaken(conversation)
    return _change(conversation, actor, where={"closed_at": None}, **ended)


def reopen(*, conversation: Conversation, actor: Actor) -> bool:
    """Open a closed conversation again. Raises ValidationError code "another_open"."""
    try:
        return _change(conversation, actor, where={"closed_at__isnull": False}, closed_at=None)
    except IntegrityError as error:
        message = _("There is a newer open conversation with this person.")
        raise ValidationError(message, code="another_open") from error


@transaction.atomic
def _change(
    conversation: Conversation,
    actor: Actor,
    *,
    where: dict[str, Any] | None = None,
    without: dict[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Change one row if it is still as expected, in one statement, and announce it."""
    require_handle(actor, conversation)
    rows = Conversation.objects.filter(pk=conversation.pk, **(where or {}))
    changed = (rows.exclude(**without) if without else rows).update(**changes) > 0
    if changed:
        announce_conversation(conversation)
    return changed
