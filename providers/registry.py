"""The one list of providers. A new provider is one line here."""

import secrets
from collections.abc import Mapping
from typing import Any

from providers.base import OWN_WORDS, CredentialField, Provider
from providers.errors import BadCredentials
from providers.external.adapter import External
from providers.instagram.adapter import Instagram
from providers.maytapi.adapter import Maytapi
from providers.simulator.adapter import Simulator
from providers.types import FailureReason
from providers.whatsapp.adapter import WhatsApp
from providers.whatsapp_coexistence.adapter import WhatsAppCoexistence

PROVIDERS: dict[str, type[Provider]] = {
    provider.kind: provider for provider in (WhatsApp, WhatsAppCoexistence, Maytapi, Instagram, External, Simulator)
}


def build(kind: str, credentials: Mapping[str, Any], *, options: Mapping[str, Any] | None = None) -> Provider:
    """Return the provider of one account.

    `options` are settings of the project under the providers' own names (`graph_url`, …), and what
    the house knows of the account (`account_name`, `own_addresses`); each
    provider takes those it knows. Raises BadCredentials if the credentials do not fit, KeyError
    if there is no such kind.
    """
    provider = PROVIDERS[kind]
    values = clean_credentials(kind, credentials)
    wanted = provider.option_names()
    values |= {name: value for name, value in (options or {}).items() if name in wanted}
    return provider(**values)


def clean_credentials(kind: str, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return credentials as the provider's fields want them, several values as a tuple.

    Raises BadCredentials naming every field that is missing, invalid or unknown.
    """
    form = {line.name: line for line in PROVIDERS[kind].credential_fields()}
    problems = {name: "unknown" for name in credentials if name not in form}
    values: dict[str, Any] = {}
    for name, line in form.items():
        value = _clean(line, credentials.get(name))
        if value is None:
            problems[name] = "invalid"
        elif value:
            values[name] = value
        elif line.is_required:
            problems[name] = "missing"
    if problems:
        raise BadCredentials(problems)
    return values


def new_credentials(kind: str, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credentials to store for a new account: cleaned, and complete.

    What the provider lets us choose and nobody entered is drawn at random. Raises BadCredentials.
    """
    values = clean_credentials(kind, credentials)
    for line in PROVIDERS[kind].credential_fields():
        if line.is_generated and line.name not in values:
            values[line.name] = secrets.token_urlsafe(32)
    return values


def reason_for(kind: str, code: str) -> FailureReason:
    """Return what a stored error code means to a person; UNKNOWN for a kind no longer here."""
    provider = PROVIDERS.get(kind)
    reason = provider.reason_for(code) if provider else FailureReason.UNKNOWN
    return OWN_WORDS.get(code, reason) if reason is FailureReason.UNKNOWN else reason


def _clean(line: CredentialField, value: Any) -> str | tuple[str, ...] | None:
    """Return the value without blanks around it, empty if there is none, None if it is wrong."""
    several = value if isinstance(value, list | tuple) else [value]
    texts = [_text(item) for item in several]
    if not all(isinstance(item, str) for item in texts):
        return None
    stripped = tuple(item.strip() for item in texts if item.strip())
    if not all(item.isprintable() for item in stripped):
        return None  # a control character would break the header it is put into
    if line.allows_several:
        return stripped
    if len(texts) > 1 or (line.choices and not set(stripped) <= set(line.choices)):
        return None
    return stripped[0] if stripped else ""


def _text(value: Any) -> Any:
    """Return the text of what JSON may say otherwise: nothing, and yes or no."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return value
