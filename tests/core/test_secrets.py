"""Stored credentials: closed at rest, bound to their row, silent in every text Python makes of them."""

import copy
import logging
import traceback
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import call_command

from apps.core.actors import SYSTEM
from apps.core.secrets import Sealed, UnreadableSecret
from apps.inboxes.actions.accounts import change_credentials
from apps.inboxes.models import Inbox, ProviderAccount
from tests.factories import make_account, make_inbox

pytestmark = pytest.mark.django_db

CANARY = "canary-of-the-access-token"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def account():
    return make_account(credentials={"app_secret": "one", "access_token": CANARY, "verify_token": "v"})


def access_token(account):
    provider: Any = account.provider()
    return provider.access_token


def stored(account):
    return ProviderAccount.objects.get(pk=account.pk).credentials.stored


def test_values_come_back_and_are_not_stored_readable(account):
    loaded = ProviderAccount.objects.get(pk=account.pk)
    assert loaded.credentials["access_token"] == access_token(loaded) == CANARY
    assert CANARY not in stored(account)


@pytest.mark.parametrize("make", [repr, str, "{}".format, "%s".__mod__, lambda value: f"{value!r:>10}"])
def test_no_text_shows_a_value(make, account):
    for values in (account.credentials, ProviderAccount.objects.get(pk=account.pk).credentials):
        assert values["access_token"] == CANARY  # opened, and still
        assert CANARY not in make(values)


def test_neither_logs_nor_tracebacks_nor_dumps_show_a_value(account, caplog):
    loaded = ProviderAccount.objects.get(pk=account.pk)
    provider = loaded.provider()
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").warning("%s %r %s", loaded.credentials, provider, vars(loaded))
    try:
        loaded.credentials["nothing of that name"]
    except KeyError:
        text = traceback.format_exc()
    dump = serializers.serialize("json", [loaded])
    assert CANARY not in caplog.text + text + dump
    [restored] = serializers.deserialize("json", dump)
    assert access_token(restored.object) == CANARY


def test_a_value_of_another_row_opens_nowhere(account):
    other = make_account()
    table = ProviderAccount._meta.db_table
    from django.db import connection

    with connection.cursor() as sql:
        sql.execute(f"UPDATE {table} SET credentials = %s WHERE id = %s", [stored(account), other.pk])
    with pytest.raises(UnreadableSecret, match="another row"):
        ProviderAccount.objects.get(pk=other.pk).provider()


@pytest.mark.parametrize(
    ("_case", "damage"),
    [
        ("tampered", lambda text: text[:-10] + ("A" if text[-10] != "A" else "B") + text[-9:]),
        ("cut", lambda text: text[:40]),
        ("empty", lambda _: ""),
        ("plain", lambda _: '{"access_token": "x"}'),
    ],
)
def test_damaged_values_fail_closed_when_read_and_not_before(_case, damage, account):
    values = Sealed(damage(stored(account)))
    repr(values)
    with pytest.raises(UnreadableSecret):
        values["access_token"]


def test_a_lost_key_closes_its_accounts_and_no_list(account, settings):
    inbox = make_inbox(account)
    settings.ENCRYPTION_KEYS = [NEW]
    assert Inbox.objects.select_related("account").get().account.name == account.name
    with pytest.raises(UnreadableSecret):
        Inbox.objects.select_related("account").get(pk=inbox.pk).account.provider()
    # and the way out is to enter them again
    complete = {"app_secret": "two", "access_token": "t", "verify_token": "v"}
    change_credentials(account=account, credentials=complete, actor=SYSTEM)
    assert access_token(ProviderAccount.objects.get(pk=account.pk)) == "t"


def test_rotation_is_safe_to_interrupt_and_to_repeat(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    accounts = [make_account() for _ in range(3)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    half = ProviderAccount.objects.get(pk=accounts[0].pk)
    half.credentials = half.credentials.rotated()
    half.save()
    assert all(account.provider() for account in ProviderAccount.objects.all())
    call_command("rotate_keys", stdout=StringIO())
    call_command("rotate_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = [NEW]
    assert all(account.provider() for account in ProviderAccount.objects.all())


def test_saving_something_else_leaves_the_seal_alone(account):
    before = stored(account)
    loaded = ProviderAccount.objects.get(pk=account.pk)
    loaded.name = "Renamed"
    loaded.save()
    copy.deepcopy(loaded).save()
    assert stored(account) == before


def test_an_update_that_knows_no_row_is_refused(account):
    with pytest.raises(TypeError):
        ProviderAccount.objects.update(credentials={"access_token": "x"})
    with pytest.raises(TypeError):
        ProviderAccount.objects.update(credentials="x")
