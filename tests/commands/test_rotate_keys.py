"""rotate_keys: from an old key to a new one, also after a kill half-way."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings as project
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.core.management.commands.rotate_keys import encrypted_columns, rotate
from apps.core.secrets import EncryptedJSONField
from apps.inboxes.actions.accounts import stored_credentials
from apps.inboxes.models import ProviderAccount
from tests import factories
from tests.commands.conftest import Call

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def accounts(db: None, settings: Settings) -> list[ProviderAccount]:
    settings.ENCRYPTION_KEYS = [OLD]
    return [factories.make_account() for _ in range(5)]


def readable() -> list[bool]:
    return [bool(stored_credentials(account)) for account in ProviderAccount.objects.order_by("pk")]


def test_the_first_key_closes_everything_and_the_old_one_may_go(
    accounts: list[ProviderAccount], settings: Settings, call: Call
) -> None:
    before = [stored_credentials(account) for account in accounts]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert call("rotate_keys") == {"rotated": 5, "current": 0, "unreadable": 0}
    assert call("rotate_keys") == {"rotated": 0, "current": 5, "unreadable": 0}
    settings.ENCRYPTION_KEYS = [NEW]
    assert [stored_credentials(account) for account in ProviderAccount.objects.order_by("pk")] == before


def test_half_way_everything_is_still_readable(accounts: list[ProviderAccount], settings: Settings, call: Call) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    for account in accounts[:2]:
        assert rotate(ProviderAccount, account.pk, "credentials") == "rotated"
    assert readable() == [True] * 5
    assert call("rotate_keys") == {"rotated": 3, "current": 2, "unreadable": 0}


def test_what_no_key_opens_is_left_alone_and_said(accounts: list[ProviderAccount], settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [NEW]
    stored = ProviderAccount.objects.get(pk=accounts[0].pk).credentials.stored
    said = StringIO()
    with pytest.raises(CommandError, match="Put the missing key back"):
        call_command("rotate_keys", "--json", stdout=said)
    assert json.loads(said.getvalue()) == {"rotated": 0, "current": 0, "unreadable": 5}
    assert ProviderAccount.objects.get(pk=accounts[0].pk).credentials.stored == stored


def test_every_encrypted_column_of_the_house_is_found() -> None:
    every = {
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedJSONField)
    }
    assert set(encrypted_columns()) == every
    assert (ProviderAccount, "credentials") in every


@pytest.mark.django_db(transaction=True)
def test_a_kill_at_any_moment_loses_nothing(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    for _ in range(30):
        factories.make_account()
    database = settings.DATABASES["default"]
    address = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    environment = {**os.environ, "ENCRYPTION_KEYS": f"{NEW},{OLD}", "DATABASE_URL": address}
    command = [sys.executable, "manage.py", "rotate_keys"]
    process = subprocess.Popen(command, cwd=project.BASE_DIR, env=environment, stdout=subprocess.PIPE)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    while process.poll() is None and not any(row.credentials.is_current() for row in ProviderAccount.objects.all()):
        pass
    process.kill()
    process.communicate()
    assert readable() == [True] * 30
    call_command("rotate_keys", "--json", stdout=StringIO())
    settings.ENCRYPTION_KEYS = [NEW]
    assert readable() == [True] * 30
