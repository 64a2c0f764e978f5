"""The people who write to us, their addresses and their tags."""
