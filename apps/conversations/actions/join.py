"""Conversations follow the identities of their people: two threads with one person become one, and back."""

import logging
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce, Greatest, Now

from apps.conversations.actions import assist
from apps.conversations.actions.columns import announce, announce_conversation, follow_message
from apps.conversations.models import ACTS, Conversation, ConversationJoin, Direction, Message
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.people.actions.locks import lock_people
from apps.people.models import Identity

logger = logging.getLogger(__name__)

AT_ONCE = 200
SHOWN = 50
"""How many of the messages that moved screens are told of: those they show."""


def follow_identities(*, actor: Actor) -> int:
    """Put the conversations of addresses where the addresses belong now; return how many changed.

    What an address gave away comes back to it when it is on its own again. Open conversations of one inbox
    and one person become one thread, the oldest, with all messages in order. Safe to run twice.
    """
    require(actor, Scope.CONVERSATIONS_WRITE)
    changed = 0
    for identity in Identity.objects.filter(is_unsettled=True).order_by("pk")[:AT_ONCE]:
        try:
            changed += _settle(identity)
        except IntegrityError:  # somebody opened one in this moment: the sweep comes again
            logger.warning("join.postponed identity=%s", identity.pk)
    return changed


@transaction.atomic
def _settle(identity: Identity) -> int:
    lock_people({identity.person_id})
    if not Identity.objects.filter(pk=identity.pk, is_unsettled=True).exists():
        return 0  # done with another of its family
    family = _family(identity)
    rows = _locked(family)
    owner = {row.pk: row.came_from_id or row.identity_id for row in rows.values()}
    mains = dict(Identity.objects.filter(pk__in=owner.values()).values_list("pk", Coalesce("alias_of", "pk")))
    home = {pk: mains[identity] for pk, identity in owner.items()}
    parted = [join for join in _joins(rows) if home[join.joined_id] != home[join.conversation_id]]
    changed = {pk for join in parted for pk in _part(join)}
    rows = _locked(family)
    open_ones: dict[tuple[int, int], list[Conversation]] = defaultdict(list)
    for row in rows.values():
        if row.closed_at is None:
            open_ones[row.inbox_id, home[row.pk]].append(row)
    for first, *others in open_ones.values():
        changed |= {pk for other in others for pk in _join(first, other)}
    for row in _locked(family).values():
        if row.joined_to_id is None and row.identity_id != home[row.pk]:
            _move_in(row, home[row.pk], owner[row.pk])
            changed.add(row.pk)
    for join in parted:
        _open_again(join.joined_id)
    for conversation in Conversation.objects.filter(pk__in=changed, joined_to=None).select_related("inbox"):
        announce_conversation(conversation)
    Identity.objects.filter(pk__in=family, is_unsettled=True).update(is_unsettled=False)
    return len(changed)


@transaction.atomic
def gather_stragglers(*, actor: Actor) -> int:
    """Move what was written into a conversation in the moment it was joined; return how many messages."""
    require(actor, Scope.CONVERSATIONS_WRITE)
    moved = 0
    late = ConversationJoin.objects.filter(
        undone_at=None, joined__last_message__isnull=False, joined__joined_to__isnull=False
    )
    for join in late.select_related("joined", "conversation"):
        moved += len(_move(join.joined, _end_of(join.conversation), join))
    return moved


def _family(identity: Identity) -> set[int]:
    """Return an identity with everything that hangs together with it now."""
    main = Identity.objects.filter(pk=identity.pk).values_list(Coalesce("alias_of", "pk"), flat=True).get()
    return {main, *Identity.objects.filter(alias_of=main).values_list("pk", flat=True)}


def _locked(identities: Collection[int]) -> dict[int, Conversation]:
    """Return all conversations these identities have or had, oldest first, and let nobody write in them."""
    theirs = Q(identity__in=identities) | Q(came_from__in=identities)
    keys: set[int] = set()
    while more := set(Conversation.objects.filter(theirs).values_list("pk", flat=True)) - keys:
        keys |= more
        above = Conversation.objects.filter(pk__in=more, joined_to__isnull=False).values("joined_to")
        theirs = Q(pk__in=above) | Q(joined_to__in=more)
    rows = Conversation.objects.filter(pk__in=keys).select_for_update(of=["self"]).select_related("inbox")
    return {row.pk: row for row in rows.order_by("pk")}


def _joins(rows: Collection[int]) -> list[ConversationJoin]:
    joins = ConversationJoin.objects.filter(joined__in=rows, undone_at=None)
    return list(joins.select_related("joined", "conversation").order_by("-pk"))


