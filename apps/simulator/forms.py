"""What is entered on the page of phones."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.inboxes.models import Inbox
from apps.simulator.queries import simulated_inboxes


class PersonForm(forms.Form):
    """A person to invent, and which of our inboxes they write to."""

    name = forms.CharField(label=_("Name"), max_length=160)
    inbox = forms.TypedChoiceField(label=_("Writes to"), coerce=int)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inboxes = {inbox.pk: inbox for inbox in simulated_inboxes(actor)}
        self.fields["inbox"].choices = [(pk, inbox.name) for pk, inbox in self.inboxes.items()]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def chosen_inbox(self) -> Inbox:
        """Return the inbox of a valid form."""
        return self.inboxes[self.cleaned_data["inbox"]]
