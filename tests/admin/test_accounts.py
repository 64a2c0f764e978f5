"""Setting up accounts and inboxes."""

import logging
import re
from datetime import time, timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.inboxes.actions.accounts import stored_credentials
from apps.inboxes.models import Inbox, ProviderAccount, WebhookEvent
from apps.organization.models import Branch
from providers import registry
from tests.admin.conftest import Enter, send
from tests.admin.house import House, fingerprint
from tests.factories import make_event

CANARY = "canary-7c1f"
WHATSAPP = {
    "name": "WhatsApp Salta",
    "credential_app_secret": f"{CANARY}-one\n{CANARY}-two\n",
    "credential_access_token": f"{CANARY}-token",
    "credential_verify_token": "",
    "credential_waba_id": "424242",
}
LIST = "/admin/inboxes/provideraccount/"
ADD = f"{LIST}add/"


def change(account: ProviderAccount) -> str:
    return f"/admin/inboxes/provideraccount/{account.pk}/change/"


@pytest.fixture
def account(built: House, enter: Enter) -> ProviderAccount:
    answer = enter("administrator").post(f"{ADD}?kind=whatsapp", WHATSAPP)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return ProviderAccount.objects.get(name="WhatsApp Salta")


def test_the_provider_is_chosen_first(built: House, enter: Enter) -> None:
    page = enter("administrator").get(ADD).content.decode()
    for kind in registry.PROVIDERS:
        assert f"?kind={kind}" in page
    assert enter("administrator").get(f"{ADD}?kind=nope").status_code == 200


def test_the_form_is_the_providers_own(account: ProviderAccount) -> None:
    stored = stored_credentials(account)
    assert account.kind == "whatsapp"
    assert list(stored["app_secret"]) == [f"{CANARY}-one", f"{CANARY}-two"]
    assert stored["access_token"] == f"{CANARY}-token"
    assert len(stored["verify_token"]) > 30
    assert account.provider().kind == "whatsapp"


def test_what_is_missing_is_said_beside_its_line(built: House, enter: Enter) -> None:
    answer = enter("administrator").post(f"{ADD}?kind=whatsapp", {**WHATSAPP, "credential_access_token": ""})
    assert set(answer.context["adminform"].form.errors) == {"credential_access_token"}
    assert CANARY not in answer.content.decode()


def test_a_refusal_of_the_action_is_said_beside_its_line(built: House, enter: Enter) -> None:
    answer = enter("administrator").post(f"{ADD}?kind=whatsapp", {**WHATSAPP, "credential_access_token": "a\x07b"})
    assert set(answer.context["adminform"].form.errors) == {"credential_access_token"}


def test_an_empty_secret_keeps_the_stored_one(account: ProviderAccount, enter: Enter) -> None:
    before = stored_credentials(account)
    sent = {"name": "Otro nombre", "is_active": "on", "credential_waba_id": "424242"}
    assert send(enter("administrator"), change(account), sent).status_code == 302
    account = ProviderAccount.objects.get(pk=account.pk)
    assert (account.name, stored_credentials(account), account.revision) == ("Otro nombre", before, 2)


def test_one_new_secret_leaves_the_others(account: ProviderAccount, enter: Enter) -> None:
    before = stored_credentials(account)
    ProviderAccount.objects.filter(pk=account.pk).update(state="needs_auth", state_reason="190")
    sent = {"name": account.name, "is_active": "on", "credential_access_token": "fresh", "credential_waba_id": "424242"}
    assert send(enter("administrator"), change(account), sent).status_code == 302
    account = ProviderAccount.objects.get(pk=account.pk)
    assert stored_credentials(account) == {**before, "access_token": "fresh"}
    assert (account.state, account.revision) == ("ok", 2)


def test_an_account_is_switched_off_by_the_action(account: ProviderAccount, enter: Enter) -> None:
    send(enter("administrator"), change(account), {"name": account.name, "credential_waba_id": "424242"})
    account.refresh_from_db()
    assert (account.is_active, account.revision) == (False, 2)


def test_fields_nobody_asked_for_are_ignored(account: ProviderAccount, enter: Enter) -> None:
    key = account.webhook_key
    sent = {
        "name": account.name,
        "is_active": "on",
        "credential_waba_id": "424242",
        "kind": "simulator",
        "webhook_key": "known",
        "state": "ok",
        "revision": "9",
        "credentials": "{}",
        "handshake_at": "2020-01-01",
    }
    assert send(enter("administrator"), change(account), sent).status_code == 302
    account.refresh_from_db()
    assert (account.kind, account.webhook_key, account.revision, account.handshake_at) == ("whatsapp", key, 1, None)


def test_no_secret_ever_comes_out(account: ProviderAccount, enter: Enter, settings: Settings) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    client = enter("administrator")
    pages = [
        "/admin/",
        "/admin/inboxes/provideraccount/",
        change(account),
        change(account).replace("change", "history"),
    ]
    for page in pages:
        assert CANARY not in client.get(page).content.decode()
    wrong = {**WHATSAPP, "name": ""}
    assert CANARY not in send(client, change(account), wrong).content.decode()
    dumped = StringIO()
    call_command("dumpdata", "inboxes", "admin", stdout=dumped)
    assert CANARY not in dumped.getvalue()
    assert CANARY not in repr(account) + repr(account.credentials) + str(account.__dict__) + repr(account.provider())


