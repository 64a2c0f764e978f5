"""Where a model may be: an address that a person of the house enters, and that carries a key and people's words."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

COMPLETIONS = "/chat/completions"
"""What is asked below the address; people paste it along."""
OF_THE_NET_AROUND = (".local", ".internal", ".lan", ".localhost", ".test")


def clean_endpoint(url: str) -> str:
    """Return an address as it is stored: without what is asked below it, without a slash at its end.

    Raises: ValidationError (field endpoint_url) code "invalid", or "unencrypted" for an open line across the internet.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        is_plain = parts.scheme in ("http", "https") and host and parts.port != 0
    except ValueError:
        raise _refused("invalid") from None
    if not is_plain or not _is_bare(url, parts) or is_link_local(host):
        raise _refused("invalid")
    if parts.scheme == "http" and not is_near(host):
        raise _refused("unencrypted")
    return url.rstrip("/").removesuffix(COMPLETIONS).rstrip("/")


def is_near(host: str) -> bool:
    """Tell whether a host is this machine or on the net around it, by its name alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(OF_THE_NET_AROUND)
    return address.is_private or address.is_loopback


def is_link_local(host: str) -> bool:
    """Tell whether a host is where clouds hand out their secrets; no model is there."""
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def _is_bare(url: str, parts: SplitResult) -> bool:
    is_typed = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')
    return is_typed and "@" not in parts.netloc and "?" not in url and "#" not in url


def _refused(code: str) -> ValidationError:
    words = {
        "invalid": _("This is not the address of an API, such as https://api.example.com/v1."),
        "unencrypted": _("Across the internet only https: the key and what people say would be open to read."),
    }
    return ValidationError({"endpoint_url": ValidationError(words[code], code=code)})
