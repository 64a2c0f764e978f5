"""Our messages leave. A claim, a permit, one write, one outcome.

Two workers never send the same message: the claim is a fenced lease in the row, the attempt is written
before the socket is touched, and every later write names the lease. A worker that dies between permit and
outcome leaves a message whose outcome nobody knows; it is shown as that and never sent again by a machine.
"""

import json
import os
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import find, hold
from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.effects import take_effect
from apps.conversations.actions.names import absorb, also_known_as, unite
from apps.conversations.actions.outbound import build, is_repeatable
from apps.conversations.actions.statuses import apply_waiting
from apps.conversations.models import ACTS, Dispatch, Message, SendAttempt, Sender
from apps.conversations.queries import LATE_HOURS
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.actions.accounts import pause_account, unpause_account
from apps.inboxes.models import ProviderAccount
from apps.people.actions.identities import best_address, identity_at
from apps.people.actions.locks import lock_names, take_locks
from apps.people.models import Identity
from providers import errors, registry
from providers.types import Address, AddressScope, OutboundMessage, SendResult

LEASE_SECONDS = 120
SEND_SECONDS = 35
"""The lease must outlive a whole send: its deadline of 30 seconds and the 5 a permit is good for."""
RETRY_SECONDS = (2, 10, 60, 300, 900, 3600)
LATER_SECONDS = 10
ACCOUNT_SHARE = 30
"""How many sends one account may have under way: a provider that hangs must not take every worker's hands."""
ALIVE_SECONDS = LEASE_SECONDS - SEND_SECONDS - 10
"""A claim whose lease has less left than that is no longer sent by anybody, and takes nobody's place."""

# What could be sent now: the oldest of each conversation, by inbox in the order of the index. An account
# whose credentials are refused gets one message at a time, when it is time to try again. An inbox whose channel
# takes only so many in a second gets what is left of this one.
_DUE = """
WITH account AS (
    SELECT a.id, a.kind, GREATEST(0, -under_way.count + CASE WHEN a.state = 'ok' THEN %(share)s
                             WHEN a.state = 'paused' THEN 0
                             WHEN COALESCE(a.probe_at, '-infinity') <= statement_timestamp() THEN 1 ELSE 0 END) AS room
    FROM inboxes_provideraccount a
    CROSS JOIN LATERAL (
        SELECT count(*) FROM conversations_message m JOIN inboxes_inbox i ON i.id = m.inbox_id
        WHERE m.dispatch = 'sending' AND i.account_id = a.id
          AND m.lease_until > statement_timestamp() + make_interval(secs => %(alive)s)) under_way
    WHERE a.is_active
), due AS (
    SELECT m.*, account.room,
           row_number() OVER (PARTITION BY account.id ORDER BY m.priority, m.next_attempt_at, m.id) AS place
    FROM account
    JOIN inboxes_inbox i ON i.account_id = account.id AND i.is_active AND NOT i.is_paused
    CROSS JOIN LATERAL (
        SELECT CASE WHEN %(rates)s::jsonb ? account.kind
            THEN LEAST(account.room, GREATEST(0, (%(rates)s::jsonb ->> account.kind)::int - (
                SELECT count(*) FROM conversations_sendattempt last
                JOIN conversations_message sent ON sent.id = last.message_id AND sent.inbox_id = i.id
                WHERE last.claimed_at > statement_timestamp() - interval '1 second')))
            ELSE account.room END AS room) pace
    CROSS JOIN LATERAL (
        SELECT m.id, m.priority, m.next_attempt_at FROM conversations_message m
        WHERE m.inbox_id = i.id AND m.dispatch IN ('queued', 'waiting', 'needs_auth')
          AND m.next_attempt_at <= statement_timestamp()
          AND NOT EXISTS (
              SELECT FROM conversations_message earlier
              WHERE earlier.conversation_id = m.conversation_id AND earlier.id < m.id
                AND earlier.dispatch IN ('preparing', 'queued', 'waiting', 'needs_auth', 'sending'))
        ORDER BY m.priority, m.next_attempt_at, m.id LIMIT pace.room {lock}
    ) m
)
"""
_CLAIM = f"""{_DUE.format(lock="FOR UPDATE OF m SKIP LOCKED")}, chosen AS (
    SELECT id FROM due WHERE place <= room ORDER BY priority, next_attempt_at, id LIMIT %(limit)s
), claimed AS (
    UPDATE conversations_message m
    SET dispatch = 'sending', attempts = m.attempts + 1, error_code = '', error_text = '',
        lease_token = gen_random_uuid(), lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
    FROM chosen WHERE m.id = chosen.id
    RETURNING m.id, m.attempts, m.lease_token, m.status
), stale AS (
    SELECT c.id, claimed.status FROM conversations_conversation c JOIN claimed ON c.last_message_id = claimed.id
    ORDER BY c.id FOR NO KEY UPDATE OF c
), followed AS (
    UPDATE conversations_conversation c SET last_message_status = stale.status FROM stale WHERE c.id = stale.id
)
INSERT INTO conversations_sendattempt (message_id, number, token, owner, outcome, error_code, trace_id)
SELECT id, attempts, lease_token, %(owner)s, '', '', '' FROM claimed RETURNING message_id
"""  # noqa: S608 – constants only
_WAITS = f"""{_DUE.format(lock="")}
SELECT EXISTS (SELECT FROM due WHERE next_attempt_at <= statement_timestamp() - make_interval(secs => %(since)s))
"""  # noqa: S608 – constants only

