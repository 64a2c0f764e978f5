"""What is right with an account and what is not, each with what to do about it.

Half of it is known here – what came in, and what did not –, the other half a provider said when it was last asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from apps.core.secrets import UnreadableSecret
from apps.inboxes.admin.health import health_words
from apps.inboxes.admin.notices import NOTICES, words_of
from apps.inboxes.models import AccountOperation, Inbox, ProviderAccount
from apps.inboxes.queries import Health
from providers import registry
from providers.base import CheckState
from providers.errors import BadCredentials
from providers.types import FailureReason

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
RENEW = gettext_lazy("Renew it at the provider and enter it here, under “Credentials”.")
WAIT = gettext_lazy("Wait some minutes and ask again.")
NETWORK = (
    gettext_lazy("The provider could not be reached."),
    gettext_lazy("Look whether this server reaches the internet, and whether the provider has an outage."),
)
BY_CODE = {
    "unusable_credentials": (
        gettext_lazy("The stored credentials cannot be used."),
        gettext_lazy("Enter them again, under “Credentials”."),
    ),
    "worker_lost": (
        gettext_lazy("It broke off here; whether the provider did it, nobody knows."),
        gettext_lazy("Look at the provider before you ask again."),
    ),
    "internal_error": (
        gettext_lazy("Something failed on our side."),
        gettext_lazy("The log of the server says more."),
    ),
    "unknown_operation": (gettext_lazy("This provider cannot do that."), ""),
    **dict.fromkeys(
        ("timeout", "dns", "tls", "connect_timeout", "connection_refused", "connection_failed", "connection_lost"),
        NETWORK,
    ),
    "read_timeout": NETWORK,
    "answer_truncated": NETWORK,
}
BY_REASON = {
    FailureReason.ACCOUNT: (gettext_lazy("The provider refuses the account or its token."), RENEW),
    FailureReason.THROTTLED: (gettext_lazy("The provider counts too many requests."), WAIT),
    FailureReason.BUSY: (gettext_lazy("The provider has trouble."), WAIT),
    FailureReason.NETWORK: NETWORK,
}
REFUSED = (
    gettext_lazy("The provider refuses it."),
    gettext_lazy("Look for the code in the provider's documentation."),
)
ANSWERED = gettext_noop("The provider answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the page."""

    label: str
    state: CheckState
    detail: str = ""
    remedy: str = ""
    inbox: str = ""


def findings_of(
    account: ProviderAccount, inboxes: list[Inbox], check: AccountOperation | None, health: Health
) -> list[Finding]:
    """Return all that is known about an account, what we know ourselves first."""
    return [*_own(account, inboxes, health), *(_of_check(account, inboxes, check) if check else ())]


def trouble(kind: str, code: str, text: str = "") -> tuple[str, str]:
    """Return an error in words, and its remedy; the provider's own words behind ours."""
    words, remedy = BY_CODE.get(code) or BY_REASON.get(registry.reason_for(kind, code), REFUSED)
    said = " ".join(part for part in (code if code not in BY_CODE else "", text) if part)
    return (f"{words} ({said})" if said else str(words)), str(remedy)


def _own(account: ProviderAccount, inboxes: list[Inbox], health: Health) -> Iterator[Finding]:
    yield _credentials(account)
    if account.state != ProviderAccount.State.OK:
        reason = account.state_reason
        words, remedy = words_of(reason) if reason in NOTICES else trouble(account.kind, reason)
        yield Finding(label=str(account.get_state_display()), state=CheckState.BAD, detail=words, remedy=remedy)
    yield _inboxes(inboxes)
    provider = registry.PROVIDERS.get(account.kind)
    if provider and provider.capabilities.has_handshake:
        yield _handshake(account)
    yield _webhooks(account, health)
    if health.open_letters:
        yield _dead_letters(health.open_letters)


