"""What a list of the admin must say of itself; `manage.py check` refuses one that does not."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.filters import ListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.checks import CheckMessage, Error
from unfold.checks import UnfoldModelAdminChecks


class HouseChecks(UnfoldModelAdminChecks):
    """Doors, scopes, guarded actions, filters that offer nothing hidden."""

    def check(self, admin_obj: Any, **kwargs: Any) -> list[CheckMessage]:
        return [
            *super().check(admin_obj, **kwargs),
            *_scopes(admin_obj),
            *_guarded_actions(admin_obj),
            *_dialogs(admin_obj),
            *_filters(admin_obj),
        ]


def _scopes(page: Any) -> Iterator[CheckMessage]:
    """An inline or a list without a scope to read would be open to everybody."""
    for part in (page, *page.inlines):
        for name in ("door", "read_scope"):
            if not hasattr(part, name):
                yield Error(f"It needs `{name}`.", obj=part if isinstance(part, type) else type(part), id="house.E001")


def _guarded_actions(page: Any) -> Iterator[CheckMessage]:
    """An action without permissions runs for everybody who knows its address, hidden button or not."""
    functions = [action.func for action in page._get_base_actions()]
    for function in [*functions, *(action.method for action in _unfold_actions(page))]:
        names = list(getattr(function, "allowed_permissions", ()))
        if not names or any("." in name for name in names):
            yield Error(
                f"The action {function.__name__} needs `permissions`, by their bare names.",
                obj=type(page),
                id="house.E002",
            )


def _dialogs(page: Any) -> Iterator[CheckMessage]:
    """Without a dialog an action answers a plain GET, which any link on any site can make."""
    for action in _unfold_actions(page):
        if not action.dialog:
            yield Error(f"The action {action.action_name} needs a `dialog`.", obj=type(page), id="house.E003")


def _filters(page: Any) -> Iterator[CheckMessage]:
    """A plain filter by a relation would offer the rows of every branch."""
    for item in page.list_filter:
        if isinstance(item, type) and issubclass(item, ListFilter):
            continue
        name, kind = (item, None) if isinstance(item, str) else item
        if get_fields_from_path(page.model, name)[-1].is_relation and kind is None:
            yield Error(f"The filter {name} needs DoorFilter.", obj=type(page), id="house.E004")


def _unfold_actions(page: Any) -> list[Any]:
    return [
        *page._get_base_actions_list(),
        *page._get_base_actions_detail(),
        *page._get_base_actions_row(),
        *page._get_base_actions_submit_line(),
    ]
