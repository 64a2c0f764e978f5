"""An Instagram account: proof, files, receipts, and whether it can work."""

import asyncio
import io
import json
from typing import Any

import pytest

from providers.base import CheckState, FetchedFile, HostRule
from providers.contents import ContentKind, RemoteFile
from providers.errors import AuthFailed, BadCredentials, MediaGone, Unreachable
from providers.registry import build
from providers.types import Address, AddressScope, HttpAnswer
from tests.providers.accounts import CREDENTIALS, account, request
from tests.providers.clients import Answering

ACCOUNT = "17841460000000007"
PERSON = Address(scope=AddressScope.IGSID, value="6017700000000021")


class Graph:
    """A client that answers what is asked by the end of the URL, and keeps who asked."""

    def __init__(self, answers: dict[str, Any], *, status: int = 200) -> None:
        self.answers = answers
        self.status = status
        self.asked: list[tuple[str, object]] = []

    async def get(self, url: str, *, headers: object) -> HttpAnswer:
        self.asked.append((url, headers))
        for end, answer in self.answers.items():
            if url.partition("?")[0].endswith(end):
                status = 400 if "error" in answer else self.status
                return HttpAnswer(status=status, headers={}, body=json.dumps(answer).encode())
        raise Unreachable("connect_timeout")

    async def download(self, url: str, *, headers: object, rule: HostRule, to: Any) -> FetchedFile:
        self.asked.append((url, headers))
        self.rule = rule
        to.write(b"file")
        return FetchedFile(size=4)


def states(graph: Graph, **credentials: str) -> dict[str, CheckState]:
    provider = build("instagram", CREDENTIALS["instagram"] | credentials)
    checks = asyncio.run(provider.check(graph, inbox_addresses=[ACCOUNT], webhook_url=""))  # type: ignore[arg-type]
    return {check.code: check.state for check in checks}


GOOD = {
    "/me": {"id": "9001", "user_id": ACCOUNT, "username": "ceramica.norte"},
    f"/{ACCOUNT}": {"id": ACCOUNT, "username": "ceramica.norte"},
    "/subscribed_apps": {"data": [{"subscribed_fields": ["messages", "message_reactions"]}]},
}
EXPIRED = {"error": {"code": 190, "message": "Session of user 17841460000000007 has expired"}}


def test_good_account_is_good() -> None:
    assert set(states(Graph(GOOD)).values()) == {CheckState.GOOD}


@pytest.mark.parametrize(
    ("code", "end", "answer", "state"),
    [
        ("token", "/me", EXPIRED, CheckState.BAD),
        ("number", f"/{ACCOUNT}", EXPIRED, CheckState.BAD),
        ("webhook", "/subscribed_apps", {"data": []}, CheckState.BAD),
        ("webhook", "/subscribed_apps", {"data": [{"subscribed_fields": ["comments"]}]}, CheckState.BAD),
        ("webhook", "/subscribed_apps", {"data": [{"subscribed_fields": "messages"}]}, CheckState.UNKNOWN),
        ("webhook", "/subscribed_apps", {}, CheckState.UNKNOWN),
        ("token", "/me", {}, CheckState.UNKNOWN),
    ],
)
def test_what_is_wrong_is_found(code: str, end: str, answer: dict[str, Any], state: CheckState) -> None:
    found = states(Graph(GOOD | {end: answer}))
    assert found.pop(code) is state
    assert set(found.values()) == {CheckState.GOOD}


def test_what_cannot_be_asked_is_unknown() -> None:
    assert set(states(Graph({})).values()) == {CheckState.UNKNOWN}


def test_check_says_no_number() -> None:
    graph = Graph(GOOD | {"/me": EXPIRED})
    [token, *_rest] = asyncio.run(
        account("instagram").check(graph, inbox_addresses=[], webhook_url="")  # type: ignore[arg-type]
    )
    assert token.detail == "190: Session of user … has expired"


