"""Whether a provider answers: a page that has a worker ask it something, and shows what came back.

Nothing here waits for a provider. The button leaves a request; the page looks again until a worker has answered.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.assistant.actions.trials import LOST_AFTER, Trial, model_to_try, request_trial
from apps.assistant.models import AIProvider
from apps.assistant.types import Failure, failure_in_words
from apps.core.admin import HouseAdmin
from apps.core.requests import actor_of

REMEDIES: dict[str, Promise] = {
    Failure.UNREACHABLE: gettext_lazy("Check its address, and whether this machine reaches it."),
    Failure.TOO_SLOW: gettext_lazy("Usually it passes. If not, try a faster model."),
    Failure.LIMITED: gettext_lazy("Lower its requests at once, or raise the limit of your account there."),
    Failure.FAULT: gettext_lazy("Usually it passes. Another provider can stand in."),
    Failure.UNAUTHORIZED: gettext_lazy("Enter a key that is valid there."),
    Failure.NO_MODEL: gettext_lazy(
        "Check the name of the model, and that the address ends as the provider says, mostly in /v1."
    ),
    Failure.REFUSED_REQUEST: gettext_lazy(
        "Often the model takes no JSON schema or no pictures: switch that off at the model."
    ),
    Failure.UNREADABLE: gettext_lazy("Check the address: something else than a model may be there."),
    Failure.EMPTY: gettext_lazy("If it goes on so, raise its longest answer."),
    Failure.INTERNAL: gettext_lazy("The log of the workers says more."),
}
"""What whoever set the provider up can do about it."""


class TrialPage(HouseAdmin):
    """Adds the page to the list of providers."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.trial_view)
        return [
            path("<path:object_id>/try/", view, name="assistant_aiprovider_trial"),
            *super().get_urls(),
        ]

    def trial_address(self, provider: AIProvider) -> str:
        """Return the address of a provider's page."""
        return reverse("admin:assistant_aiprovider_trial", args=[provider.pk])

    def trial_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what came of the last question, or have it asked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        provider: AIProvider = self.row(request, object_id)
        if request.method == "POST":
            request_trial(provider=provider, actor=actor_of(request))
            return HttpResponseRedirect(self.trial_address(provider))
        template = "_trial.html" if request.headers.get("hx-request") else "trial.html"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Does %(provider)s answer?") % {"provider": provider.name},
            "opts": self.opts,
            "is_fullwidth": "1",
            "change_address": self.page_of(provider),
            "may_change": self.has_change_permission(request),
            **trial_of(provider),
        }
        return TemplateResponse(request, f"admin/assistant/aiprovider/{template}", context)


def trial_of(provider: AIProvider) -> dict[str, Any]:
    """Return all that the page shows."""
    is_busy = provider.trial in (Trial.ASKED, Trial.RUNNING)
    is_lost = is_busy and provider.trial_at is not None and timezone.now() - provider.trial_at > LOST_AFTER
    code = Failure.LOST if is_lost else provider.trial
    has_failed = code in list(Failure)
    return {
        "provider": provider,
        "model": model_to_try(provider),
        "is_busy": is_busy and not is_lost,
        "has_answered": code == Trial.ANSWERED,
        "words": failure_in_words(code) if has_failed else "",
        "remedy": REMEDIES.get(code, "") if has_failed else "",
    }
