"""What is wrong with the configuration, in words. None of it stops the assistant: it does without."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from apps.assistant.models import AIParam, AIProvider, AIValue
from apps.assistant.queries.doors import params_for, providers_for
from apps.assistant.queries.respondents import is_drawable, trouble_of_model
from apps.core.actors import Actor, Scope
from apps.core.secrets import UnreadableSecret

HOTTEST = 2
"""The highest temperature a model takes."""

TROUBLES: dict[str, Any] = {
    "no_provider": _("No AI provider is switched on: nothing is suggested."),
    "no_model": _("No model of it is switched on."),
    "no_key": _("Its key cannot be opened any more. Enter it again."),
    "no_params": _("There are no parameters: a model is told only the courses and the conversation."),
    "nothing_to_draw": _("It has no value that can be drawn, so it is left out."),
    "model_missing": _("Its model is not there any more; another one is asked."),
    "model_disabled": _("Its model is switched off; another one is asked."),
    "provider_disabled": _("The provider of its model is switched off; another one is asked."),
    "text_missing": _("It has no text, so it says nothing."),
    "number_missing": _("It has no number, so it says nothing."),
    "temperature": _("A temperature is between 0 and 2."),
}
"""Codes are stable; suggestions note them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong, and the row it is about."""

    code: str
    subject: Model | None = None

    @property
    def words(self) -> Any:
        """Say it."""
        return TROUBLES[self.code]


def config_problems(actor: Actor) -> list[Trouble]:
    """Return what is wrong with what `actor` may see of the configuration, the gravest first."""
    if not actor.can(Scope.ASSISTANT_READ):
        return []
    providers = providers_for(actor).filter(is_enabled=True).prefetch_related("models")
    params = params_for(actor).filter(is_enabled=True).prefetch_related("values__model__provider")
    found = [] if providers else [Trouble(code="no_provider")]
    found += [trouble for provider in providers for trouble in troubles_of_provider(provider)]
    found += [] if params else [Trouble(code="no_params")]
    return found + [trouble for param in params for trouble in troubles_of_param(param)]


def trouble_of_value(value: AIValue, param: AIParam) -> str:
    """Return what is wrong with one value of a parameter: a code, or nothing."""
    if param.kind == AIParam.Kind.MODEL:
        return trouble_of_model(value.model)
    if param.kind == AIParam.Kind.STRING:
        return ""  # its name says it already
    if param.kind == AIParam.Kind.PROMPT:
        return "" if value.text.strip() else "text_missing"
    if value.number is None:
        return "number_missing"
    return "temperature" if param.slug == "temperature" and not 0 <= value.number <= HOTTEST else ""


def troubles_of_provider(provider: AIProvider) -> Iterator[Trouble]:
    """Yield what keeps a provider that is on from being asked; its models should be loaded."""
    if not any(model.is_enabled for model in provider.models.all()):
        yield Trouble(code="no_model", subject=provider)
    if not _opens(provider):
        yield Trouble(code="no_key", subject=provider)


def troubles_of_param(param: AIParam) -> Iterator[Trouble]:
    """Yield what is wrong with a parameter; its values, their models and providers should be loaded."""
    standing = [value for value in param.values.all() if is_drawable(value)]
    if not standing:
        yield Trouble(code="nothing_to_draw", subject=param)
    for value in standing:
        if code := trouble_of_value(value, param):
            yield Trouble(code=code, subject=value)


def _opens(provider: AIProvider) -> bool:
    try:
        provider.api_key()
    except UnreadableSecret:
        return False
    return True
