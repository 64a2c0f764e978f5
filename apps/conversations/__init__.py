"""The heart: conversations and messages; receiving, sending, delivery."""
