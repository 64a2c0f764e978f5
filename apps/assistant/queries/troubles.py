"""What is wrong with the configuration, in words. None of it stops the assistant: it does without."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.assistant.models import AIParam, AIProvider, AIValue
from apps.assistant.queries.doors import models_for, params_for, providers_for
from apps.assistant.queries.respondents import is_drawable, trouble_of_model
from apps.core.actors import Actor, Scope
from apps.core.secrets import UnreadableSecret

HOTTEST = 2
"""The highest temperature a model takes."""

WORDS: dict[str, Promise] = {
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
        return WORDS[self.code]


def config_problems(actor: Actor) -> list[Trouble]:
    """Return what is wrong with what `actor` may see of the configuration, the gravest first."""
    if not actor.can(Scope.ASSISTANT_READ):
        return []
    params = list(params_for(actor).filter(is_enabled=True).prefetch_related("values__model__provider"))
    found = _troubles_of_providers(actor)
    if not params:
        found.append(Trouble(code="no_params"))
    for param in params:
        found += _troubles_of_param(param)
    return found


def trouble_of_value(value: AIValue, param: AIParam) -> str:
    """Return what is wrong with one value of a parameter: a code, or nothing."""
    if param.kind == AIParam.Kind.MODEL:
        return trouble_of_model(value.model)
    if param.kind != AIParam.Kind.NUMBER:
        return "" if value.text.strip() else "text_missing"
    if value.number is None:
        return "number_missing"
    return "temperature" if param.slug == "temperature" and not 0 <= value.number <= HOTTEST else ""


def _troubles_of_providers(actor: Actor) -> list[Trouble]:
    providers = list(providers_for(actor).filter(is_enabled=True))
    if not providers:
        return [Trouble(code="no_provider")]
    equipped = set(models_for(actor).filter(is_enabled=True).values_list("provider_id", flat=True))
    found = []
    for provider in providers:
        if provider.pk not in equipped:
            found.append(Trouble(code="no_model", subject=provider))
        if not _opens(provider):
            found.append(Trouble(code="no_key", subject=provider))
    return found


def _opens(provider: AIProvider) -> bool:
    try:
        provider.api_key()
    except UnreadableSecret:
        return False
    return True


def _troubles_of_param(param: AIParam) -> Iterable[Trouble]:
    standing = [value for value in param.values.all() if is_drawable(value)]
    if not standing:
        yield Trouble(code="nothing_to_draw", subject=param)
    for value in standing:
        if code := trouble_of_value(value, param):
            yield Trouble(code=code, subject=value)
