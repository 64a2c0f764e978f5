"""What providers prove about our messages. Nothing ever goes back, whatever the order it comes in.

Each kind of evidence has its own column and only moves to an earlier time; the shown status is computed by
the database from all of them. A whole batch is one statement. Whatever we believed about a message, one that
its provider speaks of is accepted: it must not be sent again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import hold
from apps.conversations.actions.changes import apply_waiting_changes
from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.effects import take_effect
from apps.conversations.actions.names import unite
from apps.conversations.models import ACTS, PendingStatus, Status
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from providers.types import StatusUpdate

# What we believed of a message is over as soon as its provider speaks of it.
_DOUBTED = "m.dispatch NOT IN ('accepted', 'sending')"
# The failure that is proved first says why; of two in the same second always the same one.
_FAILS = f"""found.failed_at IS NOT NULL AND (
        {_DOUBTED} OR m.failed_at IS NULL OR (found.failed_at, found.error_code) < (m.failed_at, m.error_code))"""
# What it is charged as: of two words, whatever their order, the same one.
_COSTS = "found.pricing > COALESCE(m.details ->> 'pricing', '')"
_NO_ACT = f"kind NOT IN ({', '.join(repr(str(kind)) for kind in ACTS)})"
_APPLY = f"""
WITH given AS (
    SELECT provider_id, min(token::text) OVER (PARTITION BY provider_id)::uuid AS token, status, at, error_code,
           error_text, pricing
    FROM unnest(%(provider_ids)s::text[], %(tokens)s::uuid[], %(statuses)s::text[], %(times)s::timestamptz[],
                %(error_codes)s::text[], %(error_texts)s::text[], %(pricings)s::text[])
         AS t(provider_id, token, status, at, error_code, error_text, pricing)
), known AS (
    SELECT m.id, given.* FROM given JOIN conversations_message m
      ON m.inbox_id = %(inbox)s AND m.provider_message_id = given.provider_id AND NOT m.provider_message_id = ''
    WHERE m.direction = 'out'
    UNION
    SELECT m.id, given.* FROM given JOIN conversations_messagealias alias
      ON alias.inbox_id = %(inbox)s AND alias.provider_message_id = given.provider_id
    JOIN conversations_message m ON m.id = alias.message_id AND m.direction = 'out'
    UNION
    SELECT m.id, given.* FROM given
    JOIN conversations_sendattempt attempt ON attempt.token = given.token
    JOIN conversations_message m ON m.id = attempt.message_id AND m.inbox_id = %(inbox)s
    WHERE m.provider_message_id = ''
), locked AS (
    SELECT id, status AS shown, error_code AS why FROM conversations_message
    WHERE id IN (SELECT id FROM known) ORDER BY id FOR NO KEY UPDATE
), found AS (
    SELECT id, min(shown) AS shown, min(why) AS why, min(provider_id) AS provider_id,
           min(at) FILTER (WHERE status = 'sent') AS sent_at,
           min(at) FILTER (WHERE status = 'delivered') AS delivered_at,
           min(at) FILTER (WHERE status = 'read') AS read_at,
           min(at) FILTER (WHERE status = 'failed') AS failed_at,
           (array_agg(error_code ORDER BY at, error_code) FILTER (WHERE status = 'failed'))[1] AS error_code,
           (array_agg(error_text ORDER BY at, error_code) FILTER (WHERE status = 'failed'))[1] AS error_text,
           max(pricing) FILTER (WHERE pricing <> '') AS pricing
    FROM known JOIN locked USING (id) GROUP BY id
), changed AS (
    UPDATE conversations_message m SET
        provider_message_id = CASE m.provider_message_id WHEN '' THEN found.provider_id ELSE m.provider_message_id END,
        dispatch = CASE WHEN {_DOUBTED} THEN 'accepted' ELSE m.dispatch END,
        accepted_at = COALESCE(m.accepted_at, CASE WHEN {_DOUBTED} THEN now() END),
        sent_at = LEAST(m.sent_at, found.sent_at),
        delivered_at = LEAST(m.delivered_at, found.delivered_at),
        read_at = LEAST(m.read_at, found.read_at),
        failed_at = CASE WHEN {_DOUBTED} THEN found.failed_at ELSE LEAST(m.failed_at, found.failed_at) END,
        error_code = CASE WHEN {_FAILS} THEN found.error_code WHEN {_DOUBTED} THEN '' ELSE m.error_code END,
        error_text = CASE WHEN {_FAILS} THEN found.error_text WHEN {_DOUBTED} THEN '' ELSE m.error_text END,
        details = CASE WHEN {_COSTS} THEN m.details || jsonb_build_object('pricing', found.pricing) ELSE m.details END
    FROM found WHERE m.id = found.id AND (
        {_DOUBTED} OR m.provider_message_id = '' OR {_FAILS} OR {_COSTS}
        OR LEAST(m.sent_at, found.sent_at) IS DISTINCT FROM m.sent_at
        OR LEAST(m.delivered_at, found.delivered_at) IS DISTINCT FROM m.delivered_at
        OR LEAST(m.read_at, found.read_at) IS DISTINCT FROM m.read_at)
    RETURNING m.id, m.conversation_id, m.kind, (m.status, m.error_code) <> (found.shown, found.why) AS is_visible
)
SELECT (SELECT count(*) FROM changed), ARRAY(SELECT id FROM changed WHERE is_visible AND {_NO_ACT} ORDER BY id),
       ARRAY(SELECT conversation_id FROM changed WHERE is_visible AND {_NO_ACT} ORDER BY id),
       ARRAY(SELECT DISTINCT provider_id FROM known), ARRAY(SELECT id FROM changed WHERE NOT {_NO_ACT} ORDER BY id)
