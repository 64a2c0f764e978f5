"""What everything that arrives has in common: nobody else works on it, it is new or known, it has its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.conversations.models import Conversation, Message
from apps.inboxes.models import Inbox
from apps.people.actions.locks import lock_names, take_locks
from apps.people.models import Identity
from providers.types import Address, AddressScope, Group

LATEST_PAST = timedelta(days=7)
ALMOST_A_SECOND = timedelta(milliseconds=999)


def hold(
    inbox: Inbox, *, addresses: Iterable[Address] = (), group: Group | None = None, ids: Iterable[str] = ()
) -> None:
    """Wait until nobody else works on these people and messages; ours until the transaction ends.

    One statement takes all of them, always in the same order, so that two who name the same ones crosswise do
    not wait for each other. What is said of a message and the message itself never pass each other unseen.
    """
    people = [*addresses, *([Address(scope=AddressScope.GROUP, value=group.address)] if group else [])]
    messages = [f"message:{inbox.pk}:{provider_id}" for provider_id in ids if provider_id]
    take_locks([*lock_names(inbox.account, people), *messages])


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is here already under some ids of a provider."""

    message_ids: Sequence[int]
    has_changes: bool  #: something was said of it before it came


_FIND = """
SELECT ARRAY(
    SELECT m.id FROM conversations_message m
    WHERE m.inbox_id = %(inbox)s AND m.provider_message_id = ANY(%(ids)s) AND NOT m.provider_message_id = ''
    UNION
    SELECT a.message_id FROM conversations_messagealias a
    WHERE a.inbox_id = %(inbox)s AND a.provider_message_id = ANY(%(ids)s)
    ORDER BY id),
    EXISTS (SELECT FROM conversations_pendingchange c
            WHERE c.inbox_id = %(inbox)s AND c.provider_message_id = ANY(%(ids)s))
"""


def find(inbox: Inbox, *ids: str) -> Known:
    """Return what these ids, or other names of the same messages, stand for."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"inbox": inbox.pk, "ids": [provider_id for provider_id in ids if provider_id]})
        message_ids, has_changes = cursor.fetchone()
    return Known(message_ids=message_ids, has_changes=has_changes)


def believed_time(provider_time: datetime | None, received_at: datetime, *, is_imported: bool = False) -> datetime:
    """Return where in the chat a message belongs.

    Providers tell whole seconds: within that second the order of arrival decides, and a message that
    comes late still stands where it was written. A clock that is wrong moves nothing into the future,
    nor further back than a provider would retry; what is imported is as old as it says.
    """
    if provider_time is None or provider_time >= received_at - ALMOST_A_SECOND:
        return received_at
    if is_imported:
        return provider_time
    return max(provider_time + ALMOST_A_SECOND, received_at - LATEST_PAST)


def conversation_with(inbox: Inbox, identity: Identity, *, is_imported: bool = False) -> Conversation:
    """Return the open conversation, made if there is none, and keep it open until this message is in it.

    What is of the past goes to the last one there was, and opens none again.
    """
    rows = Conversation.objects.select_for_update(no_key=True)
    all_of_them = rows.filter(inbox=inbox, identity=identity, joined_to=None)
    open_ones = all_of_them.filter(closed_at=None)
    known = open_ones.first() or (all_of_them.first() if is_imported else None)
    if known:
        return known
    new = Conversation(inbox=inbox, identity=identity, person_id=identity.person_id)
    Conversation.objects.bulk_create([new], ignore_conflicts=True)  # somebody may reopen one in this moment
    return open_ones.get()


def quoted_message(conversation: Conversation, provider_id: str) -> Message | None:
    """Return the message of the same people that a reply points at."""
    same_people = Message.objects.filter(inbox=conversation.inbox_id, conversation__identity=conversation.identity_id)
    return (
        same_people.filter(provider_message_id=provider_id).first()
        or same_people.filter(aliases__provider_message_id=provider_id).first()
    )
