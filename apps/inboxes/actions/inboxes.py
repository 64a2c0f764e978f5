"""What is done to inboxes."""

from django.db import transaction

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import Inbox, ProviderAccount
from apps.organization.models import Branch


@transaction.atomic
def add_inbox(*, account: ProviderAccount, branch: Branch, address: str, name: str, actor: Actor) -> Inbox:
    """Add one number or account of ours to a branch. Raises PermissionDenied, ValidationError."""
    require(actor, Scope.SETUP_WRITE)
    inbox = Inbox(account=account, branch=branch, address=address.strip(), name=name.strip())
    inbox.full_clean()
    inbox.save(force_insert=True)
    return inbox


@transaction.atomic
def change_inbox(
    *, inbox: Inbox, branch: Branch, name: str, is_active: bool, assistant_mode: str, actor: Actor
) -> None:
    """Change an inbox; its account and address stay, since conversations hang on them.

    The assistant looks again at what it proposes there: it may have been switched off.

    Raises: PermissionDenied; ValidationError as the model says.
    """
    require(actor, Scope.SETUP_WRITE)
    inbox = Inbox.objects.select_for_update().get(pk=inbox.pk)
    inbox.branch, inbox.name, inbox.is_active = branch, name.strip(), is_active
    inbox.assistant_mode = assistant_mode
    inbox.full_clean()
    inbox.save(update_fields=["branch", "name", "is_active", "assistant_mode"])
    enqueue(Job.SWEEP)
    enqueue(Job.SUGGEST_REPLY)
