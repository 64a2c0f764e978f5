"""What models were asked and answered, and what became of it: long lists that are only read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.assistant.admin.figures import FiguresPage
from apps.assistant.admin.words import (
    NOTHING,
    changes,
    drawn_in_words,
    in_words,
    money,
    outcome_in_words,
    seconds,
    stars,
    tokens_in_words,
    turns,
)
from apps.assistant.models import Completion, Suggestion
from apps.assistant.queries import completions_for, models_for, providers_for, suggestions_for
from apps.assistant.types import Failure, failure_in_words, warning_in_words
from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseInline, RecordAdmin, colours
from apps.core.requests import actor_of

OUTCOME_COLOURS = colours(ok="success", overtaken="info", **dict.fromkeys(set(Failure) - {"overtaken"}, "danger"))
STATE_COLOURS = colours(
    accepted="success", sent="success", edited="info", shown="info", generating="info", failed="danger"
)
SHORT = 90


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


class NameFilter(admin.SimpleListFilter):
    """Requests by a name the log keeps; offers the names that are configured now."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ProviderFilter(NameFilter):
    title = _("AI provider")
    parameter_name = "provider_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(name, name) for name in providers_for(actor_of(request)).values_list("name", flat=True)]


class ModelFilter(NameFilter):
    title = _("AI model")
    parameter_name = "model_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        names = models_for(actor_of(request)).values_list("name", flat=True)
        return [(name, name) for name in dict.fromkeys(names)]


class OutcomeFilter(NameFilter):
    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(outcome, outcome_in_words(outcome)) for outcome in (Completion.OK, *Failure)]


class CompletionRows:
    """Columns of requests, alike in their list and in the page of their suggestion."""

    @display(description=_("outcome"), label=OUTCOME_COLOURS)
    def shown_outcome(self, completion: Completion) -> tuple[str, str]:
        return completion.outcome, outcome_in_words(completion.outcome)

    @display(description=_("outcome"))
    def ended(self, completion: Completion) -> str:
        words = outcome_in_words(completion.outcome)
        more = "" if completion.outcome in (Completion.OK, Failure.OVERTAKEN) else failure_in_words(completion.outcome)
        return f"{words}: {more}" if more else words

    @display(description=_("price"))
    def shown_price(self, completion: Completion) -> str:
        return money(completion.price, completion.currency)

    @display(description=_("first word"))
    def first_word(self, completion: Completion) -> str:
        return seconds(completion.first_text_ms)

    @display(description=_("in all"))
    def in_all(self, completion: Completion) -> str:
        return seconds(completion.latency_ms)

    @display(description=_("tokens"))
    def tokens(self, completion: Completion) -> str:
        return tokens_in_words(completion)


class CompletionInline(CompletionRows, HouseInline):
    """The requests for one suggestion."""

    model = Completion
    door = staticmethod(completions_for)
    read_scope = Scope.ASSISTANT_READ
    fields = readonly_fields = (
        *(
            "created_at",
            "provider_name",
            "model_name",
            "outcome_words",
            "tokens",
            "shown_price",
            "first_word",
            "in_all",
        ),
    )

    @display(description=_("outcome"))
    def outcome_words(self, completion: Completion) -> str:
        return outcome_in_words(completion.outcome)


@admin.register(Completion)
class CompletionAdmin(CompletionRows, FiguresPage):
    door = staticmethod(completions_for)
    read_scope = Scope.ASSISTANT_READ
    list_display = (
        *("created_at", "model_name", "shown_outcome", "became", "inbox", "shown_price", "first_word", "in_all"),
    )
    list_filter = (OutcomeFilter, ProviderFilter, ModelFilter, ("inbox", DoorFilter), "created_at")
    list_select_related = ("inbox", "suggestion")
    fieldsets = (
        (None, {"fields": (("created_at", "inbox"), ("ended", "detail"), ("shown_suggestion", "chat"))}),
        (_("Model"), {"fields": (("provider_name", "model_name"), ("is_simulated", "attempt"), "request_id")}),
        (_("Cost and time"), {"fields": (("tokens", "shown_price"), ("first_word", "in_all"))}),
        (_("Respondent"), {"fields": ("drawn",)}),
        (_("What it was told"), {"fields": ("shown_request",)}),
        (_("What it answered"), {"fields": ("shown_response",)}),
        (_("What became of it"), {"fields": ("state_words", "shown_changes", ("shown_rating", "feedback"))}),
    )
    readonly_fields = (
        *("created_at", "inbox", "ended", "detail", "shown_suggestion", "chat", "provider_name", "model_name"),
        *("is_simulated", "attempt", "request_id", "tokens", "shown_price", "first_word", "in_all", "drawn"),
        *("shown_request", "shown_response", "state_words", "shown_changes", "shown_rating", "feedback"),
    )

    @display(description=_("suggestion"))
    def shown_suggestion(self, completion: Completion) -> SafeString:
        page = self.admin_site.get_model_admin(Suggestion).page_of(completion.suggestion)
        return format_html('<a class="text-link" href="{}">{}</a>', page, completion.suggestion)

    @display(description=_("chat"))
    def chat(self, completion: Completion) -> SafeString:
        return chat_link(completion.conversation_id)

    @display(description=_("drawn values"))
    def drawn(self, completion: Completion) -> str:
        return drawn_in_words(completion.values)

    @display(description=_("turn by turn"))
    def shown_request(self, completion: Completion) -> SafeString | str:
        return forgotten(completion) or turns(completion.request) or NOTHING

    @display(description=_("as it came"))
    def shown_response(self, completion: Completion) -> SafeString | str:
        if not completion.response:
            return forgotten(completion) or NOTHING
        return format_html('<pre class="verbatim">{}</pre>', completion.response)

    @display(description=_("became"), label=STATE_COLOURS)
    def became(self, completion: Completion) -> tuple[str, str]:
        return completion.suggestion.state, completion.suggestion.get_state_display()

    @display(description=_("became"))
    def state_words(self, completion: Completion) -> str:
        return str(completion.suggestion.get_state_display())

    @display(description=_("what left"))
    def shown_changes(self, completion: Completion) -> SafeString | str:
        return changes(completion.suggestion) if completion.suggestion.sent_text else NOTHING

    @display(description=_("rating"))
    def shown_rating(self, completion: Completion) -> str:
        return stars(completion.suggestion.rating)

    @display(description=_("comment"))
    def feedback(self, completion: Completion) -> str:
        return completion.suggestion.feedback or NOTHING


