"""One account of each provider, with credentials that are as good as real ones."""

from collections.abc import Callable
from typing import Any

from providers.base import Provider
from providers.registry import build
from tests.providers.meta_webhooks import sign

SECRET = "a-secret-that-signs"

CREDENTIALS: dict[str, dict[str, Any]] = {
    "whatsapp": {
        "app_secret": SECRET,
        "access_token": "EAAtoken",
        "verify_token": "a word",
        "waba_id": "102030405060708",
    },
    "simulator": {"secret": SECRET},
}

#: How each provider proves a webhook: the headers for these bytes and this secret.
PROOFS: dict[str, Callable[[bytes, str], dict[str, str]]] = {
    "whatsapp": lambda body, secret: {"x-hub-signature-256": sign(body, secret)},
    "simulator": lambda body, secret: {"x-simulator-signature": sign(body, secret)},
}


def account(kind: str, **options: str) -> Provider:
    """Return the provider of a test account."""
    return build(kind, CREDENTIALS[kind], options=options)
