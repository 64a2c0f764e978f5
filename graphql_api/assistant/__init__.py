"""What the assistant proposes, and what other applications do with it."""
