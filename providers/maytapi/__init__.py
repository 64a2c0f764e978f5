"""WhatsApp through Maytapi: a phone of ours that their server holds on to.

Reference: docs/reference/providers/maytapi.md
"""
