"""Setting up: accounts at providers and our inboxes there.

Secrets and what we drew at random are write-only. A verify token has to be pasted at the provider, so it
can be shown on demand: by POST, to whoever may set the house up, noted in the account's history and the log.
"""

import logging
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from apps.core.actors import Actor, Scope
from apps.core.admin import DoorFilter, HouseAdmin, HouseInline, become, colours
from apps.core.requests import actor_of
from apps.inboxes.actions.accounts import (
    add_account,
    change_credentials,
    rename_account,
    set_account_active,
    set_silence_alarm,
    stored_credentials,
)
from apps.inboxes.actions.inboxes import add_inbox, change_inbox
from apps.inboxes.actions.operations import request_operation
from apps.inboxes.admin.health import health_words
from apps.inboxes.admin.setup import SetUpPage
from apps.inboxes.forms import PREFIX, SILENCE, AccountForm, account_form
from apps.inboxes.models import AccountOperation, Inbox, ProviderAccount
from apps.inboxes.queries import accounts_for, health_of, inboxes_for
from providers import registry

logger = logging.getLogger(__name__)

HEALTH = "health of its webhooks"


class InboxInline(HouseInline):
    """The inboxes of an account."""

    model = Inbox
    door = staticmethod(inboxes_for)
    read_scope = Scope.INBOXES_READ
    fields = readonly_fields = ("name", "branch", "address", "group_address", "is_active")


