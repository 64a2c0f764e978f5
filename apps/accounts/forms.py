"""What the admin asks about users and tokens."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminPasswordWidget

from apps.accounts.models import ApiToken, User
from apps.core.actors import Scope
from apps.core.admin import HouseForm
from apps.organization.models import Branch
from apps.organization.queries import branches_for

PASSWORD_RULES = _("At least 8 characters; no common word, not only numbers, nothing like the name.")
SCOPE_WORDS = {
    "*": _("Everything the user may do"),
    Scope.CONVERSATIONS_READ: _("Read conversations"),
    Scope.CONVERSATIONS_WRITE: _("Mark, assign and close conversations"),
    Scope.MESSAGES_SEND: _("Send messages"),
    Scope.PEOPLE_READ: _("Read people"),
    Scope.PEOPLE_WRITE: _("Change people and tags"),
    Scope.INBOXES_READ: _("Read inboxes"),
    Scope.JOURNAL_READ: _("Read the webhook journal"),
    Scope.JOURNAL_REPLAY: _("Replay webhooks"),
    Scope.SETUP_WRITE: _("Change company, branches, accounts and inboxes"),
    Scope.USERS_WRITE: _("Change users and tokens"),
    Scope.SIMULATE: _("Use the simulated phone"),
}


class PasswordInput(UnfoldAdminPasswordWidget):
    """A new password, typed by the person; never filled in again."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"})


class UserForm(HouseForm):
    """A user: how they are called, what they may do and where."""

    branches = forms.ModelMultipleChoiceField(
        Branch.objects.none(),
        label=_("Branches"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Administrators see every branch, whatever is chosen here."),
    )

    class Meta:
        model = User
        fields = ("username", "name", "email", "role", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "branches" in self.fields:
            self.fields["branches"].queryset = branches_for(self.actor)  # type: ignore[attr-defined]
            if self.instance.pk:
                self.initial["branches"] = self.instance.branches.all()


class NewUserForm(UserForm):
    """A user who does not exist yet."""

    password = forms.CharField(label=_("Password"), strip=False, widget=PasswordInput, help_text=PASSWORD_RULES)


class PasswordDialog(BaseDialogForm):
    """Another password for a user."""

    password = forms.CharField(label=_("New password"), strip=False, widget=PasswordInput, help_text=PASSWORD_RULES)
    again = forms.CharField(label=_("The same again"), strip=False, widget=PasswordInput)

    def clean_again(self) -> str:
        """Refuse a slip of the finger."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two are not the same."), code="mismatch")
        return again


class TokenForm(HouseForm):
    """A token for an application."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=list(SCOPE_WORDS.items()), widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expires_at")
