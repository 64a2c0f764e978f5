"""Messages of every kind as rows, for what draws them."""

import itertools
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from apps.conversations.models import Attachment, Conversation, Direction, Dispatch, Message, Sender

_numbers = itertools.count(1)


def make_message(conversation: Conversation, kind: str = "text", **fields: Any) -> Message:
    """Write a message of the person, or ours with direction="out"; nothing follows from it."""
    number = next(_numbers)
    is_ours = fields.get("direction") == Direction.OUT
    sent = {"sender": Sender.OPERATOR, "dispatch": Dispatch.ACCEPTED, "sent_at": timezone.now()}
    fields = {
        "direction": Direction.IN,
        "sender": Sender.PERSON,
        "provider_message_id": f"row-{number}",
        "occurred_at": timezone.now(),
        **(sent if is_ours else {}),
        **fields,
    }
    return Message.objects.create(conversation=conversation, inbox_id=conversation.inbox_id, kind=kind, **fields)


def make_file(message: Message, kind: str = "", content: bytes = b"bytes", **fields: Any) -> Attachment:
    """Give a message a file of its kind."""
    file = Attachment(message=message, kind=kind or message.kind, size=len(content), **fields)
    if file.state == Attachment.State.READY:
        file.file.save(file.name or "file", ContentFile(content), save=False)
    file.save()
    return file
