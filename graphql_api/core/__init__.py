"""What happened, as other applications follow it."""
