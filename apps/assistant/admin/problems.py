"""What is wrong with the configuration, above the lists it is about."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.assistant.models import AIParam, AIProvider, AIValue
from apps.assistant.queries import Trouble, config_problems
from apps.core.actors import Actor
from apps.core.admin import HouseAdmin
from apps.core.requests import actor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, in words, and the page where it is mended."""

    subject: str
    words: str
    address: str


def problems_of(actor: Actor) -> list[Problem]:
    """Return all that is wrong, for a page."""
    return [
        Problem(subject=_called(trouble), words=str(trouble.words), address=_address(trouble))
        for trouble in config_problems(actor)
    ]


def _called(trouble: Trouble) -> str:
    subject = trouble.subject
    return f"{subject.param}: {subject}" if isinstance(subject, AIValue) else str(subject or "")


def _address(trouble: Trouble) -> str:
    match trouble.subject:
        case AIProvider(pk=pk):
            return reverse("admin:assistant_aiprovider_change", args=[pk])
        case AIParam(pk=pk) | AIValue(param_id=pk):
            return reverse("admin:assistant_aiparam_change", args=[pk])
    is_about_params = trouble.code == "no_params"
    return reverse(f"admin:assistant_{'aiparam' if is_about_params else 'aiprovider'}_changelist")


class ShowsProblems(HouseAdmin):
    """A list that says on top what is wrong with the configuration."""

    list_before_template = "admin/assistant/_problems.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        problems = problems_of(actor_of(request))
        return super().changelist_view(request, {**(extra_context or {}), "problems": problems})
