"""What the background does for the assistant. Every task is safe to run twice and rung too often."""

import asyncio
from datetime import timedelta

from django.utils import timezone

from apps.assistant import engine
from apps.assistant.actions import trials
from apps.assistant.actions.log import forget_completions, forget_words
from apps.assistant.actions.outcomes import end_lost_leases
from apps.assistant.actions.overtaken import supersede_switched_off
from apps.assistant.client import Client
from apps.assistant.models import AIProvider, AssistantSettings
from apps.assistant.queries import endpoint_of
from apps.assistant.types import Answer, Endpoint, Failure, ModelError, Prompt, Role, Turn
from apps.core.actors import SYSTEM
from apps.core.secrets import UnreadableSecret

TRIAL_SECONDS = 20
"""How long a provider that is tried may take."""
TRIAL_INSTRUCTIONS = "Sos el asistente de un instituto. Esto es una prueba de conexión: respondé en una oración breve."
TRIAL_QUESTION = "Hola, ¿me leés?"


def suggest_reply() -> str:
    """Have whatever answers are due begun; they are written beside the tasks."""
    engine.current().wake()
    return "woken"


def sweep_suggestions() -> str:
    """Settle what died on the way, and have begun what is due: a lost bell costs seconds."""
    lost, ended = end_lost_leases(actor=SYSTEM), supersede_switched_off(actor=SYSTEM)
    engine.current().wake()
    return f"{lost} lost, {ended} switched off"


def prune_completions() -> str:
    """Forget words and rows of the log that are older than the settings keep them."""
    settings, now = AssistantSettings.current(), timezone.now()
    deleted = forget_completions(before=now - timedelta(days=settings.log_days), actor=SYSTEM)
    emptied = forget_words(before=now - timedelta(days=settings.text_days), actor=SYSTEM)
    return f"deleted {deleted}, emptied {emptied}"


def try_providers() -> str:
    """Ask each provider that somebody wants to see at work one small thing, and note what came back."""
    tried = 0
    while provider := trials.claim_trial(actor=SYSTEM):
        trials.record_trial(provider=provider, outcome=_trial_of(provider), actor=SYSTEM)
        tried += 1
    return f"{tried} tried"


def _trial_of(provider: AIProvider) -> Answer | Failure:
    model = trials.model_to_try(provider)
    if model is None:
        return Failure.NO_PROVIDER
    try:
        return asyncio.run(_ask(endpoint_of(model)))
    except UnreadableSecret:
        return Failure.UNAUTHORIZED
    except ModelError as error:
        return error.failure


async def _ask(endpoint: Endpoint) -> Answer:
    prompt = Prompt(instructions=TRIAL_INSTRUCTIONS, turns=(Turn(role=Role.PERSON, text=TRIAL_QUESTION),))
    async with Client() as client:
        return await client.ask(
            endpoint,
            prompt,
            first_text_seconds=TRIAL_SECONDS,
            deadline_seconds=TRIAL_SECONDS,
            on_text=lambda text: None,
        )
