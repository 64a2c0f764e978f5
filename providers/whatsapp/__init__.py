"""The WhatsApp Cloud API: everything people send, in both directions.

Reference: docs/reference/providers/whatsapp.md
"""
