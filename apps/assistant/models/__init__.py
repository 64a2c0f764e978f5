"""Whom the assistant asks, what it is like, what it proposed and what that cost. Django finds the rows here."""

from apps.assistant.models.completion import Completion
from apps.assistant.models.configuration import SIMULATED_PATH, AIModel, AIParam, AIProvider, AIValue
from apps.assistant.models.respondent import Respondent, RespondentValue
from apps.assistant.models.settings import AssistantSettings
from apps.assistant.models.suggestion import Suggestion

__all__ = [
    "SIMULATED_PATH",
    "AIModel",
    "AIParam",
    "AIProvider",
    "AIValue",
    "AssistantSettings",
    "Completion",
    "Respondent",
    "RespondentValue",
    "Suggestion",
]
