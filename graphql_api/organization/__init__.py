"""Branches as other applications see them."""
