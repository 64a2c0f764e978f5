"""Somebody has seen a message and all of ours before it."""

from datetime import datetime

from django.db import connection, transaction

from apps.conversations.actions.arrivals import find
from apps.conversations.actions.columns import follow_status
from apps.conversations.actions.statuses import apply_statuses
from apps.conversations.models import Message
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.models import Identity, canonical_address
from providers.types import DeliveryStatus, ReadUpTo, StatusUpdate

_READ = """
WITH seen AS (
    SELECT m.id FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
    WHERE c.inbox_id = %(inbox)s AND c.identity_id = %(identity)s
      AND m.direction = 'out' AND m.dispatch IN ('accepted', 'handed_over') AND m.failed_at IS NULL
      AND (m.occurred_at, m.id) <= (%(until)s, %(until_id)s) AND (m.read_at IS NULL OR m.read_at > %(at)s)
    ORDER BY m.id FOR NO KEY UPDATE OF m
)
UPDATE conversations_message m SET read_at = %(at)s FROM seen WHERE m.id = seen.id RETURNING m.id, m.conversation_id
"""
NO_ID = 2**63 - 1


@transaction.atomic(savepoint=False)
def apply_read_up_to(*, inbox: Inbox, read: ReadUpTo, received_at: datetime, actor: Actor) -> int:
    """Note that a person has seen our messages up to one, or up to a time; tell how many that are.

    What failed was not seen, whatever is read after it.
    """
    require(actor, Scope.MESSAGES_SEND)
    at = min(read.provider_time or received_at, received_at)
    last = _message(inbox, read)
    if read.provider_message_id:
        seen = StatusUpdate(
            path=read.path,
            inbox_address=read.inbox_address,
            provider_message_id=read.provider_message_id,
            status=DeliveryStatus.READ,
            provider_time=read.provider_time,
        )
        apply_statuses(inbox=inbox, updates=[seen], received_at=received_at, actor=actor)
    identity_id = last.conversation.identity_id if last else _reader(inbox, read)
    if identity_id is None or (last is None and read.provider_time is None):
        return 0
    until, until_id = (last.occurred_at, last.pk) if last else (at, NO_ID)
    bounds: dict[str, int | datetime] = {
        "inbox": inbox.pk,
        "identity": identity_id,
        "until": until,
        "until_id": until_id,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, bounds)
        rows = cursor.fetchall()
    if rows:
        follow_status([pk for pk, _ in rows])
    for message_id, conversation_id in sorted(rows):
        live.publish(
            live.LiveKind.MESSAGE_CHANGED,
            branch_id=inbox.branch_id,
            inbox_id=inbox.pk,
            conversation_id=conversation_id,
            message_id=message_id,
        )
    return len(rows)


def _message(inbox: Inbox, read: ReadUpTo) -> Message | None:
    known = find(inbox, read.provider_message_id)
    return Message.objects.select_related("conversation").filter(pk__in=known.message_ids).first()


def _reader(inbox: Inbox, read: ReadUpTo) -> int | None:
    """Return the identity of a reader who is known; nobody is made of having read."""
    address = read.reader
    known = Identity.objects.filter(
        account=inbox.account_id,
        scope=address.scope,
        canonical=canonical_address(address.scope, address.value),
    ).first()
    return (known.alias_of_id or known.pk) if known else None
