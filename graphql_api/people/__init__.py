"""People as other applications see them."""
