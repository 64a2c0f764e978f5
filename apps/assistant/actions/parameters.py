"""What models are told: parameters, their values, and the settings of the assistant."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.assistant.models import AIParam, AIValue, AssistantSettings
from apps.assistant.queries import TROUBLES, trouble_of_value
from apps.conversations.actions.assist import ring
from apps.core.actors import Actor, Scope, require

LONGEST_TEXT = 6_000
MOST_CHANCE = 1_000_000
COLUMN_OF_KIND = {
    AIParam.Kind.PROMPT: "text",
    AIParam.Kind.STRING: "text",
    AIParam.Kind.NUMBER: "number",
    AIParam.Kind.MODEL: "model",
}
"""Where a value of each kind stands."""


@transaction.atomic
def add_param(*, columns: Mapping[str, Any], actor: Actor) -> AIParam:
    """Add a parameter. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.ASSISTANT_WRITE)
    param = AIParam(**columns)
    param.name = param.name.strip()
    param.slug = param.slug or slugify(param.name)[: AIParam._meta.get_field("slug").max_length]
    param.full_clean()
    param.save(force_insert=True)
    return param


@transaction.atomic
def change_param(*, param: AIParam, name: str, position: int, is_enabled: bool, actor: Actor) -> AIParam:
    """Change a parameter; its kind and its short name stay. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.ASSISTANT_WRITE)
    param = AIParam.objects.select_for_update().get(pk=param.pk)
    param.name, param.position, param.is_enabled = name.strip(), position, is_enabled
    param.full_clean()
    param.save()
    return param


@transaction.atomic
def add_value(*, param: AIParam, columns: Mapping[str, Any], actor: Actor) -> AIValue:
    """Add a value of a parameter. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.ASSISTANT_WRITE)
    return _write_value(AIValue(param=param), columns)


@transaction.atomic
def change_value(*, value: AIValue, changes: Mapping[str, Any], actor: Actor) -> AIValue:
    """Change a value; where it was drawn, it is so from now on. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.ASSISTANT_WRITE)
    return _write_value(AIValue.objects.select_for_update().select_related("param").get(pk=value.pk), changes)


@transaction.atomic
def change_settings(*, changes: Mapping[str, Any], actor: Actor) -> AssistantSettings:
    """Change how the assistant works; what waits is looked at anew. Raises PermissionDenied, ValidationError."""
    require(actor, Scope.ASSISTANT_WRITE)
    settings = AssistantSettings.objects.select_for_update().first() or AssistantSettings()
    for column, value in changes.items():
        setattr(settings, column, value)
    settings.full_clean()
    settings.save()
    ring()
    return settings


def _write_value(value: AIValue, columns: Mapping[str, Any]) -> AIValue:
    for column, given in columns.items():
        setattr(value, column, given)
    value.name = value.name.strip()
    require_sound_value(value, value.param)
    value.full_clean()
    value.save()
    return value


def require_sound_value(value: AIValue, param: AIParam) -> None:
    """Raise ValidationError by field where a value says nothing, or more than a model is to read of it."""
    column = COLUMN_OF_KIND[AIParam.Kind(param.kind)]
    if len(value.text) > LONGEST_TEXT:
        words = _("At most %(most)d characters.")
        raise ValidationError({"text": ValidationError(words, code="too_long", params={"most": LONGEST_TEXT})})
    if value.chance > MOST_CHANCE:
        words = _("At most %(most)d.")
        raise ValidationError({"chance": ValidationError(words, code="too_high", params={"most": MOST_CHANCE})})
    code = trouble_of_value(value, param)
    if code and not (column == "model" and value.model is not None):  # a model may be switched on later
        raise ValidationError({column: ValidationError(TROUBLES[code], code=code)})
