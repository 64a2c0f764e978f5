"""People, their addresses and their tags in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from apps.core.actors import Scope
from apps.core.admin import Behind, DoorFilter, HouseAdmin, HouseInline, RecordAdmin
from apps.core.admin_site import actor_of
from apps.people.actions.people import announce_person, change_person
from apps.people.models import Identity, Person, PersonTag, Tag, search_key
from apps.people.queries import identities_for, people_for, person_tags_for, tags_for


class PersonTagInline(Behind, TabularInline):
    """The tags of a person, put and taken here."""

    model = PersonTag
    door = staticmethod(person_tags_for)
    read_scope = Scope.PEOPLE_READ
    write_scope = Scope.PEOPLE_WRITE
    may_delete = True
    extra = 0
    fields = ("tag", "created_by", "created_at")
    readonly_fields = ("created_by", "created_at")
    autocomplete_fields = ("tag",)


class IdentityInline(HouseInline):
    """The addresses a person writes from."""

    model = Identity
    door = staticmethod(identities_for)
    read_scope = Scope.PEOPLE_READ
    fields = readonly_fields = ("account", "scope", "address", "group_address", "display_name", "window_until")


@admin.register(Person)
class PersonAdmin(HouseAdmin):
    """People appear by writing to us; whoever sees every branch may also enter one by hand."""

    door = staticmethod(people_for)
    read_scope = Scope.PEOPLE_READ
    write_scope = Scope.PEOPLE_WRITE
    list_display = ("__str__", "phone", "email", "national_id", "region", "created_at")
    list_filter = (("tags", DoorFilter),)
    search_fields = ("search_key",)
    search_help_text = _("Name, telephone, e-mail or DNI.")
    fields = (
        ("name", "national_id"),
        ("phone", "email"),
        ("region", "birthday"),
        "notes",
        ("created_at", "updated_at"),
    )
    readonly_fields = ("created_at", "updated_at")
    inlines = (PersonTagInline, IdentityInline)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_add_permission(request, obj) and actor_of(request).sees_all

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Person], search_term: str
    ) -> tuple[QuerySet[Person], bool]:
        """Search as the chat page does: by the column that has an index for it."""
        return queryset.filter(search_key__contains=search_key(search_term)) if search_term else queryset, False

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if change:
            change_person(person=obj, details=form.cleaned_data, actor=actor_of(request))
        else:
            super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Note who put a tag."""
        for added in formset.save(commit=False):
            added.created_by_id = actor_of(request).user_id
            added.save()
        for removed in formset.deleted_objects:
            removed.delete()
        if formset.has_changed():
            announce_person(form.instance)


@admin.register(Tag)
class TagAdmin(HouseAdmin):
    """Tags are the same for the whole house, so only whoever sees all of it takes one away."""

    door = staticmethod(tags_for)
    read_scope = Scope.PEOPLE_READ
    write_scope = Scope.PEOPLE_WRITE
    may_delete = True
    list_display = ("name", "slug", "hue")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and actor_of(request).sees_all


@admin.register(Identity)
class IdentityAdmin(RecordAdmin):
    """Addresses come with the messages; they are only read here."""

    door = staticmethod(identities_for)
    read_scope = Scope.PEOPLE_READ
    list_display = ("address", "scope", "display_name", "person", "account", "window_until")
    list_filter = ("scope", ("account", DoorFilter))
    search_fields = ("address",)
    search_help_text = _("The whole address.")
    fields = (
        "person",
        "account",
        "scope",
        "address",
        "group_address",
        "display_name",
        "window_until",
        "created_at",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Identity], search_term: str
    ) -> tuple[QuerySet[Identity], bool]:
        return queryset.filter(address=search_term.strip()) if search_term else queryset, False
