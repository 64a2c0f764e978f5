"""The settings of the assistant."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.assistant.actions.parameters import change_settings
from apps.assistant.models import AssistantSettings
from apps.assistant.queries import settings_for
from apps.core.actors import Scope
from apps.core.admin import OneRowAdmin, become
from apps.core.requests import actor_of


@admin.register(AssistantSettings)
class AssistantSettingsAdmin(OneRowAdmin):
    """Whether answers leave by themselves is said in the settings of the house, at each inbox and in each chat."""

    door = staticmethod(settings_for)
    read_scope = write_scope = Scope.ASSISTANT_WRITE
    fieldsets = (
        (None, {"fields": ("is_enabled", ("debounce_seconds", "deadline_seconds"))}),
        (
            _("What a model is told"),
            {
                "fields": (
                    ("history_messages", "context_tokens"),
                    "masks_personal",
                    "tells_person",
                    "sends_images",
                )
            },
        ),
        (
            _("Automatic answers"),
            {
                "fields": (
                    ("auto_turns", "conversation_daily_limit"),
                    ("handoff_words", "rule_words"),
                    "handoff_message",
                    "notice",
                )
            },
        ),
        (_("Costs and log"), {"fields": ("inbox_daily_budget", ("text_days", "log_days"))}),
    )

    def save_model(self, request: HttpRequest, obj: AssistantSettings, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        become(obj, change_settings(changes=changes, actor=actor_of(request)))
