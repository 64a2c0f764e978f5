"""The set-up page of an account: it tests itself, asks in the background, and shows what came of it."""

import re
from datetime import time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.inboxes.models import (
    AccountNotice,
    AccountOperation,
    DeadLetter,
    HistoryImport,
    Inbox,
    ProviderAccount,
    WebhookEvent,
)
from apps.inboxes.tasks import operate_accounts
from apps.organization.models import Branch
from tests.admin.conftest import Enter, send, words_of
from tests.admin.house import House, fingerprint
from tests.factories import make_account, make_inbox
from tests.inboxes.toy import toy

__all__ = ["toy"]

pytestmark = pytest.mark.usefixtures("toy")


def page(account: ProviderAccount) -> str:
    return f"/admin/inboxes/provideraccount/{account.pk}/set-up/"


def make_toy(built: House, secret: str = "it works", **fields: object) -> ProviderAccount:
    """Make an account of the first branch."""
    account = make_account("toy", credentials={"secret": secret}, name="Juguete", **fields)
    make_inbox(account, built.own[Inbox].branch, name="Canal de juguete", address="77")
    return account


def said(client: Client, account: ProviderAccount) -> str:
    answer = client.get(page(account))
    assert answer.status_code == 200
    return words_of(answer.content.decode())


def test_it_is_asked_by_a_button_and_answered_by_a_worker(built: House, enter: Enter) -> None:
    account, client = make_toy(built, "wrong"), enter("administrator")

    assert client.post(page(account), {"operation": "check"}).status_code == 302
    assert "Consultando al proveedor…" in said(client, account)
    assert 'hx-trigger="every 2s"' in client.get(page(account)).content.decode()
    operate_accounts()

    shown = said(client, account)
    assert "Está mal: Token valid" in shown
    assert "Renew the token." in shown
    assert "No se sabe: Number reachable · Canal de juguete" in shown
    assert "Necesita atención" in shown
    assert "every 2s" not in client.get(page(account)).content.decode()


def test_a_button_of_the_provider_leaves_a_request_and_shows_its_outcome(built: House, enter: Enter) -> None:
    account, client = make_toy(built), enter("administrator")
    inbox = account.inboxes.get()

    client.post(page(account), {"operation": "history", "inbox": inbox.pk})
    operate_accounts()

    operation = AccountOperation.objects.get()
    assert (operation.outcome, operation.requested_by) == ("request-77", built.users["administrator"])
    shown = said(client, account)
    assert "Mensajes anteriores · Canal de juguete request-77" in shown
    assert "Canal de juguete: Pedido" in shown
    history = client.get(f"/admin/inboxes/provideraccount/{account.pk}/history/").content.decode()
    assert "history" in history


def test_what_the_provider_refuses_is_said_in_words(built: House, enter: Enter) -> None:
    account, client = make_toy(built, "refused"), enter("administrator")
    client.post(page(account), {"operation": "subscribe"})
    operate_accounts()
    assert "El proveedor lo rechaza. (2593107 It was asked before.)" in said(client, account)


def test_a_provider_that_is_away_is_said_with_the_remedy(built: House, enter: Enter) -> None:
    account, client = make_toy(built, "away"), enter("administrator")
    client.post(page(account), {"operation": "check"})
    operate_accounts()
    shown = said(client, account)
    assert "Está mal: El proveedor responde No se pudo llegar al proveedor." in shown
    assert "Fijate si este servidor llega a internet" in shown


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "No se sabe: Llegan webhooks, y su firma es correcta"),
        ({"last_event_at": 5}, "Está bien: Llegan webhooks, y su firma es correcta El último: hace 5 minutos"),
        (
            {"last_event_at": 9, "last_bad_signature_at": 5},
            "Está mal: Llegan webhooks, y su firma es correcta El último tenía una firma incorrecta: hace 5 minutos",
        ),
        ({"last_event_at": 5, "last_bad_signature_at": 9}, "Está bien: Llegan webhooks"),
        ({"handshake_at": None}, "Está mal: El proveedor confirmó la URL del webhook"),
        ({"handshake_at": 5}, "Está bien: El proveedor confirmó la URL del webhook hace 5 minutos"),
    ],
)
def test_what_came_in_is_told_without_asking_anybody(
    columns: dict[str, int | None], words: str, built: House, enter: Enter
) -> None:
    account = built.own[ProviderAccount]
    WebhookEvent.objects.all().delete()  # as after the days the journal keeps them
    moments = {name: minutes and timezone.now() - timedelta(minutes=minutes) for name, minutes in columns.items()}
    ProviderAccount.objects.filter(pk=account.pk).update(**moments)
    assert words in said(enter("administrator"), account).replace("\xa0", " ")
    assert not AccountOperation.objects.exists()