_PERMIT = """
WITH asked AS (
    SELECT attempt.token, CASE
        WHEN c.window_ends_at + make_interval(hours => CASE
                 WHEN m.sender = 'operator' AND m.author_id IS NOT NULL
                 THEN COALESCE((%(late)s::jsonb ->> a.kind)::int, 0) ELSE 0 END) <= statement_timestamp()
        THEN 'window_closed'
        WHEN m.valid_until <= statement_timestamp() THEN 'expired'
        WHEN i.is_active AND NOT i.is_paused AND a.is_active AND a.state <> 'paused'
             AND m.lease_until > statement_timestamp() + make_interval(secs => %(needed)s)
        THEN 'now' ELSE 'later' END AS word
    FROM conversations_sendattempt attempt
    JOIN conversations_message m
      ON m.id = attempt.message_id AND m.dispatch = 'sending' AND m.lease_token = attempt.token
    JOIN conversations_conversation c ON c.id = m.conversation_id
    JOIN inboxes_inbox i ON i.id = m.inbox_id
    JOIN inboxes_provideraccount a ON a.id = i.account_id
    WHERE attempt.token = ANY(%(tokens)s) AND attempt.write_started_at IS NULL
), permitted AS (
    UPDATE conversations_sendattempt attempt SET write_started_at = clock_timestamp()
    FROM asked WHERE attempt.token = asked.token AND asked.word = 'now' RETURNING attempt.token
)
SELECT token, 'now' FROM permitted UNION ALL SELECT token, word FROM asked WHERE word <> 'now'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message that is ours to send until the lease ends."""

    message: Message
    token: UUID

    def outbound(self) -> OutboundMessage:
        """Return the message as it crosses the line. Raises Rejected if it cannot."""
        return build(self.message, token=self.token)


def claim_due(*, limit: int, actor: Actor) -> list[Claim]:
    """Take up to `limit` messages that are due, the oldest of each conversation first.

    One statement claims, so that no two workers get the same. Screens hear of it only where it takes back
    what was wrong: a message that is being sent looks like one that is queued.
    """
    require(actor, Scope.MESSAGES_SEND)
    with connection.cursor() as cursor:
        owner = f"{socket.gethostname()}:{os.getpid()}"
        bounds = {"limit": limit, "share": ACCOUNT_SHARE, "lease": LEASE_SECONDS, "alive": ALIVE_SECONDS}
        cursor.execute(_CLAIM, {**bounds, "rates": _rates(), "owner": owner})
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return []
    related = ("inbox__account", "conversation__identity__reached_by", "reply_to", "acts_on")
    messages = list(Message.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))
    for message in messages:
        if message.attempts > 1:
            announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
    return [Claim(message=message, token=message.lease_token) for message in messages if message.lease_token]


def can_claim(*, late_seconds: float = 0, actor: Actor) -> bool:
    """Tell whether somebody could claim a message now, or as soon as the pace of its channel lets them: one that is
    due for `late_seconds` at least.
    """
    require(actor, Scope.MESSAGES_SEND)
    with connection.cursor() as cursor:
        bounds = {"share": ACCOUNT_SHARE, "alive": ALIVE_SECONDS, "since": late_seconds}
        cursor.execute(_WAITS, {**bounds, "rates": "{}"})
        return bool(cursor.fetchone()[0])


@cache
def _rates() -> str:
    """Return how many messages an inbox of each channel may send in a second, as the database reads it."""
    kinds = {kind: provider.capabilities.messages_per_second for kind, provider in registry.PROVIDERS.items()}
    return json.dumps({kind: rate for kind, rate in kinds.items() if rate is not None})


