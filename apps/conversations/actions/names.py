"""One message has several ids at some providers; two rows of one message become one."""

from collections.abc import Iterable, Sequence
from functools import partial

from django.db import transaction
from django.db.models.functions import Least

from apps.conversations.actions.arrivals import find
from apps.conversations.actions.changes import Change, put_reaction
from apps.conversations.actions.columns import announce_conversation, follow_message
from apps.conversations.actions.files import delete_stored
from apps.conversations.models import ACTS, Conversation, Direction, Message, MessageAlias, PendingChange, Sender
from apps.inboxes.models import Inbox


def also_known_as(message: Message, ids: Iterable[str]) -> None:
    """Note other ids of a message; one that already names something stays with that."""
    names = [name for name in ids if name and name != message.provider_message_id]
    MessageAlias.objects.bulk_create(
        [MessageAlias(inbox_id=message.inbox_id, provider_message_id=name, message=message) for name in names],
        ignore_conflicts=True,
    )


def unite(inbox: Inbox, ids: Sequence[str]) -> Message | None:
    """Let all of these ids name one message of ours, whichever of them were known; return it, locked.

    Call it while the ids are held. Of several rows the one that was sent from here stays. What acts on a message is
    never one with it, although some providers call both by one name: then None.
    """
    rows = Message.objects.select_for_update(of=["self"], no_key=True).filter(
        pk__in=find(inbox, *ids).message_ids, direction=Direction.OUT
    )
    known = sorted(rows, key=lambda row: (row.sender == Sender.PHONE, row.pk))
    if len({row.kind in ACTS for row in known}) != 1:
        return None
    own, *others = known
    for other in others:
        if other.sender == Sender.PHONE:
            absorb(own, other)
    also_known_as(own, ids)
    return own


def absorb(own: Message, echo: Message) -> None:
    """Let a message sent from here take over what is known of its echo, which was kept as one of its own.

    Call it with both rows locked; the row of the echo is gone afterwards, and its id is free.
    """
    for reaction in echo.reactions.all():
        put_reaction(
            own,
            Change(
                what=PendingChange.What.REACTION,
                at=reaction.at,
                text=reaction.emoji,
                identity_id=reaction.identity_id,
            ),
        )
    if echo.edited_at is not None and own.edited_at is None:
        echo.edits.update(message=own)
        own.text, own.edited_at = echo.text, echo.edited_at
    own.deleted_at = own.deleted_at or echo.deleted_at
    own.save(update_fields=["text", "edited_at", "deleted_at"])
    Message.objects.filter(pk=own.pk).update(
        **{name: Least(name, getattr(echo, name)) for name in ("sent_at", "delivered_at", "read_at")}
    )
    echo.aliases.exclude(provider_message_id=own.provider_message_id).update(message=own)
    Message.objects.filter(reply_to=echo).update(reply_to=own)
    Message.objects.filter(acts_on=echo).update(acts_on=own)
    was_last = Conversation.objects.filter(last_message=echo)
    conversations = list(was_last.select_related("inbox"))
    echo_name = echo.provider_message_id
    for file in echo.attachments.exclude(message__in=Message.objects.filter(resent_of=echo).values("resent_of")):
        transaction.on_commit(partial(delete_stored, file), robust=True)  # what was sent again needs the same bytes
    echo.delete()
    also_known_as(own, [echo_name] if own.provider_message_id else [])
    for conversation in conversations:
        latest = conversation.messages.exclude(kind__in=ACTS).order_by("-occurred_at", "-id").first()
        if latest is not None:
            Conversation.objects.filter(pk=conversation.pk).update(last_message_at=latest.occurred_at)
            follow_message(latest)
        announce_conversation(conversation)
