"""Rows that belong to the row of a page and are changed there, by the actions of this room."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import StackedInline

from apps.core.admin import Behind, HouseAdmin, become
from apps.core.requests import actor_of


class OwnInline(Behind, StackedInline):
    """Rows of this room inside a page; `add` and `change` are actions."""

    extra = 0
    can_delete = False
    add: Callable[..., Model]
    change: Callable[..., Model]


class WithOwnRows(HouseAdmin):
    """A page whose inner rows are written by the actions that their inline names."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        inline = next(inline for inline in self.inlines if inline.model is formset.model)
        actor = actor_of(request)
        formset.save(commit=False)
        for row in formset.new_objects:
            given = next(each for each in formset.extra_forms if each.instance is row).cleaned_data
            columns = {name: given[name] for name in self._columns(formset) if name in given}
            become(row, inline.add(form.instance, columns, actor))
        for row, names in formset.changed_objects:
            become(row, inline.change(row, {name: getattr(row, name) for name in names}, actor))

    def _columns(self, formset: Any) -> list[str]:
        return [name for name in formset.form.base_fields if name not in ("id", formset.fk.name)]
