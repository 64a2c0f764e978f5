"""Conversations, messages, their files, and every attempt to send one. Django finds the rows of a room here."""

from apps.conversations.models.attachment import Attachment, random_name
from apps.conversations.models.choices import ACTS, FAILED, UNSENT, Direction, Dispatch, Kind, Pause, Sender, Status
from apps.conversations.models.conversation import Conversation, ConversationJoin
from apps.conversations.models.delivery import MessageAlias, PendingChange, PendingStatus, SendAttempt
from apps.conversations.models.message import Message, MessageEdit, Reaction

__all__ = [
    "ACTS",
    "FAILED",
    "UNSENT",
    "Attachment",
    "Conversation",
    "ConversationJoin",
    "Direction",
    "Dispatch",
    "Kind",
    "Message",
    "MessageAlias",
    "MessageEdit",
    "Pause",
    "PendingChange",
    "PendingStatus",
    "Reaction",
    "SendAttempt",
    "Sender",
    "Status",
    "random_name",
]
