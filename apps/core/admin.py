"""What every list of the admin is made of.

A list reads through its room's door and allows what the actor's scopes allow; Django's permission rows
play no part. What changes something calls the room's action, and what the action refuses is an error of
the form.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.filters import RelatedFieldListFilter, SimpleListFilter
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

from apps.core.actors import NOBODY, Actor, Scope
from apps.core.admin_checks import HouseChecks
from apps.core.models import SiteSettings
from apps.core.requests import actor_of

AT_ONCE = 200
LOOKUPS = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt", "__lte", "__year", "__month", "__day")
"""What an address may ask of a filtered column: nothing that tells letter by letter what is hidden."""


class Behind:
    """Reads through a door and asks scopes: the common half of lists and of the lists inside a page."""

    door: Callable[[Actor], models.QuerySet[Any]]
    read_scope: Scope
    write_scope: Scope | None = None
    may_add = True
    may_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = self.door(actor_of(request))
        return rows.order_by(*ordering) if (ordering := self.get_ordering(request)) else rows  # type: ignore[attr-defined]

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        """Offer in a choice only what exists for the actor."""
        return rows_for(self.admin_site, db_field.remote_field.model, request)  # type: ignore[attr-defined]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return actor_of(request).can(self.read_scope)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.write_scope is not None and actor_of(request).can(self.write_scope)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_add and self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_delete and self.has_change_permission(request)


class HouseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that shows what the action refused beside the field it is about."""

    actor: Actor = NOBODY
    refusal: ValidationError | None = None

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.refusal is not None:
            self.show_refusal(self.refusal)

    def show_refusal(self, refusal: ValidationError) -> None:
        """Put each error beside its field, and those about no field of this form on top."""
        for field, errors in error_lists(refusal).items():
            self.add_error(field if field in self.fields else None, errors)


def error_lists(refusal: ValidationError) -> dict[str | None, list[ValidationError]]:
    """Return the errors of a refusal by field; None holds those about no field."""
    if hasattr(refusal, "error_dict"):
        return {name: errors for name, errors in refusal.error_dict.items()}  # noqa: C416 – wider keys
    return {None: refusal.error_list}


class HouseAdmin(Behind, ModelAdmin):
    """One list of the admin and the pages of its rows."""

    form = HouseForm
    checks_class = HouseChecks
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = False
    list_fullwidth = True
    view_on_site = False
    warn_unsaved_form = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the filters of this list ask, nothing else (an address could spell out a secret)."""
        allowed = {f"{self.date_hierarchy}{suffix}" for suffix in LOOKUPS} if self.date_hierarchy else set()
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, SimpleListFilter):
                allowed.add(str(item.parameter_name))
            else:
                column = item if isinstance(item, str) else item[0]
                allowed |= {f"{column}{suffix}" for suffix in LOOKUPS}
        return lookup in allowed

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Answer for the missing and the hidden alike."""
        raise Http404

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[HouseForm]:
        form: type[HouseForm] = super().get_form(request, obj, change, **kwargs)
        form.actor = actor_of(request)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show and save one row; a refusal of the action undoes the saving and comes back with the form."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_inlines(self, request: HttpRequest, obj: models.Model | None) -> Any:
        """Show what belongs to a row, once there is a row."""
        return self.inlines if obj is not None else ()

    def page_of(self, obj: models.Model) -> str:
        """Return the address of the page of a row."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def list_page(self) -> str:
        """Return the address of this list."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row an address names. Raises Http404 for missing and hidden alike."""
        obj = self.get_object(request, unquote(str(object_id)))
        if obj is None:
            raise Http404
        return obj

    def act(self, request: HttpRequest, object_id: str, verb: Callable[[Any], object], done: Any) -> HttpResponse:
        """Do one thing to one row, note it in the row's history, and lead back to its page."""
        obj = self.row(request, object_id)
        try:
            with transaction.atomic():
                verb(obj)
                self.log_change(request, obj, str(done))
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
        else:
            self.message_user(request, str(done), messages.SUCCESS)
        return go_to(self.page_of(obj))

    def act_on_each(
        self, request: HttpRequest, rows: models.QuerySet[Any], verb: Callable[[Any], object], done: Any
    ) -> None:
        """Do one thing to each chosen row; one that is refused does not stop the others."""
        for obj in rows[:AT_ONCE]:
            try:
                with transaction.atomic():
                    verb(obj)
                    self.log_change(request, obj, str(done))
            except ValidationError as refusal:
                self.message_user(request, f"{obj}: {' '.join(refusal.messages)}", messages.ERROR)
            else:
                self.message_user(request, f"{obj}: {done}", messages.SUCCESS)


class RecordAdmin(HouseAdmin):
    """A long list that is only read: newest first, never counted, never sorted by what has no index."""

    write_scope = None
    paginator = InfinitePaginator
    ordering: tuple[str, ...] = ("-pk",)
    sortable_by = ()
    list_disable_select_all = True
    actions: Sequence[Any] | None = None

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class HouseInline(Behind, TabularInline):
    """Rows of another room's list inside a page; they are read here and changed on their own page."""

    extra = 0
    can_delete = False
    show_change_link = True
    per_page = 20
    ordering = ("-pk",)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class DoorFilter(RelatedFieldListFilter):
    """Filters by a related row, and offers only those that exist for the actor."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = rows_for(model_admin.admin_site, field.remote_field.model, request)
        return [(str(row.pk), str(row)) for row in rows[:200]]


def rows_for(site: Any, model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
    """Return the rows of a model that exist for whoever asks; none of a model without a list here."""
    if not site.is_registered(model):
        return model._default_manager.none()
    rows: models.QuerySet[Any] = site.get_model_admin(model).get_queryset(request)
    return rows


def become(obj: models.Model, written: models.Model) -> None:
    """Let the row an action wrote stand for the form's, for the history and the way back."""
    obj.__dict__.update(written.__dict__)


def colours(**loud: str) -> dict[str, str]:
    """Return the colours of a label by state; a state that is not named is calm."""
    return defaultdict(str, loud)


def go_to(address: str) -> HttpResponse:
    """Answer a dialog: the page around it moves to `address`."""
    return HttpResponse(headers={"HX-Redirect": address})


def site_settings_for(actor: Actor) -> models.QuerySet[SiteSettings]:
    """Return the one row of settings to whoever may set the house up."""
    settings = SiteSettings.objects.all()
    return settings if actor.can(Scope.SETUP_WRITE) else settings.none()


class OneRowAdmin(HouseAdmin):
    """Settings: one row, whose page is its list, and that is made when it is first saved."""

    may_add = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name))
        return self.change_view(request, "1", extra_context={**(extra_context or {}), "title": title})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        if object_id != "1" or not self.has_view_permission(request):
            return None
        return super().get_object(request, object_id, from_field) or self.model()


@admin.register(SiteSettings)
class SiteSettingsAdmin(OneRowAdmin):
    """The settings of the house."""

    door = staticmethod(site_settings_for)
    read_scope = write_scope = Scope.SETUP_WRITE
    fieldsets = (
        (None, {"fields": ("product_name", "journal_days")}),
        (
            _("Assistant"),
            {
                "fields": ("auto_reply",),
                "description": _(
                    "Where neither the inbox nor the chat says otherwise: on, it answers by itself; off, it suggests."
                ),
            },
        ),
    )