@admin.register(Suggestion)
class SuggestionAdmin(RecordAdmin):
    door = staticmethod(suggestions_for)
    read_scope = Scope.CONVERSATIONS_READ
    list_display = ("created_at", "person", "inbox", "mode", "shown_state", "short_text", "shown_rating", "decided_by")
    list_filter = ("state", "mode", "rating", ("inbox", DoorFilter), "created_at")
    list_select_related = ("conversation__person", "conversation__identity", "inbox", "decided_by")
    inlines = (CompletionInline,)
    fieldsets = (
        (None, {"fields": (("person", "inbox"), ("state_words", "mode"), ("chat", "instruction"))}),
        (_("Words"), {"fields": ("question", "shown_text", "shown_changes")}),
        (_("What the model said besides"), {"fields": (("needs_human", "reason"), ("tags", "shown_warnings"))}),
        (_("Decision"), {"fields": (("decided_by", "decided_at"), ("shown_rating", "feedback"))}),
        (_("Work"), {"fields": (("asked_at", "finished_at"), ("provider", "model"), ("attempts", "shown_failure"))}),
    )
    readonly_fields = (
        *("person", "inbox", "state_words", "mode", "chat", "instruction", "question", "shown_text", "shown_changes"),
        *("needs_human", "reason", "tags", "shown_warnings", "decided_by", "decided_at", "shown_rating", "feedback"),
        *("asked_at", "finished_at", "provider", "model", "attempts", "shown_failure"),
    )

    @display(description=_("person"))
    def person(self, suggestion: Suggestion) -> str:
        return str(suggestion.conversation.person)

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, suggestion: Suggestion) -> tuple[str, str]:
        return suggestion.state, suggestion.get_state_display()

    @display(description=_("state"))
    def state_words(self, suggestion: Suggestion) -> str:
        return str(suggestion.get_state_display())

    @display(description=_("text"))
    def short_text(self, suggestion: Suggestion) -> str:
        return shortened(suggestion.text) or self.shown_failure(suggestion)

    @display(description=_("rating"))
    def shown_rating(self, suggestion: Suggestion) -> str:
        return stars(suggestion.rating)

    @display(description=_("chat"))
    def chat(self, suggestion: Suggestion) -> SafeString:
        return chat_link(suggestion.conversation_id)

    @display(description=_("answers"))
    def question(self, suggestion: Suggestion) -> SafeString:
        return verbatim(suggestion.trigger.text)

    @display(description=_("proposed"))
    def shown_text(self, suggestion: Suggestion) -> SafeString:
        return verbatim(suggestion.text)

    @display(description=_("what left"))
    def shown_changes(self, suggestion: Suggestion) -> SafeString | str:
        return changes(suggestion) if suggestion.sent_text else NOTHING

    @display(description=_("suggested tags"))
    def tags(self, suggestion: Suggestion) -> str:
        return in_words(suggestion.suggested_tags)

    @display(description=_("warnings"))
    def shown_warnings(self, suggestion: Suggestion) -> str:
        return in_words(warning_in_words(code) for code in suggestion.warnings)

    @display(description=_("failure"))
    def shown_failure(self, suggestion: Suggestion) -> str:
        return failure_in_words(suggestion.failure) or NOTHING


def verbatim(text: str) -> SafeString:
    """Return words of people or models as they are."""
    return format_html('<pre class="verbatim turn__text">{}</pre>', text or NOTHING)


def chat_link(conversation_id: int) -> SafeString:
    """Return the way to a chat."""
    address = reverse("console:chat", args=[conversation_id])
    return format_html('<a class="text-link" href="{}">{}</a>', address, _("Open in the chat page"))


def forgotten(completion: Completion) -> str:
    """Return that the words are gone, where they are."""
    return gettext("No longer kept: its days are over.") if completion.redacted_at else ""
