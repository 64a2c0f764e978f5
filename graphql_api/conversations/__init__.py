"""Conversations and messages as other applications read and write them."""
