"""A phone on a page of our own, for newcomers and tests; also the smallest whole provider.

Reference: docs/reference/providers/simulator.md
"""
