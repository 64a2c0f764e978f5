"""Instagram messages, by Instagram login or by Facebook login.

Reference: docs/reference/providers/instagram.md
"""
