"""What the admin asks about providers, models, parameters and their values."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.assistant.actions.parameters import require_sound_value
from apps.assistant.actions.providers import LONGEST_KEY
from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue
from apps.core.admin import HouseForm, error_lists
from apps.inboxes.forms import STORED, SecretInput


class ProviderForm(HouseForm):
    """A provider, and its key: entered, never shown again; left empty, it stays."""

    api_key = forms.CharField(label=capfirst(_("key")), max_length=LONGEST_KEY, required=False, widget=SecretInput(""))

    class Meta:
        model = AIProvider
        fields = (
            *("name", "endpoint_url", "priority", "is_enabled", "concurrency"),
            *("daily_budget", "currency", "price_input", "price_output"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "api_key" in self.fields:
            self.fields["api_key"].widget = SecretInput(STORED)
            self.fields["api_key"].help_text = _("Left empty, the stored one stays.")


class NewProviderForm(ProviderForm):
    """A provider that is not there yet comes with its first model."""

    model_name = forms.CharField(
        label=capfirst(_("first model")),
        max_length=AIModel._meta.get_field("name").max_length,
        help_text=_("As the provider calls it."),
        widget=UnfoldAdminTextInputWidget(),
    )


class ValueForm(forms.ModelForm):  # type: ignore[type-arg]
    """One value of a parameter: what is wrong with it is said beside its field."""

    class Meta:
        model = AIValue
        fields = ("name", "text", "number", "model", "chance", "is_enabled")
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 4})}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        told = {name: cleaned[name] for name in ("text", "number", "model", "chance") if cleaned.get(name) is not None}
        param = AIParam.objects.filter(pk=self.instance.param_id).first()
        if param is not None and not self.errors:
            try:
                require_sound_value(AIValue(param=param, **told), param)
            except ValidationError as refusal:
                for field, errors in error_lists(refusal).items():
                    self.add_error(field, errors)
        return cleaned
