"""What a worker that died, or a lost bell, left behind."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import find, hold
from apps.conversations.actions.changes import apply_waiting_changes
from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.effects import take_effect
from apps.conversations.actions.outbound import is_repeatable
from apps.conversations.actions.statuses import apply_waiting
from apps.conversations.models import (
    ACTS,
    UNSENT,
    Dispatch,
    Message,
    MessageAlias,
    PendingChange,
    PendingStatus,
    SendAttempt,
    Sender,
)
from apps.conversations.queries import LATE_HOURS
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox

BATCH = 200
FORGOTTEN_AT_ONCE = 1000
CROSSED_WITHIN = timedelta(hours=1)
SILENT_FOR = timedelta(hours=24)
"""How long a provider may keep a message in its own queue without a word about it."""
NOT_YET_SENT = (*UNSENT, Dispatch.PREPARING)
WAITING_KEPT = timedelta(days=7)
ATTEMPTS_KEPT = timedelta(days=180)


@transaction.atomic
def end_lost_leases(*, actor: Actor) -> int:
    """Settle messages whose sender died: back to the queue where nothing was written or once more does no harm,
    else uncertain. One whose provider meanwhile proved that it has it is accepted.
    """
    require(actor, Scope.MESSAGES_SEND)
    lost = list(
        Message.objects.select_for_update(of=["self"], skip_locked=True)
        .select_related("inbox__account")
        .filter(dispatch=Dispatch.SENDING, lease_until__lt=Now())
        .order_by("pk")[:BATCH]
    )
    for message in lost:
        _settle(message)
    take_effect(acts=[message.pk for message in lost if message.kind in ACTS], actor=actor)
    follow_status([message.pk for message in lost])
    for message in lost:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
    return len(lost)


def _settle(message: Message) -> None:
    attempt = SendAttempt.objects.filter(message=message, outcome=SendAttempt.Outcome.OPEN)
    written = attempt.filter(write_started_at__isnull=False).exists()
    rows = Message.objects.filter(pk=message.pk)
    released = {"lease_token": None, "lease_until": None}
    if message.provider_message_id:
        rows.update(dispatch=Dispatch.ACCEPTED, accepted_at=Now(), **released)
        outcome = SendAttempt.Outcome.SENT
    elif written and not is_repeatable(message):
        rows.update(dispatch=Dispatch.UNCERTAIN, error_code="worker_lost", **released)
        outcome = SendAttempt.Outcome.UNCERTAIN
    else:
        rows.update(dispatch=Dispatch.QUEUED, next_attempt_at=Now(), **released)
        outcome = SendAttempt.Outcome.UNCERTAIN if written else SendAttempt.Outcome.NOT_SENT
    attempt.update(outcome=outcome, finished_at=Now(), error_code="worker_lost")


@transaction.atomic
def expire_unsent(*, actor: Actor) -> int:
    """End messages that waited longer than they are good for; a person sees them as failed."""
    require(actor, Scope.MESSAGES_SEND)
    closed = _window_is_over()
    late = list(
        Message.objects.select_for_update(of=["self"], skip_locked=True)
        .select_related("inbox")
        .filter(Q(valid_until__lte=Now()) | closed, dispatch__in=NOT_YET_SENT)
        .order_by("pk")[:BATCH]
    )
    ids = [message.pk for message in late]
    Message.objects.filter(pk__in=Message.objects.filter(closed, pk__in=ids).values("pk")).update(
        dispatch=Dispatch.WINDOW_CLOSED, failed_at=Now(), error_code="window_closed"
    )
    Message.objects.filter(pk__in=ids, dispatch__in=NOT_YET_SENT).update(
        dispatch=Dispatch.EXPIRED, failed_at=Now(), error_code="expired"
    )
    follow_status(ids)
    for message in late:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
    assist.note_unsent(messages=ids, actor=actor)
    return len(late)


@transaction.atomic
def doubt_handed_over(*, actor: Actor) -> int:
    """Call uncertain what a provider took into its queue and never told of again; a later word still counts."""
    require(actor, Scope.MESSAGES_SEND)
    silent = list(
        Message.objects.select_for_update(of=["self"], skip_locked=True)
        .select_related("inbox")
        .filter(dispatch=Dispatch.HANDED_OVER, accepted_at__lt=Now() - SILENT_FOR)
        .exclude(kind__in=ACTS)
        .order_by("accepted_at")[:BATCH]
    )
    ids = [message.pk for message in silent]
    Message.objects.filter(pk__in=ids).update(dispatch=Dispatch.UNCERTAIN, error_code="no_acknowledgement")
    follow_status(ids)
    for message in silent:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
    return len(silent)


def _window_is_over() -> Q:
    """Return which messages come too late for the window; at some channels a person may answer longer."""
    by_person = Q(sender=Sender.OPERATOR, author__isnull=False)
    over = Q(conversation__window_ends_at__lte=Now())
    for kind, hours in LATE_HOURS.items():
        longer = Q(conversation__window_ends_at__gt=Now() - timedelta(hours=hours), inbox__account__kind=kind)
        over &= ~(by_person & longer)
    return over


def settle_waiting_statuses(*, actor: Actor) -> int:
    """Apply statuses that crossed with the id they speak of: both sides looked too early, moments ago."""
    settled = 0
    recent = PendingStatus.objects.filter(created_at__gt=Now() - CROSSED_WITHIN)
    for inbox in Inbox.objects.filter(pk__in=recent.values("inbox")):
        known = Message.objects.filter(inbox=inbox, provider_message_id=OuterRef("provider_message_id"))
        named = MessageAlias.objects.filter(inbox=inbox, provider_message_id=OuterRef("provider_message_id"))
        here = recent.filter(Exists(known.exclude(provider_message_id="")) | Exists(named), inbox=inbox)
        ids = here.values_list("provider_message_id", flat=True).distinct()
        settled += apply_waiting(inbox=inbox, provider_ids=list(ids[:BATCH]), actor=actor)
    return settled


def settle_waiting_changes(*, actor: Actor) -> int:
    """Apply edits, deletions and reactions that crossed with the id they speak of."""
    require(actor, Scope.MESSAGES_SEND)
    settled = 0
    same = {"inbox": OuterRef("inbox"), "provider_message_id": OuterRef("provider_message_id")}
    known = Message.objects.filter(**same).exclude(provider_message_id="")
    here = Exists(known) | Exists(MessageAlias.objects.filter(**same))
    recent = PendingChange.objects.filter(here, created_at__gt=Now() - CROSSED_WITHIN).select_related("inbox__account")
    names = {(change.inbox, change.provider_message_id) for change in recent[:BATCH]}
    for inbox, name in sorted(names, key=lambda found: (found[0].pk, found[1])):
        with transaction.atomic():
            hold(inbox, ids=[name])
            for message in Message.objects.select_for_update(of=["self"]).filter(pk__in=find(inbox, name).message_ids):
                if apply_waiting_changes(message, name):
                    announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=inbox.branch_id)
                    settled += 1
    return settled


def forget_waiting(*, actor: Actor) -> int:
    """Delete what was said of messages that never became known: somebody else sent them from the same number."""
    require(actor, Scope.MESSAGES_SEND)
    changes = PendingChange.objects.filter(created_at__lt=Now() - WAITING_KEPT).delete()[0]
    return changes + PendingStatus.objects.filter(created_at__lt=Now() - WAITING_KEPT).delete()[0]


def forget_attempts(*, actor: Actor) -> int:
    """Delete what is known of single attempts, long after their messages are settled."""
    require(actor, Scope.MESSAGES_SEND)
    deleted = 0
    while old := _oldest_attempts():
        deleted += SendAttempt.objects.filter(pk__in=old).delete()[0]
    return deleted


def _oldest_attempts() -> list[int]:
    """Return a batch of old attempts; they are at the beginning of the table, so that it is not searched."""
    first = SendAttempt.objects.order_by("pk")[:FORGOTTEN_AT_ONCE].values("pk")
    return list(
        SendAttempt.objects.filter(pk__in=first, claimed_at__lt=Now() - ATTEMPTS_KEPT).values_list("pk", flat=True)
    )
