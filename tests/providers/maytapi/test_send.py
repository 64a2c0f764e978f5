"""A send through Maytapi: the body that leaves, and what becomes of each answer."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from providers.contents import (
    ContactCard,
    Contacts,
    ContentKind,
    Location,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)
from providers.errors import AuthFailed, RefusedForNow, Rejected, SendError, Throttled, UncertainSend
from providers.http import HttpClient
from providers.maytapi.codes import reason_for
from providers.types import Address, AddressScope, FailureReason, OutboundMessage, SendResult
from tests.providers import graph_behaviour as behaviour
from tests.providers.accounts import CREDENTIALS, SAMPLES, account
from tests.providers.clients import Answering, Deaf
from tests.providers.graph_behaviour import Behaviour
from tests.providers.graph_server import GraphServer, Json, Received

PRODUCT = CREDENTIALS["maytapi"]["product_id"]
ANA = Address(scope=AddressScope.PHONE, value="5493875550101")
HIDDEN = Address(scope=AddressScope.LID, value="130204815519882")
GROUP = Address(scope=AddressScope.GROUP, value="120363041122334455@g.us")


class MaytapiServer(GraphServer):
    """Their send call, which answers 200 to nearly everything."""

    send_route = "/api/{product}/{phone}/sendMessage"

    def _is_ours(self, request: Any) -> bool:
        return True  # asked here, since they do not answer 401

    def _refusal(self, request: Any, body: Json) -> Behaviour | None:
        if request.match_info["product"] != PRODUCT:
            return refused("Product id is wrong! Please check your Account information.")
        if request.headers.get("x-maytapi-key") != self.access_token:
            return refused("You dont own this number")
        return None

    def _usual(self, item: Received) -> str:  # type: ignore[override]
        told = {"chatId": f"{item.body['to_number']}@c.us"}
        if item.body["type"] not in {"reaction", "edit", "delete"}:
            told["msgId"] = item.message_id
        return json.dumps({"success": True, "data": told})


def refused(sentence: str | None, *, code: str = "", http_status: int = 200) -> Behaviour:
    """Their usual way to say no: HTTP 200, and not a success."""
    told = {"message": sentence, "code": code or None}
    body = {"success": False} | {name: value for name, value in told.items() if value is not None}
    return Behaviour(http_status=http_status, delivers=False, body=json.dumps(body))


@pytest.fixture
def server() -> Iterator[MaytapiServer]:
    with MaytapiServer(access_token="a-key-of-theirs") as running:
        yield running


def message(content: Sendable | None = None, **more: Any) -> OutboundMessage:
    values = {"inbox_address": "61007", "recipient": ANA, "message_key": "key-1", "callback_data": "attempt-1", **more}
    return OutboundMessage(content=content or Text(body="Abrimos a las 9"), **values)


def send(server: GraphServer, what: OutboundMessage | None = None) -> SendResult:
    async def run() -> SendResult:
        async with HttpClient(connect_seconds=1, total_seconds=0.6) as client:
            return await account("maytapi", maytapi_url=server.url).send(client, what or message())

    return asyncio.run(run())


def body_of(what: OutboundMessage) -> Json:
    client = Answering(SAMPLES["maytapi"].taken)
    asyncio.run(account("maytapi").send(client, what))
    [(url, body)] = client.requests
    assert url == f"https://api.maytapi.com/api/{PRODUCT}/61007/sendMessage"
    return dict(json.loads(body))


def test_text_waits_in_their_queue(server: MaytapiServer) -> None:
    result = send(server)
    [received] = server.received
    assert received.path == f"/api/{PRODUCT}/61007/sendMessage"
    assert received.body == {
        "to_number": "5493875550101",
        "type": "text",
        "message": "Abrimos a las 9",
        "skip_filter": True,
    }
    assert result == SendResult(provider_message_id=received.message_id, recipient=ANA, is_queued=True)


@pytest.mark.parametrize(
    ("_case", "more", "to_number"),
    [
        ("number", {"recipient": ANA}, "5493875550101"),
        ("plus", {"recipient": dataclasses.replace(ANA, value="+5493875550101")}, "5493875550101"),
        ("hidden", {"recipient": HIDDEN}, "130204815519882@lid"),
        ("group", {"recipient": GROUP}, GROUP.value),
        ("member of a group", {"recipient": ANA, "group_address": GROUP.value}, GROUP.value),
    ],
)
def test_address_leaves_as_whatsapp_writes_it(_case: str, more: dict[str, Any], to_number: str) -> None:
    assert body_of(message(**more))["to_number"] == to_number


def test_answer_quotes() -> None:
    assert body_of(message(reply_to="false_5493875550101@c.us_3EB0A1"))["reply_to"] == "false_5493875550101@c.us_3EB0A1"


CARD = ContactCard(
    name="Marta; hija", phones=("+54 9 387 555-0199",), emails=("m@example.org",), organization="Sur, SA"
)
VCARD = """BEGIN:VCARD
VERSION:3.0
N:;Marta\\; hija;;;
FN:Marta\\; hija
ORG:Sur\\, SA
TEL;type=CELL;waid=5493875550199:+54 9 387 555-0199
EMAIL:m@example.org
END:VCARD"""


def file(kind: ContentKind, mime_type: str, name: str, caption: str = "") -> OutboundFile:
    url = f"https://chat.example.org/media/7/signature/{name}"
    return OutboundFile(kind=kind, mime_type=mime_type, name=name, size=10, caption=caption, url=url)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (
            file(ContentKind.IMAGE, "image/jpeg", "mapa.jpg", "Acá"),
            {"type": "media", "filename": "mapa.jpg", "text": "Acá"},
        ),
        (file(ContentKind.DOCUMENT, "application/pdf", "ficha.pdf"), {"type": "media", "filename": "ficha.pdf"}),
        (file(ContentKind.VOICE, "audio/ogg; codecs=opus", "voz.ogg"), {"type": "media", "filename": "voz.ogg"}),
        (file(ContentKind.STICKER, "image/webp", "s.webp"), {"type": "sticker"}),
    ],
    ids=lambda value: value.name if isinstance(value, OutboundFile) else "",
)
def test_file_leaves_as_a_link(content: OutboundFile, body: Json) -> None:
    assert body_of(message(content)) == {"to_number": ANA.value, "message": content.url, **body}


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (
            Location(latitude=-24.7892, longitude=-65.4103, name="Sede", address="Balcarce 100"),
            {"type": "location", "latitude": -24.7892, "longitude": -65.4103, "text": "Sede\nBalcarce 100"},
        ),
        (Contacts(cards=(CARD,)), {"type": "vcard", "message": {"displayName": "Marta; hija", "vcard": VCARD}}),
        (Reaction(target="t", emoji="👍"), {"type": "reaction", "message": "t", "text": "👍"}),
        (Reaction(target="t", emoji=""), {"type": "reaction", "message": "t", "text": ""}),
        (Rewriting(target="t", body="A las 10"), {"type": "edit", "message": "t", "text": "A las 10"}),
        (Withdrawal(target="t"), {"type": "delete", "message": "t"}),
    ],
    ids=lambda value: "" if isinstance(value, dict) else type(value).__name__,
)
def test_everything_else_leaves_in_their_words(content: Sendable, body: Json) -> None:
    assert body_of(message(content)) == {"to_number": ANA.value, **body}


def test_act_without_an_id_of_theirs_gets_one(server: MaytapiServer) -> None:
    result = send(server, message(Withdrawal(target="true_5493875550101@c.us_3EB0G1")))
    assert result == SendResult(provider_message_id="own:key-1", recipient=ANA)


def test_two_cards_are_two_messages() -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(account("maytapi").send(Deaf(), message(Contacts(cards=(CARD, CARD)))))
    assert caught.value.reason is FailureReason.CONTENT


@pytest.mark.parametrize("address", ["", "../1", "61007/x", "6 1"])
def test_address_that_is_no_phone_id_reaches_no_wire(address: str) -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(account("maytapi").send(Deaf(), message(inbox_address=address)))
    assert caught.value.code == "wrong_inbox"


# Errors ------------------------------------------------------------------------------------

WHY = FailureReason


@pytest.mark.parametrize(
    ("trouble", "error", "code", "reason"),
    [
        (refused("Lib not loaded", code="W05"), RefusedForNow, "W05", WHY.BUSY),
        (refused("Lib not loaded"), RefusedForNow, "lib_not_loaded", WHY.BUSY),
        (refused("Lib not loaded", code="W05", http_status=500), RefusedForNow, "W05", WHY.BUSY),
        (refused("phone not connected"), AuthFailed, "phone_disconnected", WHY.ACCOUNT),
        (refused("Phone is not connected"), AuthFailed, "phone_disconnected", WHY.ACCOUNT),
        (refused("phone is disconnected", http_status=500), AuthFailed, "phone_disconnected", WHY.ACCOUNT),
        (refused("instance not found"), AuthFailed, "instance_not_found", WHY.ACCOUNT),
        (refused("You dont own this number", http_status=403), AuthFailed, "not_own_number", WHY.ACCOUNT),
        (refused("Product id is wrong! Please check."), AuthFailed, "wrong_product", WHY.ACCOUNT),
        (refused("NOT_A_PARTICIPANT"), Rejected, "not_a_participant", WHY.RECIPIENT),
        (refused("NOT_ON_WHATSAPP"), Rejected, "not_on_whatsapp", WHY.RECIPIENT),
        (refused("Options are required.", code="F04"), Rejected, "F04", WHY.UNKNOWN),
        (refused(None), Rejected, "refused", WHY.UNKNOWN),
        (refused(None, http_status=500), UncertainSend, "http_500", WHY.UNCERTAIN),
        (refused(None, http_status=400), Rejected, "http_400", WHY.REQUEST),
        (refused(None, http_status=401), AuthFailed, "http_401", WHY.ACCOUNT),
        (refused(None, http_status=429), Throttled, "http_429", WHY.THROTTLED),
        (Behaviour(body='{"success": true}'), UncertainSend, "no_message_id", WHY.UNCERTAIN),
        (Behaviour(body='{"success": "true", "data": {"msgId": "x"}}'), UncertainSend, "no_message_id", WHY.UNCERTAIN),
        (Behaviour(body='{"success": true}', http_status=502), UncertainSend, "http_502", WHY.UNCERTAIN),
        (behaviour.html(503), UncertainSend, "http_503", WHY.UNCERTAIN),
        (behaviour.html(200), UncertainSend, "http_200", WHY.UNCERTAIN),
        (behaviour.hanging(), UncertainSend, "read_timeout", WHY.UNCERTAIN),
        (behaviour.reset(), UncertainSend, "connection_lost", WHY.UNCERTAIN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_error_has_its_class(
    server: MaytapiServer, trouble: Behaviour, error: type[SendError], code: str, reason: FailureReason
) -> None:
    server.script(trouble)
    with pytest.raises(SendError) as caught:
        send(server)
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert len(server.received) == 1  # and no second try
    if not code.startswith("http_") and code not in {"read_timeout", "connection_lost"}:
        assert reason_for(code) is reason


def test_starting_phone_is_waited_for(server: MaytapiServer) -> None:
    server.script(refused("Lib not loaded", code="W05"))
    with pytest.raises(RefusedForNow) as caught:
        send(server)
    assert caught.value.retry_after == 5


def test_refusal_says_nobodys_number(server: MaytapiServer) -> None:
    server.script(refused("5493875550101 is strange"))
    with pytest.raises(Rejected) as caught:
        send(server)
    assert caught.value.text == "… is strange"


def test_wrong_key_is_the_accounts_trouble(server: MaytapiServer) -> None:
    server.access_token = "another"
    with pytest.raises(AuthFailed):
        send(server)
