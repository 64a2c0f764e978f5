"""A Maytapi account: whose webhooks it takes, its files, and whether it can work."""

import asyncio
import io
import json
from typing import Any

import pytest

from providers.base import Check, CheckState, FetchedFile, HostRule
from providers.contents import ContentKind, RemoteFile
from providers.errors import AuthFailed, MediaGone, Rejected, Unreachable, WebhookRejected
from providers.registry import build
from providers.types import AccountNotice, HttpAnswer, NoticeEffect, NoticeLevel, WebhookRequest
from tests.providers.accounts import CREDENTIALS, account
from tests.providers.clients import Answering

BASE = "https://api.maytapi.com/api/5f2d7c1e-90aa-4b7e-8c55-0d1f2a3b4c5d"
HOOK = "https://chat.example.org/webhooks/a-key-nobody-guesses/"


class Server:
    """A client that answers what is asked by the end of the URL, and keeps what was asked."""

    def __init__(self, answers: dict[str, Any], *, status: int = 200) -> None:
        self.answers = answers
        self.status = status
        self.asked: list[tuple[str, Any, object]] = []

    async def get(self, url: str, *, headers: object) -> HttpAnswer:
        return await self.post(url, b"null", headers=headers)

    async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
        self.asked.append((url, json.loads(body), headers))
        for end, answer in self.answers.items():
            if url.endswith(end):
                return HttpAnswer(status=self.status, headers={}, body=json.dumps(answer).encode())
        raise Unreachable("connect_timeout")

    async def download(self, url: str, *, headers: object, rule: HostRule, to: Any) -> FetchedFile:
        self.asked.append((url, None, headers))
        self.rule = rule
        return FetchedFile(size=0)


# Webhooks ----------------------------------------------------------------------------------


def verify(body: object) -> None:
    request = WebhookRequest(method="POST", headers={}, query={}, body=json.dumps(body).encode())
    account("maytapi").verify(request)


PRODUCT = CREDENTIALS["maytapi"]["product_id"]


@pytest.mark.parametrize("name", ["product_id", "productId", "pid"])
def test_product_has_three_spellings(name: str) -> None:
    verify({name: PRODUCT, "type": "status"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"product_id": ""},
        {"product_id": None},
        {"product_id": PRODUCT[:-1]},
        {"product_id": PRODUCT + " "},
        {"product_id": [PRODUCT]},
        {"product_id": PRODUCT, "productId": "another"},
        {"product_id": "ñ"},
        {"message": {"product_id": PRODUCT}},
    ],
)
def test_another_product_is_refused(body: object) -> None:
    with pytest.raises(WebhookRejected):
        verify(body)


def test_endless_repetition_is_one_message() -> None:
    """A notice without an id was once sent 628 times."""
    body = {
        "type": "message", "product_id": PRODUCT, "phone_id": 61007, "timestamp": 1763800200,
        "conversation": "120363041122334455@g.us",
        "message": {"type": "info", "subtype": "group/add", "participant": "5493875550144@c.us"},
    }  # fmt: skip
    first = account("maytapi").parse(json.dumps(body).encode())
    again = account("maytapi").parse(json.dumps(dict(reversed(body.items()))).encode())
    later = account("maytapi").parse(json.dumps(body | {"timestamp": 1763800201}).encode())
    assert first == again
    assert first[0].provider_message_id != later[0].provider_message_id  # type: ignore[union-attr]


def test_same_message_at_two_phones_has_one_other_name() -> None:
    def seen_by(phone: int, flag: str) -> Any:
        told = f"{flag}_120363041122334455@g.us_3EB0A1_5493875550144@c.us"
        body = {
            "type": "message", "product_id": PRODUCT, "phone_id": phone, "timestamp": 1763800200,
            "conversation": "120363041122334455@g.us", "user": {"id": "5493875550144@c.us"},
            "message": {"type": "text", "text": "x", "id": told, "fromMe": flag == "true"},
        }  # fmt: skip
        [event] = account("maytapi").parse(json.dumps(body).encode())
        return event

    theirs, ours = seen_by(61007, "false"), seen_by(61008, "true")
    assert theirs.provider_message_id != ours.provider_message_id
    assert theirs.also_known_as == ours.also_known_as == "120363041122334455@g.us_3EB0A1"
    assert (theirs.inbox_address, ours.inbox_address) == ("61007", "61008")


# Files -------------------------------------------------------------------------------------


def test_file_is_fetched_without_our_key() -> None:
    server = Server({})
    file = RemoteFile(kind=ContentKind.IMAGE, url="https://cdn.maytapi.com/flow/8f2b7a.jpeg")
    asyncio.run(account("maytapi").fetch(server, inbox_address="61007", file=file, to=io.BytesIO()))  # type: ignore[arg-type]
    assert server.asked == [(file.url, None, {})]
    assert server.rule.hosts == ("cdn.maytapi.com", "*.maytapi.com", "cdnydm.com", "*.cdnydm.com")
    assert not server.rule.is_any_public


def test_file_without_a_link_is_gone() -> None:
    file = RemoteFile(kind=ContentKind.IMAGE)
    with pytest.raises(MediaGone):
        asyncio.run(account("maytapi").fetch(Server({}), inbox_address="61007", file=file, to=io.BytesIO()))  # type: ignore[arg-type]


