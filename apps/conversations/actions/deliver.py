"""Our messages leave. A claim, a permit, one write, one outcome.

Two workers never send the same message: the claim is a fenced lease in the row, the attempt is written
before the socket is touched, and every later write names the lease. A worker that dies between permit and
outcome leaves a message whose outcome nobody knows; it is shown as that and never sent again by a machine.
"""

import os
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.statuses import apply_waiting
from apps.conversations.models import Dispatch, Message, SendAttempt
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.actions import pause_account, unpause_account
from apps.inboxes.models import ProviderAccount
from providers import errors
from providers.types import Address, AddressScope, OutboundMessage, SendResult, Text

LEASE_SECONDS = 120
SEND_SECONDS = 35
"""The lease must outlive a whole send: its deadline of 30 seconds and the 5 a permit is good for."""
RETRY_SECONDS = (2, 10, 60, 300, 900, 3600)
PROBE_SECONDS = 300

_CLAIM = """
WITH due AS (
    SELECT m.id FROM conversations_message m
    WHERE m.dispatch IN ('queued', 'waiting', 'needs_auth') AND m.next_attempt_at <= now()
      AND NOT EXISTS (
          SELECT 1 FROM conversations_message earlier
          WHERE earlier.conversation_id = m.conversation_id AND earlier.id < m.id
            AND earlier.dispatch IN ('queued', 'waiting', 'needs_auth', 'sending'))
    ORDER BY m.priority, m.next_attempt_at, m.id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
), claimed AS (
    UPDATE conversations_message m
    SET dispatch = 'sending', attempts = m.attempts + 1, lease_token = gen_random_uuid(),
        lease_until = now() + make_interval(secs => %(lease)s)
    FROM due WHERE m.id = due.id AND m.dispatch IN ('queued', 'waiting', 'needs_auth')
    RETURNING m.id, m.attempts, m.lease_token
)
INSERT INTO conversations_sendattempt (message_id, number, token, owner, outcome, error_code, trace_id)
SELECT id, attempts, lease_token, %(owner)s, '', '', '' FROM claimed RETURNING message_id
"""

_PERMIT = """
UPDATE conversations_sendattempt attempt SET write_started_at = clock_timestamp()
FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id
JOIN inboxes_inbox i ON i.id = m.inbox_id
JOIN inboxes_provideraccount a ON a.id = i.account_id
WHERE attempt.token = ANY(%(tokens)s) AND m.id = attempt.message_id AND m.lease_token = attempt.token
  AND attempt.write_started_at IS NULL AND m.dispatch = 'sending'
  AND m.lease_until > now() + make_interval(secs => %(needed)s) AND m.valid_until > now()
  AND i.is_active AND a.is_active AND (c.window_ends_at IS NULL OR c.window_ends_at > now())
RETURNING attempt.token
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message that is ours to send until the lease ends."""

    message: Message
    token: UUID

    def outbound(self) -> OutboundMessage:
        """Return the message as it crosses the line."""
        identity = self.message.conversation.identity
        quoted = self.message.reply_to.provider_message_id if self.message.reply_to else None
        return OutboundMessage(
            inbox_address=self.message.inbox.address,
            recipient=Address(scope=AddressScope(identity.scope), value=identity.address),
            content=Text(body=self.message.text),
            reply_to=quoted or None,
            callback_data=str(self.token),
        )


def claim_due(*, limit: int, actor: Actor) -> list[Claim]:
    """Take up to `limit` messages that are due, the oldest of each conversation first.

    The screens hear that they are being sent. One statement claims, so that no two workers get the same.
    """
    require(actor, Scope.MESSAGES_SEND)
    with transaction.atomic():
        with connection.cursor() as cursor:
            owner = f"{socket.gethostname()}:{os.getpid()}"
            cursor.execute(_CLAIM, {"limit": limit, "lease": LEASE_SECONDS, "owner": owner})
            ids = [pk for (pk,) in cursor.fetchall()]
        messages = list(
            Message.objects.filter(pk__in=ids)
            .select_related("inbox__account", "conversation__identity", "reply_to")
            .order_by("pk")
        )
        _announce(messages)
    return [Claim(message=message, token=message.lease_token) for message in messages if message.lease_token]


def permit(*, claims: Sequence[Claim], actor: Actor) -> set[UUID]:
    """Allow the socket writes that are still right now, and commit that; return the tokens of those.

    Inbox, window and validity are looked at here, at the last moment. What is not permitted goes back to
    wait, or ends, by what stopped it.
    """
    require(actor, Scope.MESSAGES_SEND)
    with connection.cursor() as cursor:
        cursor.execute(
            _PERMIT,
            {"tokens": [claim.token for claim in claims], "needed": SEND_SECONDS},
        )
        permitted = {token for (token,) in cursor.fetchall()}
    for claim in claims:
        if claim.token not in permitted:
            _refuse(claim)
    return permitted