def test_the_verify_token_is_shown_on_demand_and_noted(
    account: ProviderAccount, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    client, token = enter("administrator"), stored_credentials(account)["verify_token"]
    path = change(account).replace("change", "show_verify_token")
    assert token not in client.get(change(account)).content.decode()
    assert token not in client.get(path).content.decode()
    with caplog.at_level(logging.INFO):
        shown = client.post(path, {"_form_submitted": "True"}).content.decode()
    assert token in shown
    assert CANARY not in shown
    assert f"account.verify_token_shown account={account.pk}" in caplog.text
    assert token not in caplog.text
    assert "token" in client.get(change(account).replace("change", "history")).content.decode()


def test_only_whoever_sets_up_sees_the_webhook(account: ProviderAccount, built: House, enter: Enter) -> None:
    assert account.webhook_url in enter("administrator").get(change(account)).content.decode()
    own = built.own[ProviderAccount]
    page = enter("supervisor").get(change(own)).content.decode()
    assert own.name in page
    assert own.webhook_key not in page
    path = change(own).replace("change", "show_verify_token")
    assert enter("supervisor").post(path, {"_form_submitted": "True"}).status_code == 403


def test_a_lost_key_takes_no_page_down(account: ProviderAccount, enter: Enter, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    client = enter("administrator")
    for page in ("/admin/", "/admin/inboxes/provideraccount/", "/admin/inboxes/inbox/", change(account)):
        assert client.get(page).status_code == 200
    sent = {**WHATSAPP, "is_active": "on", "credential_access_token": "fresh"}
    assert send(client, change(account), sent).status_code == 302
    assert stored_credentials(ProviderAccount.objects.get(pk=account.pk))["access_token"] == "fresh"


def test_an_inbox_is_added_and_changed(built: House, enter: Enter) -> None:
    client, account = enter("administrator"), built.own[ProviderAccount]
    page = client.get(f"/admin/inboxes/inbox/add/?account={account.pk}")
    assert page.status_code == 200
    sent = {"account": account.pk, "branch": built.own[Branch].pk, "name": "Cursos", "address": " 12345 "}
    assert client.post("/admin/inboxes/inbox/add/", sent).status_code == 302
    inbox = Inbox.objects.get(name="Cursos")
    assert (inbox.address, inbox.account) == ("12345", account)
    sent = {"name": "Talleres", "branch": built.foreign[Branch].pk, "is_active": "on"}
    path = f"/admin/inboxes/inbox/{inbox.pk}/change/"
    assert (
        client.post(path, {**sent, "address": "999", "account": built.foreign[ProviderAccount].pk}).status_code == 302
    )
    inbox.refresh_from_db()
    assert (inbox.name, inbox.branch, inbox.address, inbox.account) == (
        "Talleres",
        built.foreign[Branch],
        "12345",
        account,
    )


def test_the_same_address_twice_is_an_error_of_the_form(built: House, enter: Enter) -> None:
    inbox = built.own[Inbox]
    client = enter("administrator")
    before = fingerprint()
    sent = {"account": inbox.account_id, "branch": inbox.branch_id, "name": "Otra", "address": f"{inbox.address} "}
    answer = client.post("/admin/inboxes/inbox/add/", sent)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert fingerprint() == before


def test_the_admin_has_its_own_policy_and_the_rest_the_strict_one(built: House, enter: Enter, client: Client) -> None:
    for path in ("/admin/", "/admin/inboxes/inbox/"):
        assert "'unsafe-eval'" in enter("administrator").get(path).headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in client.get("/admin/login/").headers["Content-Security-Policy"]
    for path in ("/login/", "/admin/nope/", "/chat/"):
        assert "unsafe" not in enter("operator").get(path).headers["Content-Security-Policy"]
    assert "unsafe" not in enter("operator").get("/admin/").headers["Content-Security-Policy"]


def test_how_webhooks_come_is_said_in_the_list_and_on_the_page(account: ProviderAccount, enter: Enter) -> None:
    client = enter("administrator")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    WebhookEvent.objects.filter(account=account).delete()
    make_event(account, received_at=timezone.now() - timedelta(seconds=40), delay_ms=1200)
    for address in (LIST, change(account)):
        assert re.search(r"last event 4\d s ago, median delay 1\.2 s", client.get(address).content.decode())
    ProviderAccount.objects.filter(pk=account.pk).update(
        silence_minutes=1,
        expected_from=time(0),
        expected_until=time(0),
        created_at=timezone.now() - timedelta(days=1),
    )
    WebhookEvent.objects.filter(account=account).update(received_at=timezone.now() - timedelta(minutes=5))
    assert "silent: last event 5" in client.get(LIST).content.decode()


def test_the_silence_alarm_is_set_on_the_page(account: ProviderAccount, enter: Enter) -> None:
    sent = {"name": account.name, "is_active": "on", "credential_waba_id": "424242"}
    given = {"silence_minutes": "45", "expected_from": "09:00", "expected_until": "18:30"}
    assert send(enter("administrator"), change(account), {**sent, **given}).status_code == 302
    account.refresh_from_db()
    assert (account.silence_minutes, account.expected_from, account.expected_until) == (45, time(9), time(18, 30))
    send(enter("administrator"), change(account), sent)
    account.refresh_from_db()
    assert (account.silence_minutes, account.expected_from, account.expected_until) == (None, time(9), time(18, 30))
