"""Many messages of one delivery at once. A thousand of them must not take a thousand times one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import hold
from apps.conversations.actions.columns import TEXT_SHOWN
from apps.conversations.actions.receive import new_message, window_of
from apps.conversations.models import Conversation, Message
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.actions.crowds import identities_at
from apps.people.models import Identity
from providers.contents import Files, SystemNotice
from providers.types import Address, InboundMessage


def is_plain(inbound: InboundMessage) -> bool:
    """Tell whether a message is only somebody's words to us: nothing before it, beside it or behind it."""
    has_more = inbound.group or inbound.aliases or inbound.username or inbound.referral or inbound.reply_to
    is_special = inbound.also_known_as or inbound.is_imported or isinstance(inbound.content, Files | SystemNotice)
    return not (has_more or is_special) and bool(inbound.provider_message_id)


@transaction.atomic(savepoint=False)
def receive_messages(
    *,
    inbox: Inbox,
    inbound: Sequence[InboundMessage],
    received_at: datetime,
    window_hours: int | None,
    actor: Actor,
) -> list[InboundMessage]:
    """Store plain messages together, in their order; return those that need to be looked at one by one.

    Of one person either all are stored or all returned, so that theirs keep their order.
    """
    require(actor, Scope.MESSAGES_SEND)
    ids = [one.provider_message_id for one in inbound]
    hold(inbox, addresses=[one.sender for one in inbound], ids=ids)
    known = _known(inbox, ids)
    strange = {one.sender for one in inbound if known[one.provider_message_id]}
    names: dict[Address, str] = {}
    for one in inbound:
        if names.setdefault(one.sender, one.sender_name) != one.sender_name:
            strange.add(one.sender)
    wanted = {sender: name for sender, name in names.items() if sender not in strange}
    authors = identities_at(account=inbox.account, senders=wanted, actor=actor)
    threads = _threads(inbox, list(authors.values()))
    taken = [one for one in inbound if one.sender in authors]
    rows = [new_message(threads[authors[one.sender].pk].row, one, None, received_at) for one in taken]
    for one, message in zip(taken, Message.objects.bulk_create(rows), strict=True):
        threads[message.conversation.identity_id].add(message, window_of(one, message, received_at, window_hours))
    _write([thread for thread in threads.values() if thread.last is not None], listens=assist.listens(inbox))
    live.publish_messages([(row.pk, row.conversation_id) for row in rows], inbox_id=inbox.pk, branch_id=inbox.branch_id)
    if rows and assist.listens(inbox):
        assist.ring()
    return [one for one in inbound if one.sender not in authors]


_KNOWN = """
SELECT provider_message_id FROM conversations_message
WHERE inbox_id = %(inbox)s AND provider_message_id = ANY(%(ids)s) AND NOT provider_message_id = ''
UNION SELECT provider_message_id FROM conversations_messagealias
WHERE inbox_id = %(inbox)s AND provider_message_id = ANY(%(ids)s)
UNION SELECT provider_message_id FROM conversations_pendingchange
WHERE inbox_id = %(inbox)s AND provider_message_id = ANY(%(ids)s)
"""


def _known(inbox: Inbox, ids: Sequence[str]) -> dict[str, bool]:
    """Tell of each id whether something is here under it already, or it stands for two of these."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"inbox": inbox.pk, "ids": list(ids)})
        here = {name for (name,) in cursor.fetchall()}
    return {name: count > 1 or name in here for name, count in Counter(ids).items()}


@dataclass(kw_only=True)
class Thread:
    """A conversation, and what the new messages change of it."""

    row: Conversation
    last: Message | None = None
    is_behind: bool = False  #: none of them is later than what the list shows
    unread: int = 0
    last_inbound_at: datetime | None = None
    window_ends_at: datetime | None = None
    _shown_at: datetime | None = field(default=None)

    def add(self, message: Message, window_ends_at: datetime | None) -> None:
        """Take one more message into account."""
        shown_at = self._shown_at or (self.row.last_message_at if self.row.last_message_id else None)
        if shown_at is None or shown_at <= message.occurred_at:
            self._shown_at, self.last, self.is_behind = message.occurred_at, message, False
        elif self.last is None:
            self.is_behind, self.last = True, message
        self.unread += 1
        self.last_inbound_at = max(self.last_inbound_at or message.occurred_at, message.occurred_at)
        if window_ends_at is not None:
            self.window_ends_at = max(self.window_ends_at or window_ends_at, window_ends_at)


def _threads(inbox: Inbox, identities: Sequence[Identity]) -> dict[int, Thread]:
    """Return the open conversation with each of these, made where there is none, and keep them open."""
    rows = Conversation.objects.select_for_update(no_key=True).filter(
        inbox=inbox, identity__in=identities, joined_to=None, closed_at=None
    )
    found = {row.identity_id: row for row in rows.order_by("pk")}
    missing = [one for one in identities if one.pk not in found]
    if missing:
        new = [Conversation(inbox=inbox, identity=one, person_id=one.person_id) for one in missing]
        Conversation.objects.bulk_create(new, ignore_conflicts=True)
        found |= {row.identity_id: row for row in rows.order_by("pk")}
    return {pk: Thread(row=row) for pk, row in found.items()}


_WRITE = """
UPDATE conversations_conversation c
SET last_message_id = CASE WHEN told.behind THEN c.last_message_id ELSE told.message END,
    last_message_text = CASE WHEN told.behind THEN c.last_message_text ELSE told.text END,
    last_message_kind = CASE WHEN told.behind THEN c.last_message_kind ELSE told.kind END,
    last_message_direction = CASE WHEN told.behind THEN c.last_message_direction ELSE 'in' END,
    last_message_sender = CASE WHEN told.behind THEN c.last_message_sender ELSE 'person' END,
    last_message_status = CASE WHEN told.behind THEN c.last_message_status ELSE 'received' END,
    last_message_at = CASE WHEN told.behind THEN c.last_message_at ELSE told.at END,
    unread_count = c.unread_count + told.unread,
    last_inbound_at = GREATEST(c.last_inbound_at, told.inbound_at),
    window_ends_at = GREATEST(c.window_ends_at, told.window_ends_at),
    reply_wanted_at = CASE WHEN %(listens)s THEN now() ELSE c.reply_wanted_at END
FROM unnest(%(ids)s::bigint[], %(behind)s::bool[], %(messages)s::bigint[], %(texts)s::text[], %(kinds)s::text[],
            %(times)s::timestamptz[], %(unread)s::int[], %(inbound)s::timestamptz[], %(windows)s::timestamptz[])
    AS told(id, behind, message, text, kind, at, unread, inbound_at, window_ends_at)
WHERE c.id = told.id
"""


def _write(threads: Sequence[Thread], *, listens: bool) -> None:
    """Let the list rows follow."""
    last = [thread.last for thread in threads if thread.last is not None]
    values: dict[str, Any] = {
        "ids": [thread.row.pk for thread in threads],
        "behind": [thread.is_behind for thread in threads],
        "messages": [message.pk for message in last],
        "texts": [" ".join(message.text.split())[:TEXT_SHOWN] for message in last],
        "kinds": [str(message.kind) for message in last],
        "times": [message.occurred_at for message in last],
        "unread": [thread.unread for thread in threads],
        "inbound": [thread.last_inbound_at for thread in threads],
        "windows": [thread.window_ends_at for thread in threads],
        "listens": listens,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
