"""A model that is none: rules that read a prompt and answer in Spanish. Pure: no rows, no network, no clock."""

from apps.simulator.language_model.wire import NAME, completion, error, events, pieces_of, usage_of

__all__ = ["NAME", "completion", "error", "events", "pieces_of", "usage_of"]
