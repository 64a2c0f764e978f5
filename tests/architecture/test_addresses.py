"""Every address asks who is there, but for the few that are for everybody."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

pytestmark = pytest.mark.django_db

FOR_EVERYBODY = {"login/", "admin/login/", "healthz", "readyz", "i18n/setlang/"}
"""The ways in, signs of life, the choice of a language. Webhooks are beside Django, and have their own tests."""
PARAMETER = re.compile(r"<[^>]+>")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Yield every path of the house with 1 for each parameter, but the catch-all of the admin."""
    for entry in resolver.url_patterns:
        here = before + PARAMETER.sub("1", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from addresses(entry, here)
        elif not isinstance(entry.pattern, RegexPattern):
            yield here


HIDDEN_AS_MISSING = {"simulator/wire/files/1/"}
"""What only the signature of the right account opens: to everybody else it is not there."""

ADDRESSES = sorted({*addresses(get_resolver())})


def test_the_addresses_are_found() -> None:
    assert {"chat/1/messages/", "graphql/", "media/1/1/1", "admin/accounts/user/1/change/"} <= {*ADDRESSES}
    assert {*ADDRESSES} > FOR_EVERYBODY


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_is_let_in_nowhere(method: str) -> None:
    closed = [path for path in ADDRESSES if path not in FOR_EVERYBODY]
    answers = {path: Client().generic(method, f"/{path}", b"{}", "application/json").status_code for path in closed}
    told = {path: code for path, code in answers.items() if code not in {301, 302, 401, 403, 405}}
    assert {path: code for path, code in told.items() if (path in HIDDEN_AS_MISSING) is not (code == 404)} == {}
