"""The offer as other applications see it."""