def test_how_webhooks_come_is_told(built: House, enter: Enter) -> None:
    account, client = built.own[ProviderAccount], enter("administrator")
    assert "Está mal: Se entiende lo que llega 1 cosa que llegó no se entendió." in said(client, account)
    DeadLetter.objects.update(state="discarded")
    WebhookEvent.objects.filter(account=account).update(delay_ms=1200)
    shown = said(client, account)
    assert "Se entiende lo que llega" not in shown
    assert re.search(
        r"Está bien: Llegan webhooks, y su firma es correcta último evento hace \d+ s, demora mediana 1,2 s", shown
    )
    long_ago = timezone.now() - timedelta(hours=3)
    WebhookEvent.objects.filter(account=account).update(received_at=long_ago)
    ProviderAccount.objects.filter(pk=account.pk).update(
        silence_minutes=60, created_at=long_ago, expected_from=time(0), expected_until=time(0)
    )
    assert "Está mal: Llegan webhooks, y su firma es correcta" in said(client, account)


def test_a_refused_account_is_told_with_the_remedy(built: House, enter: Enter) -> None:
    account = built.own[ProviderAccount]
    ProviderAccount.objects.filter(pk=account.pk).update(state="needs_auth", state_reason="190")
    shown = said(enter("administrator"), account)
    assert "El proveedor rechaza la cuenta o su token. (190)" in shown
    assert "Renovalo en el proveedor y cargalo acá, en “Credenciales”." in shown


def test_where_nobody_reaches_us_that_is_said(built: House, enter: Enter, settings: Settings) -> None:
    account, client = built.own[ProviderAccount], enter("administrator")
    settings.PUBLIC_URL = "http://localhost:8000"
    assert "Nadie de afuera llega a http://localhost:8000" in said(client, account)
    settings.PUBLIC_URL = "https://chat.example.org"
    assert "Nadie de afuera" not in said(client, account)


def test_a_pause_is_told_in_words_with_what_to_do(built: House, enter: Enter) -> None:
    account, now = make_toy(built, state="paused", state_reason="offboarded"), timezone.now()
    AccountNotice.objects.create(
        account=account, code="restriction", level="problem", text="ACCOUNT_RESTRICTION", at=now
    )
    AccountNotice.objects.create(account=account, code="of tomorrow", level="info", at=now)
    shown = said(enter("administrator"), account)
    assert "El número salió de su teléfono." in shown
    assert "por lo general vuelve solo en minutos" in shown
    assert "El proveedor restringe la cuenta." in shown
    assert "El Administrador de WhatsApp dice por qué" in shown
    assert "of tomorrow" in shown


def test_notices_and_imports_are_listed(built: House, enter: Enter) -> None:
    account, inbox = built.own[ProviderAccount], built.own[Inbox]
    AccountNotice.objects.create(
        account=account,
        code="quality",
        subject="GREEN → RED",
        level="warning",
        text="Too many blocks",
        at=timezone.now(),
    )
    HistoryImport.objects.create(inbox=inbox, state="running", percent=40, messages=1)
    shown = said(enter("administrator"), account)
    assert "quality · GREEN → RED Too many blocks" in shown
    assert f"{inbox.name}: En curso 40 % 40 % · 1 mensaje" in shown


