"""The doors of this room."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from apps.core.actors import Actor, Scope
from apps.inboxes.models import (
    AccountNotice,
    AccountOperation,
    DeadLetter,
    HistoryImport,
    Inbox,
    ProviderAccount,
    WebhookBody,
    WebhookEvent,
)


def inboxes_for(actor: Actor) -> QuerySet[Inbox]:
    """Return the inboxes of the branches that exist for `actor`."""
    inboxes = Inbox.objects.select_related("account", "branch")
    if not actor.can(Scope.INBOXES_READ):
        return inboxes.none()
    return inboxes if actor.branch_ids is None else inboxes.filter(branch__in=actor.branch_ids)


def accounts_for(actor: Actor) -> QuerySet[ProviderAccount]:
    """Return every account to whoever sees all, else those that only have inboxes of the actor's branches."""
    return _accounts_of(actor) if actor.can(Scope.INBOXES_READ) else ProviderAccount.objects.none()


def _accounts_of(actor: Actor) -> QuerySet[ProviderAccount]:
    if actor.branch_ids is None:
        return ProviderAccount.objects.all()
    here = Inbox.objects.filter(branch__in=actor.branch_ids)
    elsewhere = Inbox.objects.exclude(branch__in=actor.branch_ids)
    return ProviderAccount.objects.filter(inboxes__in=here).exclude(inboxes__in=elsewhere).distinct()


def operations_for(actor: Actor) -> QuerySet[AccountOperation]:
    """Return what was asked of the providers of the accounts that exist for `actor`."""
    operations = AccountOperation.objects.select_related("inbox", "requested_by")
    if not actor.can(Scope.INBOXES_READ):
        return operations.none()
    return operations if actor.sees_all else operations.filter(account__in=_accounts_of(actor))


def notices_for(actor: Actor) -> QuerySet[AccountNotice]:
    """Return what providers say about the accounts that exist for `actor`."""
    notices = AccountNotice.objects.select_related("inbox")
    if not actor.can(Scope.INBOXES_READ):
        return notices.none()
    return notices if actor.sees_all else notices.filter(account__in=_accounts_of(actor))


def histories_for(actor: Actor) -> QuerySet[HistoryImport]:
    """Return the imports of old messages into the inboxes that exist for `actor`."""
    histories = HistoryImport.objects.select_related("inbox")
    if not actor.can(Scope.INBOXES_READ):
        return histories.none()
    return histories if actor.branch_ids is None else histories.filter(inbox__branch__in=actor.branch_ids)


def events_for(actor: Actor) -> QuerySet[WebhookEvent]:
    """Return the journal of the accounts that exist for `actor`."""
    events = WebhookEvent.objects.select_related("account")
    if not actor.can(Scope.JOURNAL_READ):
        return events.none()
    return events if actor.sees_all else events.filter(account__in=_accounts_of(actor))


def with_body(events: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
    """Return those of some deliveries that can be processed again, since their bytes are still kept."""
    kept = WebhookBody.objects.filter(event_uid=OuterRef("uid"), received_at=OuterRef("received_at"))
    return events.filter(Exists(kept))


def dead_letters_for(actor: Actor) -> QuerySet[DeadLetter]:
    """Return the dead letters of the journal that exists for `actor`."""
    letters = DeadLetter.objects.select_related("event__account")
    if not actor.can(Scope.JOURNAL_READ):
        return letters.none()
    return letters if actor.sees_all else letters.filter(event__account__in=_accounts_of(actor))


def first_errors(events: Iterable[WebhookEvent]) -> dict[int, str]:
    """Return the class of the first open dead letter of each of several deliveries, by its key."""
    letters = DeadLetter.objects.filter(event__in=events, state=DeadLetter.State.OPEN)
    found = letters.order_by("event", "pk").distinct("event").values_list("event", "error_class")
    return dict(found)
