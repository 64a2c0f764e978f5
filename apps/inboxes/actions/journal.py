"""What is done to the journal: claimed, finished, postponed, buried, replayed."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookBody, WebhookEvent
from apps.inboxes.queries import dead_letters_for, events_for, with_body

LEASE_SECONDS = 60
ATTEMPTS = 5
PAUSE_SECONDS = (5, 30, 300, 3600)
SET_ASIDE_SECONDS = 1
BURIED_AT_ONCE = 100
FORGOTTEN_AT_ONCE = 1000
MOST_LETTERS = 100
"""How many broken items of one delivery get a dead letter each; all are counted."""
LONGEST_DELAY_MS = 2**31 - 1
HEARD_EVERY = timedelta(seconds=10)


def add_event(*, account: ProviderAccount, body: bytes, headers: Mapping[str, str], actor: Actor) -> WebhookEvent:
    """Write one delivery that did not come by HTTP into the journal, and ring."""
    require(actor, Scope.SIMULATE)
    with transaction.atomic():
        event = WebhookEvent.objects.create(
            account=account, headers=dict(headers), size=len(body), sha256=hashlib.sha256(body).hexdigest()
        )
        WebhookBody.objects.create(event_uid=event.uid, received_at=event.received_at, body=body)
        enqueue(Job.PROCESS_EVENTS)
    return event


def claim_events(*, limit: int, actor: Actor) -> list[WebhookEvent]:
    """Take up to `limit` due journal rows under a lease, oldest first; the attempt is counted before the work.

    What was tried before is taken alone: if it is that which kills its worker, it takes no other down with it.
    Nobody waits for the disk: a claim that a crash of PostgreSQL takes is only made again.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"limit": limit, "tries": ATTEMPTS, "lease": LEASE_SECONDS})
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return []
    events = list(WebhookEvent.objects.filter(pk__in=ids).select_related("account").order_by("pk"))
    accounts: dict[int, ProviderAccount] = {}
    bodies = bodies_of(events)
    for event in events:  # of each account one, which opens its credentials once
        event.account = accounts.setdefault(event.account_id, event.account)
        event.body = bodies.get(event.uid, b"")
    return events


def bodies_of(events: Sequence[WebhookEvent]) -> dict[uuid.UUID, bytes]:
    """Return the bytes of several deliveries, those that are still kept."""
    times = [event.received_at for event in events]
    of_their_days = WebhookBody.objects.filter(received_at__range=(min(times), max(times)))
    rows = of_their_days.filter(event_uid__in=[event.uid for event in events])
    return {uid: bytes(body) for uid, body in rows.values_list("event_uid", "body")}


_IS_DUE = """state = 'new' AND next_attempt_at <= statement_timestamp()
          AND (lease_until IS NULL OR lease_until < statement_timestamp())"""
_CLAIM = f"""
WITH tried AS (
    SELECT id FROM inboxes_webhookevent WHERE attempts > 0 AND attempts < %(tries)s AND {_IS_DUE}
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
), new AS (
    SELECT id FROM inboxes_webhookevent WHERE attempts = 0 AND NOT EXISTS (SELECT FROM tried) AND {_IS_DUE}
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), due AS (
    SELECT id FROM tried UNION ALL SELECT id FROM new
), hasty AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
)
UPDATE inboxes_webhookevent event
SET attempts = attempts + 1, lease_token = gen_random_uuid(),
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due, hasty WHERE event.id = due.id RETURNING event.id
"""  # noqa: S608 – constants only


def due_events() -> Q:
    """Return the condition of journal rows that somebody should process now."""
    return Q(state=WebhookEvent.State.NEW, attempts__lt=ATTEMPTS, next_attempt_at__lte=Now()) & _free()


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def release_events(*, events: Sequence[WebhookEvent], actor: Actor) -> None:
    """Give back what was claimed and not begun, as if it had not been claimed."""
    require(actor, Scope.JOURNAL_REPLAY)
    tokens = [event.lease_token for event in events]
    WebhookEvent.objects.filter(lease_token__in=tokens).update(
        attempts=F("attempts") - 1, lease_token=None, lease_until=None
    )


