"""What an account can find out about itself, and have done."""

import asyncio
from collections.abc import Iterator

import pytest

from providers.base import Check, CheckState
from providers.errors import AuthFailed, Rejected, SendError
from providers.http import HttpClient
from providers.registry import build
from tests.providers import graph_behaviour as behaviour
from tests.providers.accounts import CREDENTIALS
from tests.providers.graph_server import GraphServer

INBOX = "1060403000001"
URL = "https://chat.example.org/webhooks/a-key-of-an-account/"


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    with GraphServer(access_token="EAAtoken") as server:
        yield server


def check(graph: GraphServer, *numbers: str, kind: str = "whatsapp", **credentials: str) -> dict[str, Check]:
    async def run() -> list[Check]:
        provider = build(kind, CREDENTIALS[kind] | credentials, options={"graph_url": graph.url})
        async with HttpClient(connect_seconds=1, total_seconds=1) as client:
            return await provider.check(client, inbox_addresses=numbers or (INBOX,), webhook_url=URL)

    return {found.code: found for found in asyncio.run(run())}


def operate(graph: GraphServer, name: str, *, kind: str = "whatsapp", url: str = URL, **credentials: str) -> str:
    async def run() -> str:
        provider = build(kind, CREDENTIALS[kind] | credentials, options={"graph_url": graph.url})
        async with HttpClient(connect_seconds=1, total_seconds=1) as client:
            return await provider.operate(client, name, inbox_address=INBOX, webhook_url=url)

    return asyncio.run(run())


def states(checks: dict[str, Check]) -> dict[str, str]:
    return {code: str(found.state) for code, found in checks.items()}


def test_account_that_is_set_up_is_all_good(graph: GraphServer) -> None:
    assert operate(graph, "subscribe") == "subscribed"
    checks = check(graph)
    assert states(checks) == {"token": "good", "number": "good", "webhook": "good"}
    assert checks["number"].inbox_address == INBOX
    assert checks["number"].detail == "+54 387 444-0000, Academia del Sol, CONNECTED, GREEN"


def test_bad_token_is_told_once_for_all(graph: GraphServer) -> None:
    checks = check(graph, access_token="old")
    assert states(checks) == {"token": "bad", "number": "bad", "webhook": "bad"}
    assert "190" in checks["token"].detail
    assert "whatsapp_business_messaging" in checks["token"].remedy


def test_number_nobody_knows_and_number_that_rests(graph: GraphServer) -> None:
    assert check(graph, "7777")["number"].state is CheckState.BAD
    graph.objects.phones[INBOX]["status"] = "DISCONNECTED"
    found = check(graph)["number"]
    assert found.state is CheckState.BAD
    assert "DISCONNECTED" in found.detail


def test_webhook_that_nobody_subscribed_or_that_goes_elsewhere(graph: GraphServer) -> None:
    assert check(graph)["webhook"].state is CheckState.BAD
    graph.objects.subscriptions = [{"override_callback_uri": "https://other.example/hook"}]
    found = check(graph)["webhook"]
    assert (found.state, found.detail) == (CheckState.BAD, "https://other.example/hook")
    graph.objects.subscriptions = [{}]  # the callback of the app itself
    assert check(graph)["webhook"].state is CheckState.GOOD
    assert check(graph, waba_id="")["webhook"].state is CheckState.UNKNOWN


def test_what_could_not_be_asked_is_unknown(graph: GraphServer) -> None:
    graph.objects.script(behaviour.html(502), behaviour.truncated(), behaviour.throttled())
    assert states(check(graph)) == {"token": "unknown", "number": "unknown", "webhook": "unknown"}


def test_nothing_told_names_the_token(graph: GraphServer) -> None:
    shown = repr(check(graph, access_token="EAAsecret-one"))
    assert "EAAsecret" not in shown


def test_subscription_brings_the_webhooks_here(graph: GraphServer) -> None:
    operate(graph, "subscribe")
    assert graph.objects.subscriptions == [{"override_callback_uri": URL, "verify_token": "a word"}]


@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("no account", {"waba_id": ""}, "no_waba_id"),
        ("of somebody else", {"waba_id": "5"}, "100"),
        ("no id", {"waba_id": "../x"}, "wrong_id"),
        ("too long", {"url": "https://chat.example.org/" + "a" * 200}, "url_too_long"),
    ],
)
def test_subscription_that_cannot_be(graph: GraphServer, _case: str, changes: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        operate(graph, "subscribe", **changes)
    assert caught.value.code == code
    assert graph.objects.subscriptions == []


def test_subscription_graph_does_not_confirm_is_none(graph: GraphServer) -> None:
    graph.objects.script(behaviour.Behaviour(body='{"success": false}'))
    with pytest.raises(SendError) as caught:
        operate(graph, "subscribe")
    assert caught.value.code == "not_subscribed"
    with pytest.raises(AuthFailed):
        operate(graph, "subscribe", access_token="old")


# Numbers shared with the phone app ---------------------------------------------------------


def test_phone_is_asked_for_its_past_once(graph: GraphServer) -> None:
    assert operate(graph, "sync_contacts", kind="whatsapp_coexistence") == "REQ1"
    assert operate(graph, "sync_history", kind="whatsapp_coexistence") == "REQ2"
    assert [sync["sync_type"] for sync in graph.objects.syncs] == ["smb_app_state_sync", "history"]
    with pytest.raises(Rejected) as caught:
        operate(graph, "sync_history", kind="whatsapp_coexistence")
    assert caught.value.code == "2593107"
    assert operate(graph, "subscribe", kind="whatsapp_coexistence") == "subscribed"


def test_too_late_is_told_as_such(graph: GraphServer) -> None:
    graph.objects.script(behaviour.graph_error(2593108))
    with pytest.raises(Rejected) as caught:
        operate(graph, "sync_history", kind="whatsapp_coexistence")
    assert caught.value.code == "2593108"
    assert "24 hours" in caught.value.text


def test_cloud_number_has_no_phone_to_ask(graph: GraphServer) -> None:
    with pytest.raises(KeyError):
        operate(graph, "sync_history")


@pytest.mark.parametrize(("is_shared", "state"), [(True, "good"), (False, "bad"), (None, "unknown")])
def test_phone_app_is_checked(graph: GraphServer, is_shared: bool | None, state: str) -> None:
    operate(graph, "subscribe")
    graph.objects.phones[INBOX]["is_on_biz_app"] = is_shared
    assert states(check(graph, kind="whatsapp_coexistence")) == {
        "token": "good",
        "number": "good",
        "webhook": "good",
        "phone_app": state,
    }
