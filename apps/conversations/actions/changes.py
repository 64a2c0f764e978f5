"""Messages change after they came: other words, taken back, an emoji.

Whatever the order and however often it is told, the same state comes of it: each change has its time, the later one
counts, and a tie is decided by the content. What is said of a message nobody knows yet waits for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from apps.conversations.actions import assist
from apps.conversations.actions.arrivals import find, hold
from apps.conversations.actions.columns import announce, follow_content
from apps.conversations.models import Kind, Message, MessageEdit, PendingChange, Reaction
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.people.actions.identities import identity_at
from apps.people.models import Identity
from providers.types import MessageDeleted, MessageEdited, ReactionChanged

EMOJI_LENGTH = Reaction._meta.get_field("emoji").max_length
OWN_ECHO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one message."""

    what: PendingChange.What
    at: datetime
    text: str = ""
    identity_id: int | None = None


@transaction.atomic(savepoint=False)
def apply_edit(*, inbox: Inbox, edit: MessageEdited, received_at: datetime, actor: Actor) -> bool:
    """Give a message other words, or let that wait for it; tell whether anything changed."""
    require(actor, Scope.MESSAGES_SEND)
    hold(inbox, ids=[edit.provider_message_id])
    at = _time(edit.provider_time, received_at)
    return _apply_or_wait(inbox, edit.provider_message_id, Change(what=PendingChange.What.EDIT, at=at, text=edit.text))


@transaction.atomic(savepoint=False)
def apply_deletion(*, inbox: Inbox, deletion: MessageDeleted, received_at: datetime, actor: Actor) -> bool:
    """Note that a message was taken back, or let that wait for it; tell whether anything changed."""
    require(actor, Scope.MESSAGES_SEND)
    hold(inbox, ids=[deletion.provider_message_id])
    at = _time(deletion.provider_time, received_at)
    return _apply_or_wait(inbox, deletion.provider_message_id, Change(what=PendingChange.What.DELETION, at=at))


@transaction.atomic(savepoint=False)
def apply_reaction(*, inbox: Inbox, reaction: ReactionChanged, received_at: datetime, actor: Actor) -> bool:
    """Put somebody's emoji on a message, or take it back, or let that wait; tell whether anything changed."""
    require(actor, Scope.MESSAGES_SEND)
    hold(inbox, addresses=[reaction.reactor] if reaction.reactor else [], ids=[reaction.provider_message_id])
    identity = None
    if reaction.reactor is not None:
        identity = identity_at(
            account=inbox.account,
            sender=reaction.reactor,
            aliases=(),
            display_name=reaction.reactor_name,
            actor=actor,
        )
    change = Change(
        what=PendingChange.What.REACTION,
        at=_time(reaction.provider_time, received_at),
        text=reaction.emoji[:EMOJI_LENGTH],
        identity_id=identity.pk if identity else None,
    )
    return _apply_or_wait(inbox, reaction.provider_message_id, change)


def apply_waiting_changes(message: Message, *ids: str) -> bool:
    """Apply what was said of a message before it came. Call it while its ids are held."""
    waiting = list(
        PendingChange.objects.filter(
            inbox=message.inbox_id, provider_message_id__in=ids or [message.provider_message_id]
        ).order_by("at", "pk")
    )
    told = [
        Change(what=PendingChange.What(row.what), at=row.at, text=row.text, identity_id=row.identity_id)
        for row in waiting
    ]
    changed = [apply_change(message, change) for change in told]
    PendingChange.objects.filter(pk__in=[row.pk for row in waiting]).delete()
    return any(changed)


def apply_change(message: Message, change: Change) -> bool:
    """Apply one change to a message that is here; tell whether anything changed. The caller announces it."""
    match change.what:
        case PendingChange.What.EDIT:
            changed = _edit(message, change)
        case PendingChange.What.DELETION:
            changed = _delete(message, change.at)
        case _:
            return put_reaction(message, change)
    if changed:
        follow_content(message)
    return changed