def permit(*, claims: Sequence[Claim], actor: Actor) -> set[UUID]:
    """Allow the socket writes that are still right now, and commit that; return the tokens of those.

    Inbox, window and validity are looked at here, at the last moment. What is not permitted goes back to
    wait, or ends, by what stopped it; a claim that was lost meanwhile is left alone.
    """
    require(actor, Scope.MESSAGES_SEND)
    tokens = [claim.token for claim in claims]
    with connection.cursor() as cursor:
        cursor.execute(_PERMIT, {"tokens": tokens, "needed": SEND_SECONDS, "late": json.dumps(LATE_HOURS)})
        answers = dict(cursor.fetchall())
    for claim in claims:
        if answers.get(claim.token, "now") != "now":
            _refuse(claim, answers[claim.token], actor)
    return {token for token, word in answers.items() if word == "now"}


def record_sent(*, claim: Claim, result: SendResult, actor: Actor) -> bool:
    """Write that the provider took the message; False when the lease was lost meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    result = _named(claim, result)
    try:
        recorded = _record_sent(claim, result, actor)
    except IntegrityError:
        try:
            recorded = _record_echoed(claim, result, actor)
        except Message.DoesNotExist:  # an id it gave to another message before: nobody knows which one it means
            error = errors.UncertainSend("repeated_id", "The provider gave an id twice.")
            return record_failure(claim=claim, error=error, actor=actor)
    if result.recipient is not None:
        _learn_address(claim, result.recipient, actor)
    return recorded


def _named(claim: Claim, result: SendResult) -> SendResult:
    """Give an act a name of its own where the provider answers with that of another message: of what it acts on."""
    if claim.message.kind not in ACTS:
        return result
    is_taken = {*find(claim.message.inbox, result.provider_message_id).message_ids} - {claim.message.pk}
    return replace(result, provider_message_id=f"own:{claim.message.pk}") if is_taken else result


@transaction.atomic
def _record_sent(claim: Claim, result: SendResult, actor: Actor) -> bool:
    inbox, name = claim.message.inbox, result.provider_message_id
    is_renamed = registry.PROVIDERS[inbox.account.kind].capabilities.renames_sends
    if is_renamed:
        hold(inbox, ids=[name])
    _finish(claim, SendAttempt.Outcome.SENT)
    dispatch = Dispatch.HANDED_OVER if result.is_queued else Dispatch.ACCEPTED
    recorded = _settle(claim, dispatch=dispatch, accepted_at=Now(), provider_message_id=name)
    if not recorded and (recorded := _settle_proved(claim)):
        claim.message.refresh_from_db(fields=["provider_message_id"])
        also_known_as(claim.message, [name])
    if recorded:
        if is_renamed:
            unite(inbox, [name])  # what was acknowledged before by both names
        apply_waiting(inbox=inbox, provider_ids=[name], actor=actor)
        if claim.message.kind in ACTS:
            take_effect(acts=[claim.message.pk], actor=actor)
    if inbox.account.state == ProviderAccount.State.NEEDS_AUTH:
        unpause_account(account=inbox.account, actor=actor)
    return recorded


@transaction.atomic
def _record_echoed(claim: Claim, result: SendResult, actor: Actor) -> bool:
    """Record a send whose echo came before and was kept as one from the phone. Raises DoesNotExist if none was."""
    inbox, name = claim.message.inbox, result.provider_message_id
    hold(inbox, ids=[name])
    own = Message.objects.select_for_update(of=["self"], no_key=True).get(pk=claim.message.pk)
    phone = Message.objects.select_for_update(of=["self"], no_key=True)
    echo = phone.get(
        inbox=inbox,
        provider_message_id=name,
        sender=Sender.PHONE,
        conversation__identity=claim.message.conversation.identity_id,
    )
    absorb(own, echo)
    return _record_sent(claim, result, actor)


def _learn_address(claim: Claim, address: Address, actor: Actor) -> None:
    """Note the address the provider itself knows the person by, where that is another one than we used."""
    inbox, identity = claim.message.inbox, claim.message.conversation.identity
    used = best_address(identity)
    same = Identity.objects.filter(account=inbox.account_id, scope=address.scope, address=address.value)
    if used.scope == AddressScope.GROUP or address == used or not address.value or same.exists():
        return
    with transaction.atomic():
        take_locks(lock_names(inbox.account, [used, address]))
        identity_at(account=inbox.account, sender=used, aliases=(address,), display_name="", actor=actor)


@transaction.atomic
def record_failure(*, claim: Claim, error: errors.SendError, actor: Actor) -> bool:
    """Write what went wrong; the class of the error alone decides whether it is tried again.

    Unless the provider proved meanwhile that it has the message: then it is accepted.
    """
    require(actor, Scope.MESSAGES_SEND)
    outcome = SendAttempt.Outcome.NOT_SENT
    changes: dict[str, object]
    match error:
        case errors.UncertainSend() if is_repeatable(claim.message):
            outcome = SendAttempt.Outcome.UNCERTAIN
            changes = _again(_pause(claim.message.attempts, error.retry_after))
        case errors.UncertainSend():
            outcome = SendAttempt.Outcome.UNCERTAIN
            changes = {"dispatch": Dispatch.UNCERTAIN}
        case errors.AuthFailed():
            changes = {"dispatch": Dispatch.NEEDS_AUTH, "next_attempt_at": Now()}
        case errors.WindowClosed():
            outcome = SendAttempt.Outcome.REJECTED
            changes = {"dispatch": Dispatch.WINDOW_CLOSED, "failed_at": Now()}
        case errors.NotSent() | errors.Throttled() | errors.RefusedForNow():
            changes = _again(_pause(claim.message.attempts, error.retry_after))
        case _:
            outcome = SendAttempt.Outcome.REJECTED
            changes = {"dispatch": Dispatch.REJECTED, "failed_at": Now()}
    _finish(claim, outcome, error)
    words = {"error_code": error.code[:40], "error_text": error.text[:300]}
    settled = _settle(claim, **words, **changes)
    if settled and "failed_at" in changes:
        _tell_assistant(claim, actor)
    if not settled and (settled := _settle_proved(claim)) and claim.message.kind in ACTS:
        take_effect(acts=[claim.message.pk], actor=actor)
    if isinstance(error, errors.AuthFailed):
        pause_account(account=claim.message.inbox.account, reason=error.code, actor=actor)
    return settled


def _again(seconds: float) -> dict[str, object]:
    return {"dispatch": Dispatch.WAITING, "next_attempt_at": Now() + timedelta(seconds=seconds)}


def _pause(attempts: int, retry_after: float | None) -> float:
    """Return the seconds to wait: longer each time, never less than the provider asked, with some jitter."""
    planned = RETRY_SECONDS[min(max(attempts, 1), len(RETRY_SECONDS)) - 1]
    return max(planned * random.uniform(0.8, 1.2), retry_after or 0)  # noqa: S311 – jitter, not a secret


@transaction.atomic
def _refuse(claim: Claim, word: str, actor: Actor) -> None:
    """Put a claim back or end it, by what stopped the permit."""
    _finish(claim, SendAttempt.Outcome.NOT_SENT)
    ends = {"window_closed": Dispatch.WINDOW_CLOSED, "expired": Dispatch.EXPIRED}
    if word not in ends:
        _settle(claim, **_again(LATER_SECONDS))
    elif _settle(claim, dispatch=ends[word], failed_at=Now(), error_code=word):
        _tell_assistant(claim, actor)


def _tell_assistant(claim: Claim, actor: Actor) -> None:
    """Have a person look where an answer of the assistant did not leave."""
    if claim.message.sender == Sender.ASSISTANT:
        assist.note_unsent(messages=[claim.message.pk], actor=actor)


def _finish(claim: Claim, outcome: SendAttempt.Outcome, error: errors.SendError | None = None) -> None:
    SendAttempt.objects.filter(token=claim.token).update(
        finished_at=Now(),
        outcome=outcome,
        http_status=error.http_status if error else None,
        error_code=error.code[:40] if error else "",
        trace_id=error.trace_id[:80] if error else "",
    )


def _settle(claim: Claim, **changes: object) -> bool:
    """Write the outcome if the lease is still ours and nothing else is proved; screens and list follow."""
    known = {"", changes.get("provider_message_id", "")}
    return _release(claim, Message.objects.filter(provider_message_id__in=known), changes)


def _settle_proved(claim: Claim) -> bool:
    """Accept a message whose provider told of it before our own send had an outcome."""
    proved = Message.objects.exclude(provider_message_id="")
    return _release(claim, proved, {"dispatch": Dispatch.ACCEPTED, "accepted_at": Now()})


def _release(claim: Claim, among: QuerySet[Message], changes: dict[str, object]) -> bool:
    ours = among.filter(dispatch=Dispatch.SENDING, pk=claim.message.pk, lease_token=claim.token)
    settled = ours.update(lease_token=None, lease_until=None, **changes)
    if settled:
        _announce([claim.message])
    return bool(settled)


def _announce(messages: Sequence[Message]) -> None:
    follow_status([message.pk for message in messages])
    for message in messages:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
