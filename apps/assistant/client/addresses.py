"""What may be the address of a provider: a key and people's words go there."""

import ipaddress
from urllib.parse import urlsplit

from providers.guard import HOST

INSIDE = (".local", ".internal", ".lan", ".localhost", ".home.arpa", ".test")
"""Ends of names that exist in one's own network only."""


def endpoint_problem(url: str) -> str:
    """Return why a URL cannot be an endpoint, "" if it can.

    Shape:  "malformed", "credentials" (a password in it), "query" (anything behind the path), "insecure" (http to
            somewhere outside one's own network), "forbidden" (addresses at which machines keep their own secrets).
    """
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return "malformed"
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(host) or not _is_plain(url):
        return "malformed"
    if "@" in parts.netloc:
        return "credentials"
    if "?" in url or "#" in url:
        return "query"
    address = _address(host)
    if address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified):
        return "forbidden"
    return "" if parts.scheme == "https" or _is_inside(host, address) else "insecure"


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_inside(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if address is not None:
        return address.is_private or address.is_loopback
    return "." not in host or host.endswith(INSIDE)
