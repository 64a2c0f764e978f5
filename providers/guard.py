"""Where a file may be fetched from. An address that arrived in a message is a stranger's wish, not an order.

Whoever fetches asks `require_allowed` for every URL, redirects included, and `require_public` for the addresses it
is about to connect to: those, and not the name once more.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from providers.base import HostRule
from providers.errors import MediaRefused

PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
"""Anything else in its place is read differently by different readers, or not at all."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def require_allowed(url: str, rule: HostRule) -> bool:
    """Tell whether the URL is of the provider's own API, which may be anywhere.

    Raises MediaRefused with code "blocked_host" for what the rule does not name.
    """
    try:
        parts = urlsplit(url)
        origin, base = _origin(parts), _origin(urlsplit(rule.base_url))
    except ValueError as error:
        raise MediaRefused("blocked_host") from error
    host = origin[1].rstrip(".")
    if not HOST.fullmatch(host) or "@" in parts.netloc or "\\" in url or not url.isprintable():
        raise MediaRefused("blocked_host")
    if origin == base:
        return True
    if parts.scheme != "https" or not (rule.is_any_public or any(_names(host, name) for name in rule.hosts)):
        raise MediaRefused("blocked_host")
    if _is_address(host):
        require_public([host])
    return False


def host_of(url: str) -> str:
    """Return the host of a URL for a log; nothing if it is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host[:100] if HOST.fullmatch(host) and url.isprintable() else ""


def require_public(addresses: Iterable[str]) -> None:
    """Raise MediaRefused with code "blocked_address" unless every one is an address of the open internet."""
    if not all(_is_public(address) for address in addresses):
        raise MediaRefused("blocked_address")


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


def _names(host: str, name: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(text: str) -> bool:
    """Look through every form in which an IPv6 address can carry an IPv4 one."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour or address.teredo:
            return False
        if address.ipv4_mapped or address in NAT64:
            address = ipaddress.IPv4Address(address.packed[-4:])
    return address.is_global and not address.is_multicast
