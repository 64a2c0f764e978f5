"""What we did to a message shows when the provider took it."""

from collections.abc import Sequence

from apps.conversations.actions.changes import Change, apply_change, put_reaction
from apps.conversations.actions.columns import announce
from apps.conversations.models import ACTS, Dispatch, Kind, Message, PendingChange
from apps.core import live
from apps.core.actors import Actor, Scope, require

TAKEN = (Dispatch.ACCEPTED, Dispatch.HANDED_OVER)
_WHAT = {
    Kind.REACTION: PendingChange.What.REACTION,
    Kind.REWRITING: PendingChange.What.EDIT,
    Kind.WITHDRAWAL: PendingChange.What.DELETION,
}


def take_effect(*, acts: Sequence[int], actor: Actor) -> None:
    """Let accepted acts change what they act on, each once however often this is called."""
    require(actor, Scope.MESSAGES_SEND)
    taken = Message.objects.filter(pk__in=acts, kind__in=ACTS, dispatch__in=TAKEN, failed_at=None)
    for act in taken.select_related("inbox").order_by("pk"):
        target = Message.objects.select_for_update(of=["self"], no_key=True).get(acts=act)
        if _show(act, target):
            announce(live.LiveKind.MESSAGE_CHANGED, target, branch_id=act.inbox.branch_id)


def _show(act: Message, target: Message) -> bool:
    if act.accepted_at is None:
        return False
    change = Change(what=_WHAT[Kind(act.kind)], at=act.accepted_at, text=act.text)
    if act.kind == Kind.REACTION:
        return put_reaction(target, change, user_id=act.author_id)
    return apply_change(target, change)
