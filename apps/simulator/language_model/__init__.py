"""A model that is none: rules that read a prompt and answer in Spanish. Pure: no rows, no network, no clock.

It knows nothing but the prompt: a course that is not told there does not exist.
"""

from apps.simulator.language_model.answers import Said, answer
from apps.simulator.language_model.wire import NAME, completion, error, events, pieces_of, speak, usage_of, words_of

__all__ = ["NAME", "Said", "answer", "completion", "error", "events", "pieces_of", "speak", "usage_of", "words_of"]
