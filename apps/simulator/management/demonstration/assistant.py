"""Whom the assistant asks: the simulated model, which needs no key of anybody."""

from django.conf import settings

from apps.assistant.actions.providers import add_provider
from apps.assistant.models import SIMULATED_PATH
from apps.core.actors import SYSTEM
from apps.simulator import language_model
from apps.simulator.queries import model_key


def load() -> None:
    """Add the simulated model, with the values that every installation begins with."""
    add_provider(
        name="Modelo simulado",
        endpoint_url=settings.SIMULATOR_URL + SIMULATED_PATH,
        api_key=model_key(),
        model=language_model.NAME,
        is_simulated=True,
        actor=SYSTEM,
    )
