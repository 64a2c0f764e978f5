"""manage.py rotate_keys: seal every stored secret with the first key of ENCRYPTION_KEYS."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Model

from apps.core.commands import ScriptCommand
from apps.core.secrets import EncryptedJSONField, UnreadableSecret


class Command(ScriptCommand):
    """Row by row, each in its own transaction: killed half-way, everything is still readable. Safe to repeat."""

    help = "Encrypt every stored secret with the first key of ENCRYPTION_KEYS; then the other keys may go."

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        facts = {"rotated": 0, "current": 0, "unreadable": 0}
        for model, column in encrypted_columns():
            for pk in model._default_manager.order_by("pk").values_list("pk", flat=True):
                facts[rotate(model, pk, column)] += 1
        return facts

    def show(self, facts: dict[str, Any], *, as_json: bool) -> None:
        super().show(facts, as_json=as_json)
        if facts["unreadable"]:
            raise CommandError(
                "Some secrets open with none of the keys. Put the missing key back, or enter them again."
            )


def encrypted_columns() -> Iterator[tuple[type[Model], str]]:
    """Return every encrypted column of the house."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field.attname


@transaction.atomic
def rotate(model: type[Model], pk: Any, column: str) -> str:
    """Seal one value with the first key, and say what it was: rotated, current or unreadable."""
    row = model._default_manager.select_for_update().only("pk", column).filter(pk=pk).first()
    if row is None or (sealed := getattr(row, column)).is_current():
        return "current"
    try:
        setattr(row, column, sealed.rotated())
    except UnreadableSecret:
        return "unreadable"
    row.save(update_fields=[column])
    return "rotated"
