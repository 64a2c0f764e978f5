"""The doors of this room."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

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

DELAYS = 100
"""How many of the last deliveries tell how long they usually take."""
_HEALTH = f"""
SELECT account.id, heard.received_at, delay.median, letters.count
FROM inboxes_provideraccount account
LEFT JOIN LATERAL (
    SELECT received_at FROM inboxes_webhookevent WHERE account_id = account.id ORDER BY id DESC LIMIT 1) heard ON true
LEFT JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY delay_ms) AS median FROM (
        SELECT delay_ms FROM inboxes_webhookevent WHERE account_id = account.id ORDER BY id DESC LIMIT {DELAYS}) last
    WHERE delay_ms IS NOT NULL) delay ON true
LEFT JOIN LATERAL (
    SELECT count(*) FROM inboxes_deadletter letter JOIN inboxes_webhookevent event ON event.id = letter.event_id
    WHERE event.account_id = account.id AND letter.state = 'open') letters ON true
WHERE account.id = ANY(%(accounts)s)
"""  # noqa: S608 – constants only


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How well webhooks of one account come."""

    last_event_at: datetime | None
    delay_seconds: float | None  #: from the provider's time of a thing to us, the median of the last ones
    open_letters: int
    is_silent: bool  #: longer without an event than it may be


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


def health_of(accounts: Iterable[ProviderAccount]) -> dict[int, Health]:
    """Return how well webhooks of each account come, by its key."""
    known = {account.pk: account for account in accounts}
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH, {"accounts": list(known)})
        rows = cursor.fetchall()
    now = timezone.now()
    return {
        pk: Health(
            last_event_at=heard,
            delay_seconds=None if delay is None else delay / 1000,
            open_letters=letters,
            is_silent=_is_silent(known[pk], heard, now),
        )
        for pk, heard, delay, letters in rows
    }


def _is_silent(account: ProviderAccount, heard: datetime | None, now: datetime) -> bool:
    """Tell whether nothing came for longer than it may, counted from when events are expected today."""
    opened = _expected_since(account, timezone.localtime(now))
    if account.silence_minutes is None or not account.is_active or opened is None:
        return False
    since = max(heard or account.created_at, opened)
    return now - since > timedelta(minutes=account.silence_minutes)


def _expected_since(account: ProviderAccount, now: datetime) -> datetime | None:
    """Return since when events are expected, None outside of those hours; they may go over midnight."""
    start, end = account.expected_from, account.expected_until
    if start == end:
        return account.created_at
    begun = timezone.make_aware(datetime.combine(now.date(), start))
    if start < end:
        return begun if start <= now.time() < end else None
    if now.time() < end:
        return begun - timedelta(days=1)
    return begun if now.time() >= start else None


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
