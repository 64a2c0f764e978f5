"""Parameters and their values: what models are told, and what chance has a say in."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, F, Model, QuerySet, Sum, When, Window
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from apps.assistant.actions.parameters import COLUMN_OF_KIND, add_param, add_value, change_param, change_value
from apps.assistant.admin.inlines import OwnInline, WithOwnRows
from apps.assistant.admin.preview import PreviewPage
from apps.assistant.admin.problems import ShowsProblems
from apps.assistant.forms import ValueForm
from apps.assistant.models import AIParam, AIValue
from apps.assistant.queries import is_drawable, params_for, troubles_of_param, values_for
from apps.core.actors import Actor, Scope
from apps.core.admin import become, colours
from apps.core.requests import actor_of

TOTAL = "chances of all"


def values_with_total(actor: Actor) -> QuerySet[AIValue]:
    """Return the values that exist for `actor`, each with what the chances of its parameter add up to."""
    drawable = Case(When(is_enabled=True, then=F("chance")), default=0)
    total = Window(Sum(drawable), partition_by="param_id")
    return values_for(actor).annotate(total=total)


def share_words(chance: int, total: int) -> str:
    """Return how often a value is drawn."""
    return f"{number_format(round(100 * chance / total, 1), 0 if 100 * chance % total == 0 else 1)} %" if total else "–"


class ValueInline(OwnInline):
    """The values of a parameter. They are switched off, never deleted: conversations were answered with them."""

    model = AIValue
    form = ValueForm
    door = staticmethod(values_with_total)
    read_scope = Scope.ASSISTANT_READ
    write_scope = Scope.ASSISTANT_WRITE
    ordering = ("pk",)
    readonly_fields = ("share",)
    add = staticmethod(lambda param, columns, actor: add_value(param=param, columns=columns, actor=actor))
    change = staticmethod(lambda value, changes, actor: change_value(value=value, changes=changes, actor=actor))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        column = COLUMN_OF_KIND[AIParam.Kind(obj.kind)] if isinstance(obj, AIParam) else "text"
        return (("name", "is_enabled"), ("chance", "share"), column)

    @display(description=gettext_lazy("how often it is drawn"))
    def share(self, value: AIValue) -> str:
        return share_words(value.chance, getattr(value, "total", 0)) if is_drawable(value) and value.pk else "–"


@admin.register(AIParam)
class AIParamAdmin(PreviewPage, ShowsProblems, WithOwnRows):
    """Parameters are switched off, never deleted: conversations were answered with their values."""

    door = staticmethod(params_for)
    read_scope = Scope.ASSISTANT_READ
    write_scope = Scope.ASSISTANT_WRITE
    list_display = ("name", "kind", "drawn_from", "state", "is_enabled", "position")
    list_filter = ("kind", "is_enabled")
    search_fields = ("name",)
    inlines = (ValueInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIParam]:
        return super().get_queryset(request).prefetch_related("values__model__provider")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        return (("name", "kind"), ("position", "is_enabled"), "slug") if obj else (("name", "kind"), "position")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("kind", "slug") if obj else ()

    def save_model(self, request: HttpRequest, obj: AIParam, form: Any, change: bool) -> None:
        given, actor = form.cleaned_data, actor_of(request)
        if change:
            names = ("name", "position", "is_enabled")
            become(obj, change_param(param=obj, **{name: given[name] for name in names}, actor=actor))
        else:
            columns = {name: given[name] for name in ("name", "kind", "position")}
            become(obj, add_param(columns=columns, actor=actor))

    def response_post_save_add(self, request: HttpRequest, obj: AIParam) -> HttpResponse:
        """Lead from a new parameter to its values."""
        return HttpResponseRedirect(self.page_of(obj))

    @display(description=gettext_lazy("values"))
    def drawn_from(self, param: AIParam) -> str:
        standing = [value for value in param.values.all() if is_drawable(value)]
        total = sum(value.chance for value in standing)
        if len(standing) == 1:
            return standing[0].name
        return " · ".join(f"{value.name} {share_words(value.chance, total)}" for value in standing)

    @display(description=gettext_lazy("state"), label=colours(broken="danger", off="", well="success"))
    def state(self, param: AIParam) -> tuple[str, str]:
        if not param.is_enabled:
            return "off", _("Off")
        for trouble in troubles_of_param(param):
            return "broken", str(trouble.words)
        return "well", _("Working")