def _credentials(account: ProviderAccount) -> Finding:
    label = _("Credentials complete")
    try:
        account.provider()
    except (UnreadableSecret, BadCredentials, KeyError):
        words, remedy = trouble(account.kind, "unusable_credentials")
        return Finding(label=label, state=CheckState.BAD, detail=words, remedy=remedy)
    return Finding(label=label, state=CheckState.GOOD)


def _inboxes(inboxes: list[Inbox]) -> Finding:
    label = _("It has an inbox")
    names = ", ".join(inbox.name for inbox in inboxes if inbox.is_active)
    if not names:
        return Finding(label=label, state=CheckState.BAD, remedy=_("Add an inbox to this account."))
    return Finding(label=label, state=CheckState.GOOD, detail=names)


def _handshake(account: ProviderAccount) -> Finding:
    label = _("The provider confirmed the webhook URL")
    if account.handshake_at is None:
        remedy = _("Enter the webhook URL and the verify token at the provider.")
        return Finding(label=label, state=CheckState.BAD, detail=_nobody_reaches_it(), remedy=remedy)
    return Finding(label=label, state=CheckState.GOOD, detail=ago(account.handshake_at))


def _webhooks(account: ProviderAccount, health: Health) -> Finding:
    label = _("Webhooks come, and their signature is right")
    good, bad = health.last_event_at or account.last_event_at, account.last_bad_signature_at
    if bad is not None and (good is None or bad > good):
        remedy = _("Compare the secret that signs with the one entered here.")
        detail = _("The last one had a wrong signature: %(when)s") % {"when": ago(bad)}
        return Finding(label=label, state=CheckState.BAD, detail=detail, remedy=remedy)
    if good is None:
        remedy = _("Write to the inbox from a phone, and look whether it arrives.")
        return Finding(label=label, state=CheckState.UNKNOWN, detail=_nobody_reaches_it(), remedy=remedy)
    words = health_words(health)[1] if health.last_event_at else _("The last one: %(when)s") % {"when": ago(good)}
    if health.is_silent:
        remedy = _("Look whether the provider still posts to the webhook URL, and write from a phone.")
        return Finding(label=label, state=CheckState.BAD, detail=words, remedy=remedy)
    return Finding(label=label, state=CheckState.GOOD, detail=words)


def _dead_letters(count: int) -> Finding:
    words = ngettext(
        "%(count)d thing that came was not understood.", "%(count)d things that came were not understood.", count
    )
    return Finding(
        label=_("What comes is understood"),
        state=CheckState.BAD,
        detail=words % {"count": count},
        remedy=_("Look at the dead letters; they can be processed again."),
    )


def _nobody_reaches_it() -> str:
    """Return a word of warning where nobody outside can reach this installation."""
    if urlsplit(settings.PUBLIC_URL).hostname in LOCAL:
        return _("Nobody outside reaches %(url)s: set PUBLIC_URL.") % {"url": settings.PUBLIC_URL}
    return _("None yet")


def _of_check(account: ProviderAccount, inboxes: list[Inbox], check: AccountOperation) -> Iterator[Finding]:
    if check.state == AccountOperation.State.FAILED:
        words, remedy = trouble(account.kind, check.error_code, check.error_text)
        yield Finding(label=_(ANSWERED), state=CheckState.BAD, detail=words, remedy=remedy)
    names = {inbox.address: inbox.name for inbox in inboxes}
    for said in check.checks:
        yield _said(said, names)


def _said(said: dict[str, Any], names: dict[str, str]) -> Finding:
    address = said.get("inbox_address", "")
    return Finding(
        label=_words(said.get("label", "")) or said.get("code", ""),
        state=CheckState(said["state"]),
        detail=_words(said.get("detail", "")),
        remedy=_words(said.get("remedy", "")),
        inbox=names.get(address, address),
    )


def _words(text: str) -> str:
    """Return an English source text in the language of the page; what is no source text stays."""
    return _(text) if text else ""


def ago(moment: datetime) -> str:
    """Return how long something is over, in words."""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}
