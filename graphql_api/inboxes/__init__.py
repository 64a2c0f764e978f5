"""Inboxes as other applications see them."""
