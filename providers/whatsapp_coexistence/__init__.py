"""WhatsApp numbers that are used in the WhatsApp Business app and here at once.

Reference: docs/reference/providers/whatsapp_coexistence.md
"""
