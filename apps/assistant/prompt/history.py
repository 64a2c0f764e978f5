"""What was said in one conversation, as turns: the last messages that fit, and always the newest of the person."""

from apps.assistant.client.tokens import MESSAGE_OVERHEAD, cut, tokens_of
from apps.assistant.prompt.contents import Hide, said
from apps.assistant.types import Picture, Role, Turn
from apps.conversations.models import Attachment, Conversation, Direction, Kind, Message, Status
from apps.conversations.queries import attachments_of, messages_for
from apps.core.actors import SYSTEM

LEAST = 100
"""Tokens that the newest message of the person gets, however little room there is."""
PICTURES = 3
PICTURE_TOKENS = 1_000
SHOWN_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


def turns(
    conversation: Conversation, *, limit: int, room: int, with_images: bool, notice: str, hide: Hide
) -> tuple[Turn, ...]:
    """Return the last `limit` messages that fit into `room` tokens, oldest first; `notice` is no part of an answer."""
    messages = _last(conversation, limit)
    files = attachments_of(messages)
    share = max(room // 2, LEAST)
    spoken = {
        message.pk: cut(said(message, files[message.pk], hide).removesuffix(notice).rstrip(), share)
        for message in messages
    }
    kept, room = _fitting([message for message in messages if spoken[message.pk]], spoken, room)
    shown: dict[int, tuple[Picture, ...]] = {}
    left = min(PICTURES, max(room, 0) // PICTURE_TOKENS) if with_images else 0
    for message in reversed(kept):
        shown[message.pk] = _pictures(message, files[message.pk])[:left]
        left -= len(shown[message.pk])
    return tuple(
        Turn(
            role=Role.PERSON if message.direction == Direction.IN else Role.OURS,
            text=spoken[message.pk],
            pictures=shown[message.pk],
        )
        for message in kept
    )


def _last(conversation: Conversation, limit: int) -> list[Message]:
    """Return the last messages that stand and arrived, oldest first; the newest of the person is one of them."""
    messages = messages_for(SYSTEM).filter(conversation=conversation, deleted_at=None).exclude(kind=Kind.SYSTEM)
    messages = messages.exclude(status=Status.FAILED).select_related("reply_to")
    last = list(messages.order_by("-occurred_at", "-id")[:limit])[::-1]
    if last and all(message.direction == Direction.OUT for message in last):
        return [*messages.filter(direction=Direction.IN).order_by("-id")[:1], *last]
    return last


def _fitting(messages: list[Message], spoken: dict[int, str], room: int) -> tuple[list[Message], int]:
    """Return the messages that fit, and the room that is left; the oldest go first, the person's newest never."""
    cost = {message.pk: tokens_of(spoken[message.pk]) + MESSAGE_OVERHEAD for message in messages}
    newest = max((message.pk for message in messages if message.direction == Direction.IN), default=None)
    kept = {newest} if newest else set()
    room -= cost[newest] if newest else 0
    for message in reversed(messages):
        if message.pk == newest:
            continue
        if cost[message.pk] > room:
            break
        room -= cost[message.pk]
        kept.add(message.pk)
    return [message for message in messages if message.pk in kept], room


def _pictures(message: Message, files: list[Attachment]) -> tuple[Picture, ...]:
    """Return the images of the person that are here and that models can read."""
    if message.direction != Direction.IN:
        return ()
    return tuple(
        Picture(mime_type=file.mime_type, file=str(file.file.name))
        for file in files
        if file.kind == Kind.IMAGE and file.state == Attachment.State.READY and file.file
        and file.mime_type in SHOWN_IMAGES
    )  # fmt: skip
