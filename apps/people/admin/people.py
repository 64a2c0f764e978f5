"""People, their addresses and their tags in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.core.actors import Scope
from apps.core.admin import Behind, DoorFilter, HouseAdmin, HouseInline, RecordAdmin
from apps.core.requests import actor_of
from apps.people.actions.merge import merge_persons
from apps.people.actions.people import announce_person, change_person
from apps.people.admin.duplicates import DuplicatesPages
from apps.people.models import Identity, Person, PersonMerge, PersonTag, Tag, search_key
from apps.people.queries import identities_for, marketing_stopped_of, people_for, person_tags_for, tags_for

MERGED_AT_ONCE = 10


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
    fields = readonly_fields = ("account", "scope", "address", "alias_of", "display_name", "username", "left_at")


@admin.register(Person)
class PersonAdmin(DuplicatesPages):
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
        ("no_marketing", "merged"),
        ("created_at", "updated_at"),
    )
    readonly_fields = ("no_marketing", "merged", "created_at", "updated_at")
    inlines = (PersonTagInline, IdentityInline)
    actions = ("merge_chosen",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_add_permission(request, obj) and actor_of(request).sees_all

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Person], search_term: str
    ) -> tuple[QuerySet[Person], bool]:
        """Search as the chat page does: by the column that has an index for it."""
        return queryset.filter(search_key__contains=search_key(search_term)) if search_term else queryset, False

    @display(description=_("wants no marketing since"))
    def no_marketing(self, person: Person) -> Any:
        return next(iter(marketing_stopped_of([person]).get(person.pk, [])), None)

    @admin.action(description=_("Merge into one person"), permissions=["change"])
    def merge_chosen(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Merge the chosen people into the one who is here longest."""
        kept = queryset.order_by("pk").first()
        if kept is None or queryset.count() not in range(2, MERGED_AT_ONCE + 1):
            words = _("Choose from 2 to %(most)d people.") % {"most": MERGED_AT_ONCE}
            self.message_user(request, words, messages.ERROR)
            return
        actor, reason = actor_of(request), PersonMerge.Reason.BY_HAND
        done = _("Merged into %(name)s.") % {"name": kept}
        others = queryset.exclude(pk=kept.pk)
        self.act_on_each(
            request, others, lambda other: merge_persons(kept=kept, merged=other, reason=reason, actor=actor), done
        )

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
    list_display = ("address", "scope", "display_name", "person", "account", "alias_of")
    list_filter = ("scope", ("account", DoorFilter))
    search_fields = ("address",)
    search_help_text = _("The whole address.")
    fields = (
        "person",
        "account",
        "scope",
        "address",
        "group_address",
        "alias_of",
        "reached_by",
        "display_name",
        "username",
        "left_at",
        "marketing_stopped_at",
        "created_at",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Identity], search_term: str
    ) -> tuple[QuerySet[Identity], bool]:
        return queryset.filter(address=search_term.strip()) if search_term else queryset, False