def test_page_is_asked_with_facebook_login() -> None:
    graph = Graph(GOOD)
    states(graph, login="facebook")
    assert [url for url, _ in graph.asked] == [
        "https://graph.facebook.com/v25.0/me",
        f"https://graph.facebook.com/v25.0/{ACCOUNT}?fields=id,username",
        "https://graph.facebook.com/v25.0/me/subscribed_apps",
    ]


def test_subscription_names_what_we_read() -> None:
    client = Answering(b'{"success": true}')
    done = asyncio.run(
        account("instagram").operate(client, "subscribe", inbox_address=ACCOUNT, webhook_url="https://a.example/")
    )
    [(url, _)] = client.requests
    assert done == "subscribed"
    assert url.startswith(f"https://graph.instagram.com/v25.0/{ACCOUNT}/subscribed_apps?subscribed_fields=messages%2C")


def test_subscription_does_without_fields_graph_does_not_know() -> None:
    class Picky(Answering):
        async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
            self.requests.append((url, body))
            if "message_edits" in url:
                refusal = {"error": {"code": 100, "message": "Param subscribed_fields[4] must be one of …"}}
                return HttpAnswer(status=400, headers={}, body=json.dumps(refusal).encode())
            return self.answer

    client = Picky(b'{"success": true}')
    asyncio.run(account("instagram").operate(client, "subscribe", inbox_address=ACCOUNT, webhook_url=""))
    assert client.requests[1][0].endswith(
        "?subscribed_fields=messages%2Cmessage_reactions%2Cmessaging_postbacks%2Cmessaging_seen"
    )


def test_subscription_without_permission_fails() -> None:
    client = Answering(json.dumps({"error": {"code": 200, "message": "x"}}).encode(), status=403)
    with pytest.raises(AuthFailed):
        asyncio.run(account("instagram").operate(client, "subscribe", inbox_address=ACCOUNT, webhook_url=""))


@pytest.mark.parametrize(("is_typing", "actions"), [(False, ["mark_seen"]), (True, ["mark_seen", "typing_on"])])
def test_receipt_is_an_action(is_typing: bool, actions: list[str]) -> None:
    client = Answering(b'{"recipient_id": "6017700000000021"}')
    asyncio.run(
        account("instagram").mark_read(
            client, inbox_address=ACCOUNT, recipient=PERSON, provider_message_id="aWdf0", is_typing=is_typing
        )
    )
    bodies = [json.loads(body) for _, body in client.requests]
    assert bodies == [{"recipient": {"id": PERSON.value}, "sender_action": action} for action in actions]


def test_file_is_fetched_without_our_token() -> None:
    graph = Graph({})
    file = RemoteFile(kind=ContentKind.IMAGE, url="https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1")
    fetched = asyncio.run(
        account("instagram").fetch(graph, inbox_address=ACCOUNT, file=file, to=io.BytesIO())  # type: ignore[arg-type]
    )
    assert fetched.size == 4
    assert graph.asked == [(file.url, {})]
    assert graph.rule.hosts == ("lookaside.fbsbx.com", "*.cdninstagram.com", "*.fbcdn.net")
    assert not graph.rule.is_any_public


def test_file_without_a_link_is_gone() -> None:
    with pytest.raises(MediaGone):
        asyncio.run(
            account("instagram").fetch(
                Graph({}),  # type: ignore[arg-type]
                inbox_address=ACCOUNT,
                file=RemoteFile(kind=ContentKind.IMAGE),
                to=io.BytesIO(),
            )
        )


def test_either_secret_signs() -> None:
    provider = build("instagram", CREDENTIALS["instagram"] | {"app_secret": ["of-instagram", "of-meta"]})
    for secret in ("of-instagram", "of-meta"):
        provider.verify(request("instagram", secret=secret))


def test_login_is_one_of_two() -> None:
    with pytest.raises(BadCredentials) as caught:
        build("instagram", CREDENTIALS["instagram"] | {"login": "google"})
    assert caught.value.problems == {"login": "invalid"}
    assert build("instagram", CREDENTIALS["instagram"]) == account("instagram", login="instagram")
