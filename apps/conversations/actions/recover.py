"""What a worker that died, or a lost bell, left behind."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.statuses import apply_waiting
from apps.conversations.models import UNSENT, Dispatch, Message, PendingStatus, SendAttempt
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox, ProviderAccount

BATCH = 200


@transaction.atomic
def end_lost_leases(*, actor: Actor) -> int:
    """Settle messages whose sender died: back to the queue where nothing was written, else uncertain.

    One whose provider meanwhile proved that it has it is accepted.
    """
    require(actor, Scope.MESSAGES_SEND)
    lost = list(
        Message.objects.select_for_update(of=["self"], skip_locked=True)
        .select_related("inbox")
        .filter(dispatch=Dispatch.SENDING, lease_until__lt=Now())[:BATCH]
    )
    for message in lost:
        _settle(message)
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
    elif written:
        rows.update(dispatch=Dispatch.UNCERTAIN, error_code="worker_lost", **released)
        outcome = SendAttempt.Outcome.UNCERTAIN
    else:
        rows.update(dispatch=Dispatch.QUEUED, next_attempt_at=Now(), **released)
        outcome = SendAttempt.Outcome.NOT_SENT
    attempt.update(outcome=outcome, finished_at=Now(), error_code="worker_lost")


def expire_unsent(*, actor: Actor) -> int:
    """End messages that waited longer than they are good for; a person sees them as failed."""
    require(actor, Scope.MESSAGES_SEND)
    with transaction.atomic():
        late = list(
            Message.objects.select_for_update(of=["self"], skip_locked=True)
            .select_related("inbox")
            .filter(dispatch__in=UNSENT, valid_until__lt=Now())[:BATCH]
        )
        Message.objects.filter(pk__in=[message.pk for message in late]).update(
            dispatch=Dispatch.EXPIRED, failed_at=Now(), error_code="expired"
        )
        follow_status([message.pk for message in late])
        for message in late:
            announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
    return len(late)


def settle_waiting_statuses(*, actor: Actor) -> int:
    """Apply statuses that crossed with the id they speak of; both sides looked too early."""
    settled = 0
    for inbox in Inbox.objects.filter(pk__in=PendingStatus.objects.values("inbox")):
        known = Message.objects.filter(inbox=inbox).exclude(provider_message_id="")
        ids = PendingStatus.objects.filter(
            Q(inbox=inbox), provider_message_id__in=known.values("provider_message_id")
        ).values_list("provider_message_id", flat=True)
        settled += apply_waiting(inbox=inbox, provider_ids=list(ids[:BATCH]), actor=actor)
    return settled


def wake_authorised(*, actor: Actor) -> int:
    """Let messages that waited for credentials be tried at once when their account has new ones."""
    require(actor, Scope.MESSAGES_SEND)
    return Message.objects.filter(
        dispatch=Dispatch.NEEDS_AUTH, next_attempt_at__gt=Now(), inbox__account__state=ProviderAccount.State.OK
    ).update(next_attempt_at=Now())


def has_due_messages() -> bool:
    """Tell whether a message could be sent now."""
    return Message.objects.filter(dispatch__in=UNSENT, next_attempt_at__lte=Now()).exists()
