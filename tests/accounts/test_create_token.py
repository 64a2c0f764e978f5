"""manage.py create_token: from a script to an open door."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import ApiToken
from apps.accounts.queries import actor_for_token
from apps.core.actors import ROLE_SCOPES, Role, Scope
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def create_token(*options: str) -> dict[str, Any]:
    output = StringIO()
    call_command("create_token", "--user", "admin", "--name", "Website", *options, "--json", stdout=output)
    facts: dict[str, Any] = json.loads(output.getvalue())
    return facts


def test_the_token_opens_and_only_its_digest_is_kept():
    user = make_user(Role.ADMINISTRATOR, username="admin")

    facts = create_token("--scopes", "conversations:read, messages:send")

    row = ApiToken.objects.get()
    assert facts["id"] == row.pk
    assert facts["token"].startswith(row.prefix)
    assert facts["token"] not in json.dumps([row.prefix, row.digest, row.name, row.scopes])
    actor = actor_for_token(facts["token"])
    assert actor is not None
    assert actor.user_id == user.pk
    assert actor.scopes == {Scope.CONVERSATIONS_READ, Scope.MESSAGES_SEND}


def test_a_star_is_all_that_the_user_may():
    make_user(Role.VIEWER, username="admin")

    actor = actor_for_token(create_token("--scopes", "*")["token"])

    assert actor is not None
    assert actor.scopes == ROLE_SCOPES[Role.VIEWER]


def test_a_token_may_end():
    make_user(Role.VIEWER, username="admin")

    create_token("--scopes", "*", "--expires-days", "30")

    expires_at = ApiToken.objects.get().expires_at
    assert expires_at is not None
    assert timedelta(days=29) < expires_at - timezone.now() < timedelta(days=31)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scopes", "everything"], "everything"),
        (["--scopes", ""], "Known"),
        (["--scopes", "*", "--expires-days", "0"], "1 to"),
        (["--scopes", "*", "--user", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(options: list[str], words: str):
    make_user(Role.VIEWER, username="admin")

    with pytest.raises(CommandError, match=words):
        create_token(*options)

    assert not ApiToken.objects.exists()