def set_aside_event(*, event: WebhookEvent, actor: Actor) -> None:
    """Give back what goes well but takes long: it goes on in its turn, after what came meanwhile."""
    require(actor, Scope.JOURNAL_REPLAY)
    WebhookEvent.objects.filter(pk=event.pk, lease_token=event.lease_token).update(
        attempts=F("attempts") - 1,
        lease_token=None,
        lease_until=None,
        next_attempt_at=Now() + timedelta(seconds=SET_ASIDE_SECONDS),
    )


def bury_events(*, actor: Actor) -> int:
    """Declare dead what lost its worker in the last attempt too; return how many."""
    require(actor, Scope.JOURNAL_REPLAY)
    lost = Q(state=WebhookEvent.State.NEW, attempts__gte=ATTEMPTS) & _free()
    events = list(WebhookEvent.objects.filter(lost).select_related("account")[:BURIED_AT_ONCE])
    return sum(_bury(event, "WorkerLost", actor) for event in events)


def _bury(event: WebhookEvent, error_class: str, actor: Actor) -> bool:
    part = BrokenPart(path="", error_class=error_class, detail="processing failed")
    return finish_event(event=event, items=0, ignored=[], broken=[part], actor=actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPart:
    """What could not be processed of one delivery; an empty path means all of it."""

    path: str
    error_class: str
    detail: str = ""


# Nobody waits for the disk: what a crash takes of this is only done again.
_FINISH = """
WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE inboxes_webhookevent event
SET state = %(state)s, processed_at = statement_timestamp(), lease_token = NULL, lease_until = NULL,
    delay_ms = %(delay)s, item_count = %(items)s, ignored_count = %(ignored)s, dead_count = %(dead)s, note = %(note)s
FROM hasty WHERE event.id = %(event)s AND event.lease_token = %(token)s
"""


def finish_event(
    *,
    event: WebhookEvent,
    items: int,
    ignored: Sequence[str],
    broken: Sequence[BrokenPart],
    said_at: datetime | None = None,
    actor: Actor,
) -> bool:
    """Write how a delivery ended; False when the lease was lost and somebody else does it.

    `said_at` is when the newest of what it tells happened, by the provider's clock.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    if broken and len(broken) == max(items, 1):
        state = WebhookEvent.State.DEAD
    elif ignored and len(ignored) == items:
        state = WebhookEvent.State.IGNORED
    else:
        state = WebhookEvent.State.PROCESSED
    words = {"state": state, "note": ", ".join(sorted(set(ignored)))[:300]}
    counts = {"items": items, "ignored": len(ignored), "dead": len(broken), "delay": _delay_ms(event, said_at)}
    has_letters = bool(broken or event.dead_count)
    with transaction.atomic(savepoint=False) if has_letters else nullcontext(), connection.cursor() as cursor:
        cursor.execute(_FINISH, {**words, **counts, "event": event.pk, "token": event.lease_token})
        is_finished = bool(cursor.rowcount)
        if is_finished and has_letters:
            _keep_dead_letters(event, broken, actor)
    if is_finished:
        _note_arrival(event)
    return is_finished


def _delay_ms(event: WebhookEvent, said_at: datetime | None) -> int | None:
    """Return how long a delivery was on its way; 0 where the provider's clock is ahead of ours."""
    if said_at is None:
        return None
    return min(max(round((event.received_at - said_at) / timedelta(milliseconds=1)), 0), LONGEST_DELAY_MS)


def _note_arrival(event: WebhookEvent) -> None:
    """Write on the account when it was last heard, now and then: all of its deliveries would queue for that row."""
    heard = event.account.last_event_at
    if heard is None or heard < event.received_at - HEARD_EVERY:
        ProviderAccount.objects.filter(pk=event.account_id).update(last_event_at=event.received_at)
        event.account.last_event_at = event.received_at


def _keep_dead_letters(event: WebhookEvent, broken: Sequence[BrokenPart], actor: Actor) -> None:
    """Open a dead letter for each broken part, and settle those that a replay mended."""
    parts = {part.path[:200]: part for part in broken[:MOST_LETTERS]}
    DeadLetter.objects.filter(event=event, state=DeadLetter.State.OPEN).exclude(path__in=parts).update(
        state=DeadLetter.State.REPLAYED, resolved_at=Now(), resolved_by=actor.user_id
    )
    DeadLetter.objects.bulk_create(
        [
            DeadLetter(event=event, path=path, error_class=part.error_class[:80], detail=part.detail[:300])
            for path, part in parts.items()
        ],
        update_conflicts=True,
        unique_fields=["event", "path"],
        update_fields=["error_class", "detail", "state", "resolved_at", "resolved_by", "resolution"],
    )


def postpone_event(*, event: WebhookEvent, error: BaseException, actor: Actor) -> None:
    """Let a delivery whose processing failed wait for its next attempt, or declare it dead after the last."""
    require(actor, Scope.JOURNAL_REPLAY)
    if event.attempts >= ATTEMPTS:
        _bury(event, type(error).__name__, actor)
        return
    WebhookEvent.objects.filter(pk=event.pk, lease_token=event.lease_token).update(
        next_attempt_at=Now() + timedelta(seconds=PAUSE_SECONDS[event.attempts - 1]),
        lease_token=None,
        lease_until=None,
        note=type(error).__name__,
    )


@transaction.atomic
def replay_events(*, events: Sequence[uuid.UUID], actor: Actor) -> int:
    """Process deliveries again, of those that exist for `actor`; what they said already changes nothing.

    Those whose bytes are no longer kept stay as they are. Returns how many will be processed.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    return _process_again(with_body(events_for(actor).filter(uid__in=list(events))))


def _process_again(chosen: QuerySet[WebhookEvent]) -> int:
    replayed = WebhookEvent.objects.filter(pk__in=chosen.values("pk")).update(
        state=WebhookEvent.State.NEW, attempts=0, next_attempt_at=Now(), lease_token=None, lease_until=None
    )
    if replayed:
        enqueue(Job.PROCESS_EVENTS)
    return replayed


@transaction.atomic
def replay_since(*, since: datetime, account: ProviderAccount | None, actor: Actor) -> int:
    """Process again all that came since a time, of one account or of all that exist for `actor`; return how many."""
    require(actor, Scope.JOURNAL_REPLAY)
    chosen = with_body(events_for(actor).filter(received_at__gte=since)).exclude(state=WebhookEvent.State.NEW)
    if account is not None:
        chosen = chosen.filter(account=account)
    return _process_again(chosen)


def forget_events(*, before: datetime, actor: Actor) -> int:
    """Delete what is known of deliveries received before, but for those not processed yet; return how many."""
    require(actor, Scope.JOURNAL_REPLAY)
    old = WebhookEvent.objects.filter(received_at__lt=before).exclude(state=WebhookEvent.State.NEW)
    deleted = 0
    while ids := list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
        deleted += WebhookEvent.objects.filter(pk__in=ids).delete()[1].get("inboxes.WebhookEvent", 0)
    return deleted


@transaction.atomic
def discard_dead_letter(*, dead_letter: DeadLetter, reason: str, actor: Actor) -> None:
    """Settle a dead letter by deciding that it is not needed.

    Raises: PermissionDenied; ValidationError code "no_reason"; DeadLetter.DoesNotExist when it does not exist
            for `actor`.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    dead_letter = dead_letters_for(actor).get(pk=dead_letter.pk)
    if not reason.strip():
        raise ValidationError({"reason": ValidationError(_("Say why."), code="no_reason")})
    DeadLetter.objects.filter(pk=dead_letter.pk, state=DeadLetter.State.OPEN).update(
        state=DeadLetter.State.DISCARDED,
        resolved_at=Now(),
        resolved_by=actor.user_id,
        resolution=reason.strip()[:200],
    )
