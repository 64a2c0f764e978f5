"""The doors of this room, and what it knows of its own rows, one module per concern."""

from apps.assistant.queries.doors import (
    completions_for,
    models_for,
    params_for,
    providers_for,
    respondents_for,
    settings_for,
    suggestions_for,
    values_for,
)
from apps.assistant.queries.respondents import (
    Candidates,
    candidates,
    current_respondent,
    drawable_params,
    drawn_values,
    is_drawable,
)
from apps.assistant.queries.suggestions import (
    SHOWN_STATES,
    answers_after,
    current_suggestion,
    difference,
    is_answered,
    is_current,
    mode_of,
    newest_words,
)
from apps.assistant.queries.troubles import Trouble, config_problems, trouble_of_value

__all__ = [
    "SHOWN_STATES",
    "Candidates",
    "Trouble",
    "answers_after",
    "candidates",
    "completions_for",
    "config_problems",
    "current_respondent",
    "current_suggestion",
    "difference",
    "drawable_params",
    "drawn_values",
    "is_answered",
    "is_current",
    "is_drawable",
    "mode_of",
    "models_for",
    "newest_words",
    "params_for",
    "providers_for",
    "respondents_for",
    "settings_for",
    "suggestions_for",
    "trouble_of_value",
    "values_for",
]
