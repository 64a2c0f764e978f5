"""The set-up page of an account: what is right, what is not, and what its provider can be asked to do.

Nothing here waits for a provider. A button leaves a request; the page looks again until a worker has recorded what
came of it.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.actors import Actor
from apps.core.admin import HouseAdmin
from apps.core.requests import actor_of
from apps.inboxes.actions.operations import operation_of, request_operation
from apps.inboxes.admin.findings import Finding, ago, findings_of, trouble
from apps.inboxes.admin.notices import words_of
from apps.inboxes.models import AccountOperation, HistoryImport, Inbox, ProviderAccount
from apps.inboxes.queries import health_of, histories_for, inboxes_for, notices_for, operations_for
from providers import registry
from providers.base import CheckState

SHOWN = 10
HIDDEN = "…"
OUTCOMES = {
    "subscribed": gettext_lazy("Subscribed: what happens there is posted here."),
    "webhook_set": gettext_lazy("The webhook is set: what happens there is posted here."),
    "none": gettext_lazy("There is none."),
}
"""The stable words of adapters, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something the provider can be asked."""

    name: str
    label: str
    help_text: str
    inbox: Inbox | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that was asked, in words."""

    row: AccountOperation
    label: str
    words: str
    remedy: str


class SetUpPage(HouseAdmin):
    """Adds the page to the list of accounts."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.set_up_view)
        return [
            path("<path:object_id>/set-up/", view, name="inboxes_provideraccount_set_up"),
            *super().get_urls(),
        ]

    def set_up_address(self, account: ProviderAccount) -> str:
        """Return the address of an account's set-up page."""
        return reverse("admin:inboxes_provideraccount_set_up", args=[account.pk])

    def set_up_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the page, or take what one of its buttons asks for."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        account: ProviderAccount = self.row(request, object_id)
        if request.method == "POST":
            self._ask(request, account)
            return HttpResponseRedirect(self.set_up_address(account))
        template = "_set_up.html" if request.headers.get("hx-request") else "set_up.html"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Set-up of %(account)s") % {"account": account.name},
            "opts": self.opts,
            "is_fullwidth": "1",
            **set_up_of(account, actor_of(request), may_change=self.has_change_permission(request)),
            "change_address": self.page_of(account),
            "inbox_address": f"{reverse('admin:inboxes_inbox_add')}?account={account.pk}",
        }
        return TemplateResponse(request, f"admin/inboxes/provideraccount/{template}", context)

    def response_post_save_add(self, request: HttpRequest, obj: ProviderAccount) -> HttpResponse:
        """Lead from a new account to what is still to be done for it."""
        return HttpResponseRedirect(self.set_up_address(obj))

    def _ask(self, request: HttpRequest, account: ProviderAccount) -> None:
        actor = actor_of(request)
        inbox = None
        if pk := request.POST.get("inbox"):
            inbox = inboxes_for(actor).filter(account=account, pk=pk).first() if pk.isdecimal() else None
            if inbox is None:
                raise Http404
        name = request.POST.get("operation", "")
        try:
            request_operation(account=account, name=name, inbox=inbox, actor=actor)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
        else:
            if name != AccountOperation.CHECK:
                self.log_change(request, account, _("The provider was asked: %(what)s.") % {"what": name})


def set_up_of(account: ProviderAccount, actor: Actor, *, may_change: bool) -> dict[str, Any]:
    """Return all that the page shows."""
    inboxes = list(inboxes_for(actor).filter(account=account).order_by("name", "pk"))
    asked = list(operations_for(actor).filter(account=account).order_by("-pk")[: SHOWN * 2])
    checks = [row for row in asked if row.name == AccountOperation.CHECK]
    check = next((row for row in checks if row.finished_at is not None), None)
    is_busy = any(row.finished_at is None for row in asked)
    findings = findings_of(account, inboxes, check, health_of([account])[account.pk])
    return {
        "account": account,
        "provider": _(registry.PROVIDERS[account.kind].label) if account.kind in registry.PROVIDERS else account.kind,
        "findings": findings if may_change else [_without_key(finding, account) for finding in findings],
        "troubles": sum(finding.state is CheckState.BAD for finding in findings),
        "asked": ago(check.finished_at) if check and check.finished_at else "",
        "is_checking": any(row.finished_at is None for row in checks),
        "is_busy": is_busy,
        "may_change": may_change,
        "buttons": _buttons(account, inboxes) if may_change else [],
        "deeds": [_deed(account, row) for row in asked if row.name != AccountOperation.CHECK][:SHOWN],
        "notices": [(row, *words_of(row.code)) for row in notices_for(actor).filter(account=account)[:SHOWN]],
        "histories": _histories(actor, account),
    }


def _buttons(account: ProviderAccount, inboxes: list[Inbox]) -> list[Button]:
    provider = registry.PROVIDERS.get(account.kind)
    found = []
    for operation in provider.operations() if provider else ():
        places: list[Inbox | None] = [*inboxes] if operation.is_per_inbox else [None]
        found += [
            Button(
                name=operation.name,
                label=_(operation.label),
                help_text=_(operation.help_text) if operation.help_text else "",
                inbox=place,
            )
            for place in places
            if place is None or place.is_active
        ]
    return found


def _deed(account: ProviderAccount, row: AccountOperation) -> Deed:
    known = operation_of(account.kind, row.name)
    words, remedy = str(OUTCOMES.get(row.outcome, row.outcome)), ""
    if row.state == AccountOperation.State.FAILED:
        words, remedy = trouble(account.kind, row.error_code, row.error_text)
    return Deed(row=row, label=_(known.label) if known else row.name, words=words, remedy=remedy)


def _histories(actor: Actor, account: ProviderAccount) -> list[HistoryImport]:
    return list(histories_for(actor).filter(inbox__account=account).order_by("inbox__name"))


def _without_key(finding: Finding, account: ProviderAccount) -> Finding:
    """Whoever may not set the house up does not learn where providers post to."""
    return replace(finding, detail=finding.detail.replace(account.webhook_key, HIDDEN))