"""  # noqa: S608 – constants only


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing a provider says about one message."""

    provider_id: str
    status: str
    at: datetime
    token: UUID | None = None
    error_code: str = ""
    error_text: str = ""
    pricing: str = ""  #: what the provider charges it as
    other_id: str = ""  #: the same message at the same provider


def apply_statuses(*, inbox: Inbox, updates: Sequence[StatusUpdate], received_at: datetime, actor: Actor) -> int:
    """Record what a provider says about our messages; tell how many rows it changed.

    What speaks of a message nobody knows yet waits: it may be faster than the answer to our own sending.
    """
    return apply_told(inbox=inbox, told=[(update, received_at) for update in updates], actor=actor)


@transaction.atomic(savepoint=False)
def apply_told(*, inbox: Inbox, told: Sequence[tuple[StatusUpdate, datetime]], actor: Actor) -> int:
    """Record statuses as `apply_statuses` does, each with the time it was received."""
    require(actor, Scope.MESSAGES_SEND)
    evidence = [item for update, received_at in told for item in _evidence(update, received_at)]
    pairs = {_pair(item.provider_id, item.other_id) for item in evidence if item.other_id}
    if pairs:
        hold(inbox, ids=[name for pair in pairs for name in pair])
    changed, known = _apply(inbox, evidence, actor)
    unknown = [item for item in evidence if known.isdisjoint({item.provider_id, item.other_id})]
    PendingStatus.objects.bulk_create([_pending(inbox, item) for item in unknown], ignore_conflicts=True)
    return changed + _unite(inbox, pairs, actor)


@transaction.atomic(savepoint=False)
def apply_waiting(*, inbox: Inbox, provider_ids: Sequence[str], actor: Actor) -> int:
    """Apply the statuses that came before the ids they speak of."""
    require(actor, Scope.MESSAGES_SEND)
    waiting = list(
        PendingStatus.objects.select_for_update(skip_locked=True).filter(
            inbox=inbox, provider_message_id__in=list(provider_ids)
        )
    )
    if not waiting:
        return 0
    changed, known = _apply(inbox, [_waited(row) for row in waiting], actor)
    settled = [row for row in waiting if row.provider_message_id in known]
    PendingStatus.objects.filter(pk__in=[row.pk for row in settled]).delete()
    return changed + _unite(
        inbox, {_pair(row.provider_message_id, row.other_id) for row in settled if row.other_id}, actor
    )


def _unite(inbox: Inbox, pairs: Collection[tuple[str, str]], actor: Actor) -> int:
    """Let both ids of each pair name one message, and apply what waited for either."""
    changed = 0
    for pair in sorted(pairs):
        if message := unite(inbox, pair):
            if apply_waiting_changes(message, *pair):
                announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=inbox.branch_id)
            changed += apply_waiting(inbox=inbox, provider_ids=pair, actor=actor)
    return changed


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _apply(inbox: Inbox, told: Sequence[Evidence], actor: Actor) -> tuple[int, set[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _APPLY,
            {
                "inbox": inbox.pk,
                "provider_ids": [item.provider_id for item in told],
                "tokens": [item.token for item in told],
                "statuses": [item.status for item in told],
                "times": [item.at for item in told],
                "error_codes": [item.error_code for item in told],
                "error_texts": [item.error_text for item in told],
                "pricings": [item.pricing for item in told],
            },
        )
        changed, visible, conversations, known, acts = cursor.fetchone()
    if visible:
        follow_status(visible)
    if visible and any(item.status == Status.FAILED for item in told):
        assist.note_unsent(messages=visible, actor=actor)
    for message_id, conversation_id in zip(visible, conversations, strict=True):
        live.publish(
            live.LiveKind.MESSAGE_CHANGED,
            branch_id=inbox.branch_id,
            inbox_id=inbox.pk,
            conversation_id=conversation_id,
            message_id=message_id,
        )
    if acts:
        take_effect(acts=acts, actor=actor)
    return changed, set(known)


def _evidence(update: StatusUpdate, received_at: datetime) -> list[Evidence]:
    """Return what an update says, under each id it gives the message."""
    error = update.error
    told = Evidence(
        provider_id=update.provider_message_id,
        status=update.status,
        at=min(update.provider_time or received_at, received_at),
        token=_token(update.callback_data),
        error_code=error.code[:40] if error else "",
        error_text=(error.details or error.title)[:300] if error else "",
        pricing=update.pricing_category[:40],
    )
    other = update.also_known_as
    if other in {"", told.provider_id}:
        return [told]
    return [replace(told, other_id=other), replace(told, provider_id=other, other_id=told.provider_id)]


def _token(callback_data: str | None) -> UUID | None:
    """Read back what we put into the send; whatever else stands there is not ours."""
    try:
        return UUID(callback_data or "")
    except ValueError:
        return None


def _pending(inbox: Inbox, item: Evidence) -> PendingStatus:
    return PendingStatus(
        inbox=inbox,
        provider_message_id=item.provider_id,
        other_id=item.other_id,
        status=item.status,
        at=item.at,
        error_code=item.error_code,
        error_text=item.error_text,
        pricing=item.pricing,
    )


def _waited(row: PendingStatus) -> Evidence:
    return Evidence(
        provider_id=row.provider_message_id,
        status=row.status,
        at=row.at,
        error_code=row.error_code,
        error_text=row.error_text,
        pricing=row.pricing,
    )
