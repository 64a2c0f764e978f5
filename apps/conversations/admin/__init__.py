"""Conversations, messages and every attempt to send one, in the admin."""

from apps.conversations.admin import conversations, messages  # noqa: F401 – importing registers their lists
