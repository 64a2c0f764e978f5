"""WhatsApp Cloud API: text in and out, delivery statuses.

Reference: docs/reference/providers/whatsapp.md
"""
