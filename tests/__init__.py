"""Tests at the edges, against real servers; `tests/README.md` says how they are built."""