def _join(first: Conversation, other: Conversation) -> list[int]:
    """Let one open conversation go on in another."""
    join = ConversationJoin.objects.create(
        conversation=first, joined=other, unread_count=other.unread_count, window_ends_at=other.window_ends_at
    )
    Conversation.objects.filter(pk=other.pk).update(
        joined_to=first, closed_at=Now(), is_pending=False, pending_since=None, unread_count=0, **assist.ANSWERED
    )
    Conversation.objects.filter(pk=first.pk).update(
        unread_count=F("unread_count") + other.unread_count,
        is_pending=first.is_pending or other.is_pending,
        pending_since=min(filter(None, (first.pending_since, other.pending_since)), default=None),
        assignee=first.assignee_id or other.assignee_id,
        assistant_mode=first.assistant_mode or other.assistant_mode,
        **_pause_of(first, other),
        **_wish_of(first, other),
        snoozed_until=None,
        window_ends_at=Greatest("window_ends_at", other.window_ends_at),
    )
    _move(other, first, join)
    return [first.pk, other.pk]


def _pause_of(first: Conversation, other: Conversation) -> dict[str, Any]:
    """Return the pause of two that become one: whoever held one of them back holds both."""
    paused = first if first.assistant_paused_at else other
    return {"assistant_paused_at": paused.assistant_paused_at, "assistant_pause": paused.assistant_pause}


def _wish_of(first: Conversation, other: Conversation) -> dict[str, Any]:
    """Return that an answer is wanted where words go on that wait for one, or beside which one was proposed."""
    if other.reply_wanted_at is None and not other.has_suggestion and not first.has_suggestion:
        return {}
    assist.ring()
    return assist.REPLY_WANTED


def _move_in(conversation: Conversation, home: int, owner: int) -> None:
    """Put a conversation where it belongs now, and remember whose it is."""
    Conversation.objects.filter(pk=conversation.pk).update(
        identity=home,
        came_from=None if owner == home else owner,
        person=Identity.objects.filter(pk=home).values("person"),
    )


def _move(source: Conversation, target: Conversation, join: ConversationJoin) -> list[int]:
    """Move all messages of a conversation into another one, and remember which."""
    moved = list(Message.objects.filter(conversation=source).order_by("pk").values_list("pk", flat=True))
    ConversationJoin.objects.filter(pk=join.pk).update(messages=[*join.messages, *moved])
    _put(moved, source, target)
    return moved


def _part(join: ConversationJoin) -> list[int]:
    """Give a conversation the messages back that still are where they were put."""
    source, target = _end_of(join.conversation), join.joined
    still = Message.objects.filter(pk__in=join.messages, conversation=source)
    back = list(still.order_by("pk").values_list("pk", flat=True))
    ConversationJoin.objects.filter(pk=join.pk).update(undone_at=Now())
    unread = min(join.unread_count, source.unread_count)
    Conversation.objects.filter(pk=source.pk).update(unread_count=F("unread_count") - unread)
    Conversation.objects.filter(pk=target.pk).update(
        joined_to=None, unread_count=unread, window_ends_at=join.window_ends_at
    )
    _put(back, source, target)
    return [source.pk, target.pk]


def _open_again(pk: int) -> None:
    """Open what was open before it was joined, unless there is a newer one by now."""
    open_ones = Conversation.objects.filter(inbox=OuterRef("inbox"), identity=OuterRef("identity"), closed_at=None)
    Conversation.objects.filter(~Exists(open_ones), pk=pk).update(closed_at=None)


def _put(messages: list[int], source: Conversation, target: Conversation) -> None:
    """Move messages, and let both rows of the list show what they hold now."""
    Message.objects.filter(pk__in=messages).update(conversation=target)
    for conversation in (source, target):
        theirs = Message.objects.filter(conversation=conversation)
        latest = theirs.exclude(kind__in=ACTS).order_by("-occurred_at", "-pk").first()
        heard_at = theirs.filter(direction=Direction.IN).aggregate(at=Max("occurred_at"))["at"]
        Conversation.objects.filter(pk=conversation.pk).update(
            last_message=None, last_message_text="", last_message_kind="", last_inbound_at=heard_at
        )
        if latest:
            follow_message(latest)
    for message in reversed(Message.objects.filter(pk__in=messages).order_by("-occurred_at", "-pk")[:SHOWN]):
        announce(live.LiveKind.MESSAGE_ADDED, message, branch_id=target.inbox.branch_id)


def _end_of(conversation: Conversation) -> Conversation:
    """Return where a conversation goes on, over however many joins."""
    related = Conversation.objects.select_related("inbox")
    while conversation.joined_to_id is not None:
        conversation = related.get(pk=conversation.joined_to_id)
    return related.get(pk=conversation.pk)
