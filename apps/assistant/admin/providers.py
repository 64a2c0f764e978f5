"""AI providers, how they are, what they cost, and their models."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from apps.assistant.actions.providers import (
    OF_THE_PROVIDER,
    add_model,
    add_provider,
    change_key,
    change_model,
    change_provider,
)
from apps.assistant.actions.trials import request_trial
from apps.assistant.admin.inlines import OwnInline, WithOwnRows
from apps.assistant.admin.problems import ShowsProblems
from apps.assistant.admin.trials import TrialPage
from apps.assistant.forms import NewProviderForm, ProviderForm
from apps.assistant.models import AIModel, AIProvider
from apps.assistant.queries import (
    TROUBLES,
    models_for,
    providers_for,
    spent_today,
    trouble_of_model,
    troubles_of_provider,
)
from apps.assistant.types import failure_in_words
from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseAdmin, become, colours
from apps.core.requests import actor_of

SPENT = "spent today"
OF_THE_MODEL = (
    ("name", "position", "is_enabled"),
    ("takes_schema", "reads_images", "max_output_tokens"),
    ("price_input", "price_output"),
)


class ModelInline(OwnInline):
    """The models of a provider."""

    model = AIModel
    door = staticmethod(models_for)
    read_scope = Scope.ASSISTANT_READ
    write_scope = Scope.SETUP_WRITE
    fields = OF_THE_MODEL
    add = staticmethod(lambda provider, columns, actor: add_model(provider=provider, columns=columns, actor=actor))
    change = staticmethod(lambda model, changes, actor: change_model(model=model, changes=changes, actor=actor))


@admin.register(AIProvider)
class AIProviderAdmin(TrialPage, ShowsProblems, WithOwnRows):
    """Providers are switched off, never deleted: the log and the figures name them."""

    door = staticmethod(providers_for)
    read_scope = Scope.ASSISTANT_READ
    write_scope = Scope.SETUP_WRITE
    list_display = ("name", "health", "priority", "is_enabled", "spent", "concurrency", "endpoint_url")
    list_filter = ("is_enabled",)
    search_fields = ("name",)
    inlines = (ModelInline,)
    readonly_fields = (
        "condition",
        "try_it",
        "simulated",
        "spent",
        "last_answer_at",
        "last_failure_at",
        "why",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIProvider]:
        return super().get_queryset(request).prefetch_related("models")

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        if self.has_change_permission(request):
            kwargs["form"] = ProviderForm if obj else NewProviderForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[tuple[Any, dict[str, Any]]]:
        may_change = self.has_change_permission(request)
        key = ["api_key"] if may_change else []
        limits = (("priority", "concurrency"), ("daily_budget", "currency"), ("price_input", "price_output"))
        costs = (gettext_lazy("Limits and prices"), {"fields": limits})
        if obj is None:
            return [(None, {"fields": ["name", "endpoint_url", *key, "model_name"]}), costs]
        state = ("condition", "spent", "simulated", ("last_answer_at", "last_failure_at"), "why", "created_at")
        return [
            (None, {"fields": ["try_it", "name", "is_enabled", "endpoint_url", *key]}),
            costs,
            (gettext_lazy("State"), {"fields": state}),
        ]

    def save_model(self, request: HttpRequest, obj: AIProvider, form: Any, change: bool) -> None:
        actor, given = actor_of(request), form.cleaned_data
        columns = {name: given[name] for name in OF_THE_PROVIDER if name in form.changed_data and name in given}
        if not change:
            first = {"api_key": given["api_key"], "model": given["model_name"]}
            become(obj, add_provider(**{"name": "", "endpoint_url": "", **columns}, **first, actor=actor))
            request_trial(provider=obj, actor=actor)
            return
        if columns:
            become(obj, change_provider(provider=obj, changes=columns, actor=actor))
        if given["api_key"]:
            change_key(provider=obj, api_key=given["api_key"], actor=actor)
            request_trial(provider=obj, actor=actor)

    def response_post_save_add(self, request: HttpRequest, obj: AIProvider) -> HttpResponse:
        """Lead from a new provider to whether it answers."""
        return HttpResponseRedirect(self.trial_address(obj))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Ask what all that are listed cost today at once."""
        page = super().get_changelist_instance(request)
        spent = spent_today([provider.pk for provider in page.result_list])
        for provider in page.result_list:
            vars(provider)[SPENT] = spent.get(provider.pk, 0)
        return page

    @display(
        description=gettext_lazy("state"),
        label=colours(well="success", new="info", off="", rests="warning", shaky="warning", broken="danger"),
    )
    def health(self, provider: AIProvider) -> tuple[str, str]:
        return health_of(provider)

    @display(description=gettext_lazy("state"))
    def condition(self, provider: AIProvider) -> str:
        return health_of(provider)[1]

    @display(description=gettext_lazy("spent today"))
    def spent(self, provider: AIProvider) -> str:
        known = vars(provider)
        cost = known[SPENT] if SPENT in known else spent_today([provider.pk]).get(provider.pk, 0)
        words = {"cost": number_format(cost, 4), "currency": provider.currency}
        if provider.daily_budget is None:
            return _("%(cost)s %(currency)s") % words
        return _("%(cost)s of %(budget)s %(currency)s") % {**words, "budget": number_format(provider.daily_budget, 2)}

    @display(description=gettext_lazy("simulated"), boolean=True)
    def simulated(self, provider: AIProvider) -> bool:
        return provider.is_simulated

    @display(description=gettext_lazy("last failure"))
    def why(self, provider: AIProvider) -> str:
        return failure_in_words(provider.last_failure) or "–"

    @display(description=gettext_lazy("trial"))
    def try_it(self, provider: AIProvider) -> SafeString:
        words = gettext_lazy("See whether it answers")
        return format_html('<a class="text-link" href="{}">{}</a>', self.trial_address(provider), words)


def health_of(provider: AIProvider) -> tuple[str, str]:
    """Return a word for the colour, and how a provider is; its models should be loaded."""
    if not provider.is_enabled:
        return "off", _("Off")
    for trouble in troubles_of_provider(provider):
        return "broken", str(trouble.words)
    why = failure_in_words(provider.last_failure)
    if provider.resting_until is not None and provider.resting_until > timezone.now():
        time = date_format(timezone.localtime(provider.resting_until), "TIME_FORMAT")
        return "rests", _("Rests until %(time)s. %(why)s") % {"time": time, "why": why}
    if provider.failures:
        return "shaky", why
    return ("well", _("Working")) if provider.last_answer_at else ("new", _("Not asked yet"))


@admin.register(AIModel)
class AIModelAdmin(HouseAdmin):
    """The models of all providers; they are added at their provider."""

    door = staticmethod(models_for)
    read_scope = Scope.ASSISTANT_READ
    write_scope = Scope.SETUP_WRITE
    may_add = False
    list_display = ("name", "provider", "state", "is_enabled", "position", "takes_schema", "reads_images")
    list_filter = (("provider", DoorFilter), "is_enabled")
    list_select_related = ("provider",)
    search_fields = ("name",)
    fields = ("provider", *OF_THE_MODEL)
    readonly_fields = ("provider",)

    def save_model(self, request: HttpRequest, obj: AIModel, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        become(obj, change_model(model=obj, changes=changes, actor=actor_of(request)))

    @display(description=gettext_lazy("state"), label=colours(well="success", off="", broken="danger"))
    def state(self, model: AIModel) -> tuple[str, str]:
        code = trouble_of_model(model)
        if not model.is_enabled:
            return "off", _("Off")
        return ("broken", _("Its provider is off")) if code in TROUBLES else ("well", _("It can be asked"))