@admin.register(ProviderAccount)
class ProviderAccountAdmin(SetUpPage):
    door = staticmethod(accounts_for)
    read_scope = Scope.INBOXES_READ
    write_scope = Scope.SETUP_WRITE
    list_display = ("name", "provider", "health", "set_up", "is_active", "webhooks", "last_bad_signature_at")
    list_filter = ("state", "is_active")
    search_fields = ("name",)
    inlines = (InboxInline,)
    readonly_fields = (
        "provider",
        "set_up",
        "webhook_address",
        "verify_token_hint",
        "more_inboxes",
        "state",
        "state_reason",
        "handshake_at",
        "webhooks",
        "last_bad_signature_at",
        "created_at",
    )
    actions_detail = ("show_verify_token",)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the provider first: its credentials are the form."""
        if request.GET.get("kind") in registry.PROVIDERS or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Which provider is the account at?"),
            "opts": self.opts,
            "providers": [(kind, _(provider.label)) for kind, provider in registry.PROVIDERS.items()],
        }
        return TemplateResponse(request, "admin/inboxes/provideraccount/choose.html", context)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        if isinstance(obj, ProviderAccount):
            is_known = self.has_change_permission(request) and obj.kind in registry.PROVIDERS
            form = account_form(obj.kind, stored_credentials(obj)) if is_known else AccountForm
        else:
            form = account_form(request.GET.get("kind", ""), {})
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_fieldsets(
        self, request: HttpRequest, obj: ProviderAccount | None = None
    ) -> list[tuple[Any, dict[str, Any]]]:
        kind = obj.kind if obj else request.GET.get("kind", "")
        form = registry.PROVIDERS[kind].credential_fields() if kind in registry.PROVIDERS else []
        credentials = (_("Credentials"), {"fields": [PREFIX + line.name for line in form]})
        state = ("state", "state_reason", "webhooks", "handshake_at", "last_bad_signature_at", "created_at")
        if obj is None:
            return [(None, {"fields": ["name"]}), credentials]
        sets: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": ["provider", "set_up", "name", "is_active"]})]
        if self.has_change_permission(request):
            webhook = ["webhook_address"]
            if registry.PROVIDERS[obj.kind].capabilities.has_handshake if obj.kind in registry.PROVIDERS else False:
                webhook.append("verify_token_hint")
            sets += [(_("Webhook"), {"fields": [*webhook, "more_inboxes"]}), credentials]
            sets += [(_("Silence alarm"), {"fields": SILENCE, "description": _("Hours are those of the house.")})]
        return [*sets, (_("State"), {"fields": state})]

    def save_model(self, request: HttpRequest, obj: ProviderAccount, form: AccountForm, change: bool) -> None:
        actor = actor_of(request)
        if not change:
            kind, name = request.GET["kind"], form.cleaned_data["name"]
            become(obj, add_account(kind=kind, name=name, credentials=form.given_credentials(), actor=actor))
            request_operation(account=obj, name=AccountOperation.CHECK, actor=actor)
            return
        if "name" in form.changed_data:
            rename_account(account=obj, name=form.cleaned_data["name"], actor=actor)
        set_account_active(account=obj, is_active=form.cleaned_data["is_active"], actor=actor)
        if set(SILENCE) & set(form.changed_data):
            self._set_silence_alarm(obj, form, actor)
        if changed := form.changed_credentials():
            change_credentials(account=obj, credentials=changed, actor=actor)
            request_operation(account=obj, name=AccountOperation.CHECK, actor=actor)

    def _set_silence_alarm(self, account: ProviderAccount, form: AccountForm, actor: Actor) -> None:
        kept = ProviderAccount.objects.get(pk=account.pk)
        set_silence_alarm(
            account=account,
            minutes=form.cleaned_data["silence_minutes"],
            expected_from=form.cleaned_data["expected_from"] or kept.expected_from,
            expected_until=form.cleaned_data["expected_until"] or kept.expected_until,
            actor=actor,
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Ask for the health of all that are listed at once."""
        page = super().get_changelist_instance(request)
        health = health_of(page.result_list)
        for account in page.result_list:
            vars(account)[HEALTH] = health[account.pk]
        return page

    @display(description=_("provider"), ordering="kind")
    def provider(self, account: ProviderAccount) -> str:
        known = registry.PROVIDERS.get(account.kind)
        return gettext(known.label) if known else account.kind

    @display(description=_("state"), label=colours(ok="success", needs_auth="danger", paused="warning"))
    def health(self, account: ProviderAccount) -> tuple[str, str]:
        words = account.get_state_display()
        return account.state, f"{words}: {account.state_reason}" if account.state_reason else str(words)

    @display(description=_("webhooks"), label=colours(silent="danger", heard="success", nothing="info"))
    def webhooks(self, account: ProviderAccount) -> tuple[str, str]:
        return health_words(vars(account).get(HEALTH) or health_of([account])[account.pk])

    @display(description=_("set-up"))
    def set_up(self, account: ProviderAccount) -> SafeString:
        return format_html('<a class="text-link" href="{}">{}</a>', self.set_up_address(account), _("See what works"))

    @display(description=_("webhook URL"))
    def webhook_address(self, account: ProviderAccount) -> SafeString:
        return format_html('<code class="verbatim verbatim--whole">{}</code>', account.webhook_url)

    @display(description=_("verify token"))
    def verify_token_hint(self, account: ProviderAccount) -> str:
        return gettext(
            "Enter it at the provider beside the webhook URL. “Show verify token”, at the top, "
            "shows it and notes who did."
        )

    @display(description=_("inboxes"))
    def more_inboxes(self, account: ProviderAccount) -> SafeString:
        address = f"{reverse('admin:inboxes_inbox_add')}?account={account.pk}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("Add an inbox to this account"))

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Offer the verify token only where the provider asks for one."""
        account = self.get_object(request, object_id)
        return super().get_actions_detail(request, object_id) if account and tokens_to_enter(account) else []

    @action(
        description=_("Show verify token"),
        permissions=["change"],
        icon="visibility",
        dialog={
            "title": _("Show verify token"),
            "description": _("The history of the account will say that you saw it."),
            "form_submit_text": _("Show"),
        },
    )
    def show_verify_token(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        account = self.row(request, object_id)
        stored = stored_credentials(account)
        shown = [(gettext(line.label), stored.get(line.name, "–")) for line in tokens_to_enter(account)]
        self.log_change(request, account, gettext("The verify token was shown."))
        logger.info("account.verify_token_shown account=%s user=%s", account.pk, actor_of(request).user_id)
        return render(request, "admin/inboxes/provideraccount/shown.html", {"shown": shown})


def tokens_to_enter(account: ProviderAccount) -> list[Any]:
    """Return the credentials that are ours to choose and have to be entered at the provider."""
    known = registry.PROVIDERS.get(account.kind)
    return [line for line in known.credential_fields() if line.is_generated and not line.is_secret] if known else []


@admin.register(Inbox)
class InboxAdmin(HouseAdmin):
    """Inboxes are switched off, never deleted: conversations hang on them."""

    door = staticmethod(inboxes_for)
    read_scope = Scope.INBOXES_READ
    write_scope = Scope.SETUP_WRITE
    list_display = ("name", "branch", "account", "address", "is_active", "assistant_mode")
    list_filter = (("branch", DoorFilter), ("account", DoorFilter), "is_active", "assistant_mode")
    search_fields = ("name", "address")
    autocomplete_fields = ("account", "branch")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("account", "branch", "name", "address")
        return (
            *("name", "branch", "account", "address", "group_address"),
            *("is_active", "assistant_mode", "created_at"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return () if obj is None else ("account", "address", "group_address", "created_at")

    def save_model(self, request: HttpRequest, obj: Inbox, form: Any, change: bool) -> None:
        names = (
            ("branch", "name", "is_active", "assistant_mode") if change else ("account", "branch", "name", "address")
        )
        given = {name: form.cleaned_data[name] for name in names}
        if change:
            change_inbox(inbox=obj, **given, actor=actor_of(request))
        else:
            become(obj, add_inbox(**given, actor=actor_of(request)))
            request_operation(account=obj.account, name=AccountOperation.CHECK, actor=actor_of(request))
