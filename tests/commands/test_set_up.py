"""add_account and add_inbox."""

import io
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.inboxes.actions.accounts import stored_credentials
from apps.inboxes.models import Inbox, ProviderAccount
from providers.registry import PROVIDERS
from tests import factories
from tests.commands.conftest import Call

CREDENTIALS = {"app_secret": "one", "access_token": "two", "verify_token": "three", "waba_id": "4"}
ACCOUNT = ("--provider", "whatsapp", "--name", "WhatsApp")


def test_an_account_is_added(call: Call) -> None:
    made = call("add_account", *ACCOUNT, "--credentials", json.dumps(CREDENTIALS))
    account = ProviderAccount.objects.get(pk=made["id"])
    assert made == {
        "id": account.pk,
        "webhook_key": account.webhook_key,
        "webhook_path": f"/webhooks/{account.webhook_key}/",
    }
    assert stored_credentials(account) == {**CREDENTIALS, "app_secret": ["one"]}


META = {"app_secret": "one", "access_token": "two", "verify_token": "three"}
EVERY_KIND: dict[str, tuple[Any, Any]] = {
    "whatsapp": (CREDENTIALS, {**CREDENTIALS, "app_secret": ["one"]}),
    "whatsapp_coexistence": (CREDENTIALS, {**CREDENTIALS, "app_secret": ["one"]}),
    "maytapi": ({"product_id": "p", "api_key": "k"}, {"product_id": "p", "api_key": "k"}),
    "instagram": ({**META, "login": "facebook"}, {**META, "app_secret": ["one"], "login": "facebook"}),
    "external": (
        {"token": "t", "endpoint_url": "https://adapter.example.org/send", "idempotent": True},
        {"token": "t", "endpoint_url": "https://adapter.example.org/send", "idempotent": "true"},
    ),
    "simulator": ({"secret": "s"}, {"secret": "s"}),
}


@pytest.mark.parametrize("kind", PROVIDERS)
def test_an_account_of_every_kind_is_added_and_can_speak(kind: str, call: Call) -> None:
    given, stored = EVERY_KIND[kind]
    factories.make_branch()
    made = call("add_account", "--provider", kind, "--name", kind, "--credentials", json.dumps(given))
    call("add_inbox", "--account", made["id"], "--address", "1060403000001", "--name", kind)

    account = ProviderAccount.objects.get(pk=made["id"])
    assert stored_credentials(account) == stored
    assert account.provider().kind == kind
    (listed,) = call("accounts")["accounts"]
    path = "/api/messages" if kind == "external" else f"/webhooks/{account.webhook_key}/"
    assert listed["webhook_url"] == settings.PUBLIC_URL + path
    assert (listed["provider"], listed["inboxes"][0]["address"]) == (kind, "1060403000001")


def test_credentials_may_come_by_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({**CREDENTIALS, "app_secret": ["one", "other"]})))
    made = call("add_account", *ACCOUNT, "--credentials", "-")
    assert stored_credentials(ProviderAccount.objects.get(pk=made["id"]))["app_secret"] == ["one", "other"]


@pytest.mark.parametrize(
    ("provider", "credentials", "words"),
    [
        ("nope", "{}", f"There is no provider “nope”. Known: {', '.join(PROVIDERS)}."),
        ("whatsapp", "{}", "app_secret is missing. .*access_token is missing."),
        ("whatsapp", '{"app_secret": 5, "access_token": "x"}', "app_secret is not valid."),
        ("whatsapp", '{"app_secret": "x", "access_token": "x", "colour": "x"}', "colour is not a credential"),
        ("whatsapp", "secret-words", "--credentials is not JSON.$"),
        ("whatsapp", '["secret-words"]', "--credentials is not a JSON object.$"),
    ],
)
def test_what_is_wrong_is_said_in_words_without_the_secret(
    provider: str, credentials: str, words: str, call: Call
) -> None:
    with pytest.raises(CommandError, match=words) as refusal:
        call("add_account", "--provider", provider, "--name", "x", "--credentials", credentials)
    assert "secret-words" not in str(refusal.value)
    assert not ProviderAccount.objects.exists()


def test_a_name_is_taken_once(call: Call) -> None:
    call("add_account", *ACCOUNT, "--credentials", json.dumps(CREDENTIALS))
    with pytest.raises(CommandError, match="name: "):
        call("add_account", *ACCOUNT, "--credentials", json.dumps(CREDENTIALS))


def test_an_inbox_goes_to_the_first_branch(call: Call) -> None:
    first, account = factories.make_branch(), factories.make_account()
    factories.make_branch("A branch that comes first by name")
    made = call("add_inbox", "--account", account.pk, "--address", " 123 ", "--name", "Cursos")
    assert made == {"id": Inbox.objects.get().pk, "account": account.pk, "branch": first.slug}
    assert Inbox.objects.get().address == "123"


def test_an_inbox_goes_to_a_named_branch(call: Call) -> None:
    factories.make_branch()
    named, account = factories.make_branch(), factories.make_account()
    call("add_inbox", "--account", account.pk, "--address", "1", "--name", "Cursos", "--branch", named.slug)
    assert Inbox.objects.get().branch == named


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"--account": "999999"}, "There is no account 999999."),
        ({"--account": str(2**70)}, "There is no account"),
        ({"--account": "x"}, "invalid int value"),
        ({"--branch": "nope"}, "There is no branch “nope”."),
        ({"--address": "  "}, "address: "),
        ({"--name": "n" * 81}, "name: "),
    ],
)
def test_an_inbox_that_cannot_be_is_refused_in_words(changed: dict[str, str], words: str, call: Call) -> None:
    factories.make_branch()
    given = {"--account": str(factories.make_account().pk), "--address": "1", "--name": "Cursos", **changed}
    with pytest.raises(CommandError, match=words):
        call("add_inbox", *(part for pair in given.items() for part in pair))
    assert not Inbox.objects.exists()


def test_without_a_branch_it_says_what_to_do(call: Call) -> None:
    with pytest.raises(CommandError, match="There is no branch yet"):
        call("add_inbox", "--account", factories.make_account().pk, "--address", "1", "--name", "Cursos")


@pytest.mark.django_db
def test_people_read_lines(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("add_account", *ACCOUNT, "--credentials", json.dumps(CREDENTIALS))
    said = capsys.readouterr().out
    assert re.fullmatch(r"id: \d+\nwebhook_key: [\w-]{43}\nwebhook_path: /webhooks/[\w-]{43}/\n", said)


def test_a_refusal_ends_with_code_1_and_one_line() -> None:
    command = [sys.executable, "manage.py", "add_account", *ACCOUNT, "--credentials", "{"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.strip().splitlines()[-1] == "CommandError: --credentials is not JSON."
