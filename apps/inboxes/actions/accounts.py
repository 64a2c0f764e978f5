"""What is done to accounts at providers."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.core.secrets import UnreadableSecret
from apps.inboxes.models import ProviderAccount
from providers import registry
from providers.errors import BadCredentials

PROBE_SECONDS = 300


@transaction.atomic
def add_account(*, kind: str, name: str, credentials: Mapping[str, Any], actor: Actor) -> ProviderAccount:
    """Add an account at a provider.

    Raises: PermissionDenied; ValidationError code "unknown_kind" (field kind), "missing", "invalid" or
            "unknown" (field credentials), or as the model says.
    """
    require(actor, Scope.SETUP_WRITE)
    account = ProviderAccount(kind=kind, name=name, credentials=clean_credentials(kind, credentials))
    account.full_clean()
    account.save(force_insert=True)
    return account


@transaction.atomic
def change_credentials(*, account: ProviderAccount, credentials: Mapping[str, Any], actor: Actor) -> None:
    """Replace the given credentials and keep the others; what waited for them is sent.

    Those that no key opens any more count as not stored. Raises PermissionDenied, and ValidationError as
    `add_account`.
    """
    require(actor, Scope.SETUP_WRITE)
    account = ProviderAccount.objects.select_for_update().get(pk=account.pk)
    account.credentials = clean_credentials(account.kind, {**stored_credentials(account), **credentials})
    account.revision += 1
    account.state, account.state_reason, account.probe_at = ProviderAccount.State.OK, "", None
    account.save(update_fields=["credentials", "revision", "state", "state_reason", "probe_at"])
    enqueue(Job.SWEEP)


def stored_credentials(account: ProviderAccount) -> Mapping[str, Any]:
    """Return what is stored, or nothing when it cannot be opened for this account."""
    try:
        return account.credentials.open_for(account.webhook_key)
    except UnreadableSecret:
        return {}


def rename_account(*, account: ProviderAccount, name: str, actor: Actor) -> None:
    """Change how an account is called. Raises PermissionDenied, ValidationError (field name)."""
    require(actor, Scope.SETUP_WRITE)
    account.name = name.strip()
    account.full_clean(exclude=["credentials"])
    account.revision = F("revision") + 1  # an external adapter calls itself by this name
    account.save(update_fields=["name", "revision"])


def set_silence_alarm(
    *,
    account: ProviderAccount,
    minutes: int | None,
    expected_from: time,
    expected_until: time,
    actor: Actor,
) -> None:
    """Say after how many minutes without an event an account is silent, and at what hours that counts.

    Without minutes there is no alarm. Hours are those of the house; the same twice means the whole day.
    Raises PermissionDenied, ValidationError.
    """
    require(actor, Scope.SETUP_WRITE)
    account.silence_minutes, account.expected_from, account.expected_until = minutes, expected_from, expected_until
    fields = ["silence_minutes", "expected_from", "expected_until"]
    account.clean_fields(exclude={field.name for field in account._meta.fields} - set(fields))
    account.save(update_fields=fields)


@transaction.atomic
def set_account_active(*, account: ProviderAccount, is_active: bool, actor: Actor) -> None:
    """Switch an account on or off; off, its webhooks are unknown and what is to be sent waits."""
    require(actor, Scope.SETUP_WRITE)
    ProviderAccount.objects.filter(pk=account.pk).exclude(is_active=is_active).update(
        is_active=is_active, revision=F("revision") + 1
    )
    enqueue(Job.SWEEP)


def pause_account(*, account: ProviderAccount, reason: str, actor: Actor) -> None:
    """Note that the provider refuses the credentials; one message tries them now and then.

    An account that the provider itself paused stays as it is: nothing tries it until the provider says so.
    """
    require(actor, Scope.MESSAGES_SEND)
    ProviderAccount.objects.filter(pk=account.pk).exclude(state=ProviderAccount.State.PAUSED).update(
        state=ProviderAccount.State.NEEDS_AUTH,
        state_reason=reason[:200],
        probe_at=Now() + timedelta(seconds=PROBE_SECONDS),
    )


def unpause_account(*, account: ProviderAccount, actor: Actor) -> None:
    """Note that the provider took the credentials again."""
    require(actor, Scope.MESSAGES_SEND)
    ProviderAccount.objects.filter(pk=account.pk, state=ProviderAccount.State.NEEDS_AUTH).update(
        state=ProviderAccount.State.OK, state_reason="", probe_at=None
    )


@transaction.atomic
def resume_account(*, account: ProviderAccount, actor: Actor) -> None:
    """Let an account send again that the provider paused: somebody asked, and found all in order."""
    require(actor, Scope.SETUP_WRITE)
    paused = ProviderAccount.objects.filter(pk=account.pk, state=ProviderAccount.State.PAUSED)
    if paused.update(state=ProviderAccount.State.OK, state_reason=""):
        enqueue(Job.SWEEP)


def clean_credentials(kind: str, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return credentials ready to be stored. Raises ValidationError (fields kind, credentials)."""
    if kind not in registry.PROVIDERS:
        known = ", ".join(registry.PROVIDERS)
        message = _("There is no provider “%(kind)s”. Known: %(known)s.")
        params = {"kind": kind, "known": known}
        raise ValidationError({"kind": ValidationError(message, code="unknown_kind", params=params)})
    try:
        return registry.new_credentials(kind, credentials)
    except BadCredentials as error:
        words = {"missing": _("%(field)s is missing."), "invalid": _("%(field)s is not valid.")}
        unknown = _("%(field)s is not a credential of this provider.")
        raise ValidationError(
            {
                "credentials": [
                    ValidationError(words.get(problem, unknown), code=problem, params={"field": field})
                    for field, problem in error.problems.items()
                ]
            }
        ) from error