def put_reaction(message: Message, change: Change, *, user_id: int | None = None) -> bool:
    """Let an emoji be the one somebody has on a message, unless a later one is there.

    Call it with the message locked. Whoever got another main address since is still the same.
    """
    if change.identity_id is None:
        theirs, identity_id = Q(identity=None), None
    else:
        mains = Identity.objects.filter(pk=change.identity_id).values_list(Coalesce("alias_of", "pk"), flat=True)
        identity_id = mains.get()
        theirs = Q(identity=identity_id) | Q(identity__alias_of=identity_id)
    row = message.reactions.filter(theirs).order_by("-at", "pk").first()
    if row is None:
        fields: dict[str, Any] = {"identity_id": identity_id, "user_id": user_id}
        Reaction.objects.create(message=message, emoji=change.text, at=change.at, **fields)
        return True
    if _rank(row.at, row.emoji) >= _rank(change.at, change.text):
        return False
    row.emoji, row.at, row.user_id = change.text, change.at, user_id
    row.save(update_fields=["emoji", "at", "user"])
    return True


def _apply_or_wait(inbox: Inbox, provider_id: str, change: Change) -> bool:
    known = find(inbox, provider_id)
    if not known.message_ids:
        _wait(inbox, provider_id, change)
        return False
    message = Message.objects.select_for_update(of=["self"], no_key=True).get(pk=known.message_ids[0])
    changed = apply_change(message, change)
    if changed:
        announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=inbox.branch_id)
        if change.what != PendingChange.What.REACTION:
            assist.reconsider(message)
    return changed


def _wait(inbox: Inbox, provider_id: str, change: Change) -> None:
    said: dict[str, Any] = {"what": change.what, "identity_id": change.identity_id, "at": change.at}
    row, is_new = PendingChange.objects.get_or_create(
        inbox=inbox, provider_message_id=provider_id, **said, defaults={"text": change.text}
    )
    if not is_new and _rank(row.at, row.text) < _rank(change.at, change.text):
        PendingChange.objects.filter(pk=row.pk).update(text=change.text)


def _edit(message: Message, change: Change) -> bool:
    """Put an edit among those that are known by its time; the words of the latest are the message's."""
    edits = list(message.edits.order_by("at"))
    if _is_own_echo(message, edits, change):
        return False
    later = next((edit for edit in edits if edit.at > change.at), None)
    same = next((edit for edit in edits if edit.at == change.at), None)
    now_said = later.text if later else message.text
    if same is None:
        MessageEdit.objects.create(message=message, at=change.at, text=now_said)
    elif _rank(change.at, now_said) >= _rank(change.at, change.text):
        return False
    if later is not None:
        MessageEdit.objects.filter(pk=later.pk).update(text=change.text)
        return True
    message.text, message.edited_at = change.text, change.at
    message.save(update_fields=["text", "edited_at"])
    return True


def _is_own_echo(message: Message, edits: list[MessageEdit], change: Change) -> bool:
    """Tell whether this only repeats a correction of ours, which was noted when the provider took it."""
    if not edits or message.text != change.text or message.edited_at == change.at:
        return False
    is_near = abs(edits[-1].at - change.at) < OWN_ECHO_WITHIN
    return is_near and Message.objects.filter(acts_on=message, kind=Kind.REWRITING, text=change.text).exists()


def _delete(message: Message, at: datetime) -> bool:
    if message.deleted_at is not None and message.deleted_at <= at:
        return False
    message.deleted_at = at
    message.save(update_fields=["deleted_at"])
    return True


def _rank(at: datetime, text: str) -> tuple[datetime, bool, str]:
    """Return what decides which of two counts: the later one; of two at the same time the one that takes away."""
    return (at, not text, text)


def _time(provider_time: datetime | None, received_at: datetime) -> datetime:
    return min(provider_time or received_at, received_at)
