"""An account is set up from a script and from its page, against a Graph that answers as Meta's does."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError
from django.test import Client
from pytest_django import Settings

from apps.core.actors import Role
from apps.inboxes.models import HistoryImport, ProviderAccount
from tests.admin.conftest import words_of
from tests.commands.conftest import Call, call
from tests.factories import make_account, make_inbox, make_user
from tests.jobs import run_jobs
from tests.providers.accounts import CREDENTIALS
from tests.providers.graph_server import GraphServer

__all__ = ["call"]

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "1060403000001"


@pytest.fixture
def graph(settings: Settings) -> Iterator[GraphServer]:
    with GraphServer(access_token="EAAtoken") as running:
        settings.META_GRAPH_URL = running.url
        settings.PUBLIC_URL = "https://chat.example.org"
        yield running


def whatsapp(kind: str, **changed: str) -> ProviderAccount:
    return make_inbox(make_account(kind, credentials={**CREDENTIALS[kind], **changed}), address=NUMBER).account


def checked(call: Call, account: ProviderAccount) -> dict[str, str]:
    answer = call("operate_account", "--account", account.pk, "--operation", "check")
    return {check["code"]: check["state"] for check in answer["checks"]}


def test_whatsapp_is_subscribed_and_found_in_order(graph: GraphServer, call: Call) -> None:
    account = whatsapp("whatsapp")

    assert checked(call, account) == {"token": "good", "number": "good", "webhook": "bad"}
    done = call("operate_account", "--account", account.pk, "--operation", "subscribe")
    assert done["outcome"] == "subscribed"
    assert checked(call, account) == {"token": "good", "number": "good", "webhook": "good"}
    assert call("accounts")["accounts"][0]["checks"][2]["state"] == "good"


def test_the_page_says_in_spanish_what_to_do_about_a_bad_token(graph: GraphServer) -> None:
    account = whatsapp("whatsapp", access_token="old")
    client = Client(headers={"accept-language": "es-AR"})
    client.force_login(make_user(Role.ADMINISTRATOR))
    path = f"/admin/inboxes/provideraccount/{account.pk}/set-up/"

    client.post(path, {"operation": "check"})
    run_jobs()

    shown = words_of(client.get(path).content.decode())
    assert "Está mal: Token de acceso" in shown
    assert "190" in shown
    assert "whatsapp_business_messaging" in shown


def test_the_past_of_a_phone_is_asked_for_once(graph: GraphServer, call: Call) -> None:
    account = whatsapp("whatsapp_coexistence")
    operate = ("operate_account", "--account", account.pk, "--inbox", NUMBER, "--operation")

    assert call(*operate, "sync_contacts")["outcome"] == "REQ1"
    assert call(*operate, "sync_history")["outcome"] == "REQ2"
    history = HistoryImport.objects.get()
    assert (history.inbox.address, history.state, history.request_id) == (NUMBER, "requested", "REQ2")
    with pytest.raises(CommandError, match="It failed: 2593107 It was asked for before"):
        call(*operate, "sync_history")
