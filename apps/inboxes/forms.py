"""What the admin asks about accounts, inboxes and dead letters."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.core.admin import HouseForm, error_lists
from apps.core.requests import actor_of
from apps.inboxes.models import DeadLetter, ProviderAccount
from apps.inboxes.queries import accounts_for, dead_letters_for
from providers import registry
from providers.base import CredentialField

PREFIX = "credential_"
SILENCE = ("silence_minutes", "expected_from", "expected_until")
STORED = _("•••• stored")


def is_write_only(line: CredentialField) -> bool:
    """Tell whether a credential is never shown again: a secret, or what we drew at random."""
    return line.is_secret or line.is_generated


class SecretInput(UnfoldAdminPasswordWidget):
    """One secret; not even a form that comes back with errors repeats it."""

    def __init__(self, placeholder: Any) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": placeholder})


class SecretLines(UnfoldAdminTextareaWidget):
    """Several secrets, one per line; never repeated either."""

    def __init__(self, placeholder: Any) -> None:
        attrs = {"rows": 3, "autocomplete": "off", "spellcheck": "false", "placeholder": placeholder}
        super().__init__(attrs=attrs)

    def format_value(self, value: object) -> None:
        return None


class AccountForm(HouseForm):
    """An account and its credentials; the fields of its provider are added by `account_form`."""

    lines: tuple[CredentialField, ...] = ()

    class Meta:
        model = ProviderAccount
        fields = ("name", "is_active", *SILENCE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SILENCE:
            if name in self.fields:
                self.fields[name].required = False

    def given_credentials(self) -> dict[str, Any]:
        """Return what was entered; an empty secret means: keep the stored one."""
        given = {line.name: self._value(line) for line in self.lines}
        kept = {line.name for line in self.lines if is_write_only(line) and not given[line.name]}
        return {name: value for name, value in given.items() if name not in kept}

    def changed_credentials(self) -> dict[str, Any]:
        """Return what was entered and differs from what was shown."""
        return {name: value for name, value in self.given_credentials().items() if PREFIX + name in self.changed_data}

    def show_refusal(self, refusal: ValidationError) -> None:
        """Put what is wrong with a credential beside its line."""
        for name, errors in error_lists(refusal).items():
            for error in errors:
                field = f"{PREFIX}{(error.params or {}).get('field')}" if name == "credentials" else name
                self.add_error(field if field in self.fields else None, error)

    def _value(self, line: CredentialField) -> Any:
        text: str = self.cleaned_data.get(PREFIX + line.name, "")
        return [part for part in text.splitlines() if part.strip()] if line.allows_several else text


def account_form(kind: str, stored: Mapping[str, Any]) -> type[AccountForm]:
    """Return the form of a provider's accounts: its own credentials below the name."""
    lines = tuple(registry.PROVIDERS[kind].credential_fields())
    fields = {PREFIX + line.name: _credential(line, stored.get(line.name)) for line in lines}
    return type("ProviderAccountForm", (AccountForm,), {"lines": lines, **fields})


def _credential(line: CredentialField, stored: Any) -> forms.CharField:
    help_text = _(line.help_text) if line.help_text else ""
    initial = ""
    widget: Any
    if not is_write_only(line):
        widget, initial = UnfoldAdminTextInputWidget(), stored or ""
    elif line.allows_several:
        widget = SecretLines(STORED if stored else _("One per line"))
    else:
        widget = SecretInput(STORED if stored else _("Drawn at random when left empty") if line.is_generated else "")
    return forms.CharField(
        label=_(line.label),
        help_text=help_text,
        widget=widget,
        initial=initial,
        required=line.is_required and not stored,
    )


class ReplaySinceDialog(BaseDialogForm):
    """From when on to process webhooks again, and of which account."""

    since = forms.SplitDateTimeField(label=_("Since"), widget=UnfoldAdminSplitDateTimeWidget)
    account = forms.ModelChoiceField(
        label=_("Account"),
        queryset=ProviderAccount.objects.none(),
        required=False,
        empty_label=_("All"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = accounts_for(actor_of(self.request))


class ReplayClassDialog(BaseDialogForm):
    """Which kind of dead letter to process again."""

    error_class = forms.ChoiceField(label=_("Error"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_letters = dead_letters_for(actor_of(self.request)).filter(state=DeadLetter.State.OPEN)
        names = open_letters.order_by("error_class").values_list("error_class", flat=True).distinct()
        self.fields["error_class"].choices = [(name, name) for name in names]


class DiscardDialog(BaseDialogForm):
    """Why a dead letter is not needed."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)
