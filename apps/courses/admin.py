"""What is taught, when and where, in the admin."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseAdmin, HouseInline, colours
from apps.core.requests import actor_of
from apps.courses.actions import may_write_edition, save_course, save_edition
from apps.courses.forms import EditionForm
from apps.courses.models import Course, CourseEdition, Weekday
from apps.courses.queries import courses_for, editions_for

NOTHING = "–"
SHORT = 3
STATE_COLOURS = colours(open="success", full="warning", running="info", canceled="danger")


def days_in_words(days: Iterable[int]) -> str:
    """Return days of the week as they are said: mar y jue."""
    names = [str(Weekday(day).label)[:SHORT].lower() for day in sorted(days)]
    if len(names) < 2:
        return "".join(names)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def hours_in_words(edition: CourseEdition) -> str:
    """Return from when until when, as far as it is known."""
    if edition.starts_at is None:
        return ""
    begins = time_format(edition.starts_at, "H:i")
    return f"{begins}–{time_format(edition.ends_at, 'H:i')}" if edition.ends_at else begins


def ages_in_words(edition: CourseEdition) -> str:
    """Return for which ages an edition is, as far as it is known."""
    youngest, oldest = edition.min_age, edition.max_age
    if youngest is None and oldest is None:
        return ""
    if youngest is None:
        return gettext("up to %(age)d") % {"age": oldest}
    if oldest is None:
        return gettext("%(age)d and older") % {"age": youngest}
    return f"{youngest}–{oldest}" if youngest != oldest else str(youngest)


class BranchFilter(admin.SimpleListFilter):
    """Offers the branches that have editions: the whole offer is read, also by those of one branch."""

    title = _("branch")
    parameter_name = "branch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        branches = editions_for(actor_of(request)).order_by("branch__name", "branch_id")
        return [(str(pk), name) for pk, name in branches.values_list("branch_id", "branch__name").distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CourseEdition]) -> QuerySet[CourseEdition]:
        chosen = self.value()
        return queryset.filter(branch_id=chosen) if chosen and chosen in dict(self.lookup_choices) else queryset


class EditionRows:
    """Columns of editions, alike in their list and in the page of their course."""

    @display(description=_("days"))
    def shown_days(self, edition: CourseEdition) -> str:
        return days_in_words(edition.days) or NOTHING

    @display(description=_("hours"))
    def shown_hours(self, edition: CourseEdition) -> str:
        return hours_in_words(edition) or NOTHING

    @display(description=_("ages"))
    def shown_ages(self, edition: CourseEdition) -> str:
        return ages_in_words(edition) or NOTHING

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def shown_state(self, edition: CourseEdition) -> tuple[str, str]:
        return edition.state, edition.get_state_display()


class EditionInline(EditionRows, HouseInline):
    """The editions of a course."""

    model = CourseEdition
    door = staticmethod(editions_for)
    read_scope = Scope.COURSES_READ
    fields = readonly_fields = (
        *("branch", "estimated_date", "shown_days", "shown_hours", "shown_ages", "seats", "state"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CourseEdition]:
        rows = super().get_queryset(request).select_related("branch", "course")
        return rows.order_by("-estimated_date", "-pk")


@admin.register(Course)
class CourseAdmin(HouseAdmin):
    """Courses are the same for the whole house, so only whoever sees all of it takes one away."""

    door = staticmethod(courses_for)
    read_scope = Scope.COURSES_READ
    write_scope = Scope.COURSES_WRITE
    may_delete = True
    list_display = ("name", "modality", "duration", "is_active")
    list_filter = ("modality", "is_active")
    search_fields = ("name",)
    fields = (("name", "modality"), ("duration", "is_active"), "information", "price_scheme", "more_editions")
    readonly_fields = ("more_editions",)
    inlines = (EditionInline,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj is not None and self.has_change_permission(request, obj) else fields[:-1]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and actor_of(request).sees_all

    @display(description=_("editions"))
    def more_editions(self, course: Course) -> SafeString:
        address = f"{reverse('admin:courses_courseedition_add')}?course={course.pk}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("Add an edition of this course"))

    def save_model(self, request: HttpRequest, obj: Course, form: Any, change: bool) -> None:
        save_course(course=obj, actor=actor_of(request))


@admin.register(CourseEdition)
class CourseEditionAdmin(EditionRows, HouseAdmin):
    """Everybody reads the whole offer; an edition is written by those of its branch."""

    door = staticmethod(editions_for)
    read_scope = Scope.COURSES_READ
    write_scope = Scope.COURSES_WRITE
    may_delete = True
    form = EditionForm
    list_display = (
        *("course", "branch", "shown_state", "estimated_date", "shown_days", "shown_hours", "shown_ages", "seats"),
    )
    list_filter = ("state", BranchFilter, ("course", DoorFilter), "estimated_date")
    list_select_related = ("course", "branch")
    search_fields = ("course__name", "notes")
    fields = (
        ("course", "branch"),
        ("state", "estimated_date"),
        "days",
        ("starts_at", "ends_at"),
        ("min_age", "max_age", "seats"),
        "notes",
    )
    autocomplete_fields = ("course",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, CourseEdition):
            return may_write_edition(actor_of(request), obj)
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, CourseEdition):
            return may_write_edition(actor_of(request), obj)
        return super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: CourseEdition, form: Any, change: bool) -> None:
        save_edition(edition=obj, actor=actor_of(request))
