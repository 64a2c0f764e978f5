"""Accounts, inboxes and the journal in the admin."""

from apps.inboxes.admin import accounts, journal  # noqa: F401 – importing registers their lists
