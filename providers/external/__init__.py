"""Channels without an adapter of ours: a service of any kind that speaks the unified contract, both ways.

Reference: docs/reference/providers/external.md
"""