@transaction.atomic
def record_sent(*, claim: Claim, result: SendResult, actor: Actor) -> bool:
    """Write that the provider took the message; False when the lease was lost meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    _finish(claim, SendAttempt.Outcome.SENT)
    recorded = _settle(
        claim,
        dispatch=Dispatch.ACCEPTED,
        provider_message_id=result.provider_message_id,
        accepted_at=Now(),
        failed_at=None,
        error_code="",
        error_text="",
    )
    if claim.message.inbox.account.state == ProviderAccount.State.NEEDS_AUTH:
        unpause_account(account=claim.message.inbox.account, actor=actor)
    if recorded:
        apply_waiting(inbox=claim.message.inbox, provider_ids=[result.provider_message_id], actor=actor)
    return recorded


@transaction.atomic
def record_failure(*, claim: Claim, error: errors.SendError, actor: Actor) -> bool:
    """Write what went wrong; the class of the error alone decides whether it is tried again."""
    require(actor, Scope.MESSAGES_SEND)
    words = {"error_code": error.code[:40], "error_text": error.text[:300]}
    outcome = SendAttempt.Outcome.NOT_SENT
    changes: dict[str, object]
    match error:
        case errors.UncertainSend():
            outcome = SendAttempt.Outcome.UNCERTAIN
            changes = {"dispatch": Dispatch.UNCERTAIN}
        case errors.AuthFailed():
            pause_account(account=claim.message.inbox.account, reason=error.code, actor=actor)
            changes = {**_again(PROBE_SECONDS), "dispatch": Dispatch.NEEDS_AUTH}
        case errors.WindowClosed():
            outcome = SendAttempt.Outcome.REJECTED
            changes = {"dispatch": Dispatch.WINDOW_CLOSED, "failed_at": Now()}
        case errors.NotSent() | errors.Throttled() | errors.RefusedForNow():
            changes = _again(_pause(claim.message.attempts, error.retry_after))
        case _:
            outcome = SendAttempt.Outcome.REJECTED
            changes = {"dispatch": Dispatch.REJECTED, "failed_at": Now()}
    _finish(claim, outcome, error)
    return _settle(claim, **words, **changes)


def _again(seconds: float) -> dict[str, object]:
    return {"dispatch": Dispatch.WAITING, "next_attempt_at": timezone.now() + timedelta(seconds=seconds)}


def _pause(attempts: int, retry_after: float | None) -> float:
    """Return the seconds to wait: longer each time, never less than the provider asked, with some jitter."""
    planned = RETRY_SECONDS[min(max(attempts, 1), len(RETRY_SECONDS)) - 1]
    return max(planned * random.uniform(0.8, 1.2), retry_after or 0)  # noqa: S311 – jitter, not a secret


@transaction.atomic
def _refuse(claim: Claim) -> None:
    """Put a claim back or end it, by what stopped the permit; a claim that was fenced is left alone."""
    message = Message.objects.select_related("inbox__account", "conversation").get(pk=claim.message.pk)
    if message.lease_token != claim.token or message.dispatch != Dispatch.SENDING:
        return
    now = timezone.now()
    window = message.conversation.window_ends_at
    changes: dict[str, object]
    if window is not None and window <= now:
        changes = {"dispatch": Dispatch.WINDOW_CLOSED, "failed_at": now, "error_code": "window_closed"}
    elif message.valid_until is not None and message.valid_until <= now:
        changes = {"dispatch": Dispatch.EXPIRED, "failed_at": now, "error_code": "expired"}
    else:
        changes = _again(RETRY_SECONDS[1])
    _finish(claim, SendAttempt.Outcome.NOT_SENT)
    _settle(claim, **changes)


def _finish(claim: Claim, outcome: SendAttempt.Outcome, error: errors.SendError | None = None) -> None:
    SendAttempt.objects.filter(token=claim.token).update(
        finished_at=Now(),
        outcome=outcome,
        http_status=error.http_status if error else None,
        error_code=error.code[:40] if error else "",
        trace_id=error.trace_id[:80] if error else "",
    )


def _settle(claim: Claim, **changes: object) -> bool:
    """Write the outcome if the lease is still ours, and let screens and list follow."""
    settled = Message.objects.filter(Q(dispatch=Dispatch.SENDING), pk=claim.message.pk, lease_token=claim.token).update(
        lease_token=None, lease_until=None, **changes
    )
    if settled:
        _announce([claim.message])
    return bool(settled)


def _announce(messages: Sequence[Message]) -> None:
    follow_status([message.pk for message in messages])
    for message in messages:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
