"""What the background does for the assistant. Every task is safe to run twice and rung too often."""


def suggest_reply() -> str:
    """Begin whatever answers are due; they are written beside the task."""
    return "nothing is due"


def sweep_suggestions() -> str:
    """Settle what died on the way, and begin what is due."""
    return "nothing is due"


def prune_completions() -> str:
    """Forget words and rows of the log that are older than the settings keep them."""
    return "deleted 0"