# Set-up ------------------------------------------------------------------------------------

GOOD = {
    "/listPhones": [
        {"id": 61007, "number": "5493874440000", "status": "active"},
        {"id": 61008, "number": "5493874440001", "status": "qr-code"},
    ],
    "/product": {"pid": PRODUCT, "webhook": HOOK, "ack_delivery": True},
}


def check(answers: dict[str, Any], *addresses: str, status: int = 200) -> list[Check]:
    server = Server(answers, status=status)
    found = asyncio.run(
        account("maytapi").check(server, inbox_addresses=addresses, webhook_url=HOOK)  # type: ignore[arg-type]
    )
    assert {url for url, _, _ in server.asked} == {f"{BASE}/listPhones", f"{BASE}/product"}
    return found


def test_good_account_is_good() -> None:
    found = check(GOOD, "61007")
    assert [(one.code, one.state) for one in found] == [
        ("token", CheckState.GOOD),
        ("number", CheckState.GOOD),
        ("webhook", CheckState.GOOD),
        ("acks", CheckState.GOOD),
    ]
    assert found[1].notice is not None
    assert found[1].notice.effect is NoticeEffect.RESUME


def test_phone_that_left_is_told_as_by_webhook() -> None:
    [_token, phone, *_rest] = check(GOOD, "61008")
    assert (phone.state, phone.detail) == (CheckState.BAD, "qr-code")
    told = account("maytapi").parse(
        json.dumps({"type": "status", "pid": PRODUCT, "phone_id": 61008, "status": "qr-code"}).encode()
    )
    assert told == [phone.notice]
    assert phone.notice == AccountNotice(
        path="status",
        code="phone_status",
        level=NoticeLevel.PROBLEM,
        text="qr-code",
        inbox_address="61008",
        details={"status": "qr-code"},
        effect=NoticeEffect.PAUSE,
    )


WRONG = {"success": False, "message": "Product id is wrong! Please check your Account information."}


@pytest.mark.parametrize(
    ("code", "answers", "state"),
    [
        ("token", {"/listPhones": WRONG}, CheckState.BAD),
        ("token", {"/listPhones": {"success": True}}, CheckState.UNKNOWN),
        ("webhook", {"/product": WRONG}, CheckState.BAD),
        ("webhook", {"/product": {}}, CheckState.UNKNOWN),
        ("webhook", {"/product": {"webhook": "https://another.example.org/", "ack_delivery": True}}, CheckState.BAD),
        ("webhook", {"/product": {"webhook": None, "ack_delivery": True}}, CheckState.BAD),
        ("webhook", {"/product": {"ack_delivery": True}}, CheckState.UNKNOWN),
        ("acks", {"/product": {"webhook": HOOK, "ack_delivery": False}}, CheckState.BAD),
        ("acks", {"/product": {"webhook": HOOK}}, CheckState.UNKNOWN),
        ("acks", {"/product": {"success": True, "data": {"webhook": HOOK, "ack_delivery": True}}}, CheckState.GOOD),
    ],
)
def test_what_is_wrong_is_found(code: str, answers: dict[str, Any], state: CheckState) -> None:
    [found] = [one for one in check(GOOD | answers) if one.code == code]
    assert found.state is state
    assert bool(found.remedy) is (state is not CheckState.GOOD)


def test_phone_that_is_not_there_is_bad() -> None:
    [_token, phone, *_rest] = check(GOOD, "61009")
    assert (phone.state, phone.notice) == (CheckState.BAD, None)


def test_what_cannot_be_asked_is_unknown() -> None:
    assert {one.state for one in check({}, "61007")} == {CheckState.UNKNOWN}
    assert {one.state for one in check(GOOD | {"/listPhones": {}, "/product": {}}, status=502)} == {CheckState.UNKNOWN}


def operate(server: Server, name: str) -> str:
    return asyncio.run(account("maytapi").operate(server, name, inbox_address="", webhook_url=HOOK))  # type: ignore[arg-type]


def test_webhook_and_acks_are_set() -> None:
    server = Server({"/setWebhook": {"pid": PRODUCT, "webhook": HOOK}, "/setAckPreference": {"ack_delivery": True}})
    assert operate(server, "set_webhook") == "webhook_set"
    headers = {"x-maytapi-key": "a-key-of-theirs", "Content-Type": "application/json"}
    assert server.asked == [
        (f"{BASE}/setWebhook", {"webhook": HOOK}, headers),
        (f"{BASE}/setAckPreference", {"ack_delivery": True}, headers),
    ]


def test_webhook_that_is_refused_fails() -> None:
    with pytest.raises(AuthFailed):
        operate(Server({"/setWebhook": WRONG}), "set_webhook")


def test_phones_are_listed() -> None:
    assert operate(Server(GOOD), "list_phones") == "61007 5493874440000 active, 61008 5493874440001 qr-code"
    assert operate(Server({"/listPhones": []}), "list_phones") == "none"
    with pytest.raises(AuthFailed):
        operate(Server({"/listPhones": WRONG}), "list_phones")


def test_product_that_is_no_id_reaches_no_wire() -> None:
    odd = build("maytapi", CREDENTIALS["maytapi"] | {"product_id": "../x"})
    with pytest.raises(Rejected):
        asyncio.run(odd.operate(Answering(b"[]"), "list_phones", inbox_address="", webhook_url=HOOK))
