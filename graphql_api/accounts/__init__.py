"""Who asks, and the colleagues that appear in conversations."""
