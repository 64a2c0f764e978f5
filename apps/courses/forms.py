"""What the admin asks about editions."""

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.core.admin import HouseForm
from apps.courses.models import CourseEdition, Weekday


class EditionForm(HouseForm):
    """Days are boxes to check; the action says what cannot be."""

    days = forms.TypedMultipleChoiceField(
        label=capfirst(_("days")),
        choices=Weekday,
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = CourseEdition
        fields = "__all__"
