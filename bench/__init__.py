"""Benchmarks. Each runs its floor and ours in the same run, on the same servers; only the ratio carries over."""
