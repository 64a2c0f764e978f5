"""What the admin asks about conversations."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from apps.accounts.models import User
from apps.accounts.queries import users_for
from apps.core.requests import actor_of


class AssignDialog(BaseDialogForm):
    """To whom a conversation is given; nobody is an answer too."""

    assignee = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Assignee"),
        required=False,
        empty_label=_("Nobody"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colleagues = users_for(actor_of(self.request)).filter(is_active=True)
        self.fields["assignee"].queryset = colleagues