def test_a_supervisor_reads_and_learns_no_address(built: House, enter: Enter) -> None:
    account = make_toy(built)
    enter("administrator").post(page(account), {"operation": "check"})
    operate_accounts()  # the toy tells the webhook URL
    client = enter("supervisor")
    html = client.get(page(account)).content.decode()
    assert "Token valid" in html
    assert account.webhook_key not in html
    assert "<form method" not in html.partition('id="set-up"')[2].partition("</main")[0]
    before = fingerprint()
    assert client.post(page(account), {"operation": "subscribe"}).status_code == 403
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("role", "status"), [("anonymous", 302), ("viewer", 403), ("operator", 403), ("supervisor", 404)]
)
def test_others_do_not_come_in(role: str, status: int, built: House, enter: Enter) -> None:
    account = built.foreign[ProviderAccount]
    client = enter(role)
    before = fingerprint()
    assert [client.get(page(account)).status_code, client.post(page(account)).status_code] == [status, status]
    assert fingerprint() == before


def test_without_the_token_of_the_form_nothing_is_asked(built: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(built.users["administrator"])
    assert client.post(page(built.own[ProviderAccount]), {"operation": "check"}).status_code == 403
    assert not AccountOperation.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status"), [({"operation": "dance"}, 302), ({}, 302), ({"inbox": "9" * 30}, 404), ({"inbox": "x"}, 404)]
)
def test_what_is_not_on_the_page_is_not_asked(sent: dict[str, str], status: int, built: House, enter: Enter) -> None:
    account, client = built.own[ProviderAccount], enter("administrator")
    assert client.post(page(account), sent).status_code == status
    assert not AccountOperation.objects.exists()


def test_a_new_account_leads_here(built: House, enter: Enter) -> None:
    client = enter("administrator")
    answer = client.post(
        "/admin/inboxes/provideraccount/add/?kind=simulator", {"name": "Prueba", "credential_secret": ""}
    )
    account = ProviderAccount.objects.get(name="Prueba")
    assert answer.headers["location"] == page(account)
    assert "Está mal: Tiene un canal" in said(client, account)
    assert 'hx-trigger="every 2s"' in client.get(page(account)).content.decode()
    assert AccountOperation.objects.get().account == account
    assert operate_accounts() == "1 operations"


def test_what_is_changed_is_checked_anew(built: House, enter: Enter) -> None:
    account, client = make_toy(built, "wrong"), enter("administrator")
    path = f"/admin/inboxes/provideraccount/{account.pk}/change/"

    assert send(client, path, {"name": "Otro nombre", "is_active": "on"}).status_code == 302
    assert not AccountOperation.objects.exists()
    assert send(client, path, {"name": "Otro", "is_active": "on", "credential_secret": "it works"}).status_code == 302
    operate_accounts()
    assert AccountOperation.objects.get().checks[0]["state"] == "good"
    sent = {"account": account.pk, "branch": built.own[Branch].pk, "name": "Otro canal", "address": "78"}
    assert client.post("/admin/inboxes/inbox/add/", sent).status_code == 302
    operate_accounts()
    assert [check["inbox_address"] for check in AccountOperation.objects.get().checks] == ["", "77", "78"]


def test_the_page_costs_few_queries(built: House, enter: Enter, django_assert_max_num_queries) -> None:
    account, client = make_toy(built), enter("administrator")
    for number in range(12):
        inbox = make_inbox(account, built.own[Inbox].branch)
        AccountOperation.objects.create(account=account, name=f"x{number}", state="done", finished_at=timezone.now())
        HistoryImport.objects.create(inbox=inbox)
    client.get(page(account))
    with django_assert_max_num_queries(12):
        client.get(page(account))
