"""Whom the assistant may ask: places, their keys and their models."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.assistant.actions.defaults import ensure_defaults
from apps.assistant.actions.endpoints import clean_endpoint
from apps.assistant.models import AIModel, AIProvider
from apps.conversations.actions.assist import ring
from apps.core.actors import Actor, Scope, require

LONGEST_KEY = 500
OF_THE_MODEL = ("takes_schema", "reads_images", "max_output_tokens")
OF_THE_PROVIDER = (
    *("name", "endpoint_url", "priority", "is_enabled", "concurrency"),
    *("daily_budget", "currency", "price_input", "price_output"),
)
"""What of a provider may be changed. Its key has an action of its own."""


@transaction.atomic
def add_provider(*, name: str, endpoint_url: str, api_key: str, model: str, actor: Actor, **options: Any) -> AIProvider:
    """Add a place that answers, with its first model, and what is told to models where that is not set up yet.

    `options` are further columns of the provider and of the model. Raises: PermissionDenied; ValidationError (fields
    name, endpoint_url, api_key, model, …).
    """
    require(actor, Scope.SETUP_WRITE)
    if not model.strip():
        raise ValidationError({"model": ValidationError(_("Say which model."), code="required")})
    of_model = {column: options.pop(column) for column in OF_THE_MODEL if column in options}
    provider = AIProvider(name=name.strip(), endpoint_url=clean_endpoint(endpoint_url), **options)
    provider.credentials = {"api_key": clean_key(api_key)}
    provider.full_clean(exclude=["credentials"])
    provider.save(force_insert=True)
    add_model(provider=provider, columns={"name": model, **of_model}, actor=actor)
    ensure_defaults(actor=actor)
    return provider


@transaction.atomic
def change_provider(*, provider: AIProvider, changes: Mapping[str, Any], actor: Actor) -> AIProvider:
    """Change what is known of a provider; it is asked again at once.

    Raises: PermissionDenied; ValidationError by field.
    """
    require(actor, Scope.SETUP_WRITE)
    provider = AIProvider.objects.select_for_update().get(pk=provider.pk)
    _write(provider, changes, OF_THE_PROVIDER)
    provider.endpoint_url = clean_endpoint(provider.endpoint_url)
    provider.full_clean(exclude=["credentials"])
    _wake(provider, *OF_THE_PROVIDER)
    return provider


@transaction.atomic
def change_key(*, provider: AIProvider, api_key: str, actor: Actor) -> None:
    """Replace the key of a provider; it is asked again at once. Raises PermissionDenied, ValidationError."""
    require(actor, Scope.SETUP_WRITE)
    provider = AIProvider.objects.select_for_update().get(pk=provider.pk)
    provider.credentials = {"api_key": clean_key(api_key)}
    _wake(provider, "credentials")


@transaction.atomic
def add_model(*, provider: AIProvider, columns: Mapping[str, Any], actor: Actor) -> AIModel:
    """Add a model of a provider. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.SETUP_WRITE)
    model = AIModel(provider=provider, **{**columns, "name": columns["name"].strip()})
    model.full_clean()
    model.save(force_insert=True)
    ring()
    return model


@transaction.atomic
def change_model(*, model: AIModel, changes: Mapping[str, Any], actor: Actor) -> AIModel:
    """Change a model; its provider stays. Raises PermissionDenied, ValidationError by field."""
    require(actor, Scope.SETUP_WRITE)
    model = AIModel.objects.select_for_update().get(pk=model.pk)
    _write(model, changes, {field.name for field in AIModel._meta.concrete_fields} - {"id", "provider"})
    model.name = model.name.strip()
    model.full_clean()
    model.save()
    ring()
    return model


def clean_key(api_key: str) -> str:
    """Return a key as it is stored; what is wrong with it is said without it. Raises ValidationError."""
    key = api_key.strip()
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise ValidationError({"api_key": ValidationError(_("This is not a key."), code="invalid")})
    return key


def _wake(provider: AIProvider, *columns: str) -> None:
    """Write a provider and forget what went wrong with what it was."""
    provider.failures, provider.resting_until = 0, None
    provider.save(update_fields=[*columns, "failures", "resting_until"])
    ring()


def _write(row: AIProvider | AIModel, changes: Mapping[str, Any], known: Any) -> None:
    if unknown := set(changes) - set(known):
        raise TypeError(f"not to be changed: {unknown}")
    for column, value in changes.items():
        setattr(row, column, value)
