"""What holds for every provider there is."""

import asyncio
import contextlib
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Provider
from providers.contents import ContentKind, Text, Unsupported
from providers.errors import (
    BadCredentials,
    Rejected,
    UncertainSend,
    UnreadablePayload,
    WebhookRejected,
)
from providers.registry import PROVIDERS, build, new_credentials
from providers.types import (
    Address,
    AddressScope,
    BrokenItem,
    HttpAnswer,
    Ignored,
    InboundMessage,
    OutboundMessage,
    StatusUpdate,
    WebhookRequest,
)
from tests.providers.accounts import CREDENTIALS, PROOFS, SECRET, account

every_kind = pytest.mark.parametrize("kind", PROVIDERS)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
GARBAGE = [
    b"",
    b"\xff\xfe",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"object": "page", "entry": []}',
    b"\xef\xbb\xbf{}",
    b'{"object": NaN}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"9" * 5000 + b"}",
]


def request(kind: str, body: bytes, *, secret: str = SECRET) -> WebhookRequest:
    headers = PROOFS[kind](body, secret)
    return WebhookRequest(method="POST", headers=headers, query={}, body=body)


class Deaf:
    """A transport that must not be used."""

    async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
        raise AssertionError("nothing should have been sent")


class Answering:
    """A transport on which every request gets one answer."""

    def __init__(self, answer: HttpAnswer) -> None:
        self.answer = answer
        self.urls: list[str] = []

    async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
        self.urls.append(url)
        return self.answer


# Webhooks ----------------------------------------------------------------------------------


@every_kind
def test_genuine_webhook_is_verified(kind: str) -> None:
    account(kind).verify(request(kind, b'{"any": "thing"}'))


@every_kind
@pytest.mark.parametrize(
    ("_case", "secret", "change"),
    [
        ("another secret", "another", {}),
        ("altered body", SECRET, {"body": b'{"any": "thinG"}'}),
        ("no headers", SECRET, {"headers": {}}),
    ],
)
def test_forged_webhook_is_refused(kind: str, _case: str, secret: str, change: dict[str, Any]) -> None:
    genuine = request(kind, b'{"any": "thing"}', secret=secret)
    with pytest.raises(WebhookRejected):
        account(kind).verify(dataclasses.replace(genuine, **change))


@every_kind
@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:20]))
def test_garbage_is_unreadable(kind: str, body: bytes) -> None:
    with pytest.raises(UnreadablePayload):
        account(kind).parse(body)


FLOODS = {
    "whatsapp": b'{"object":"whatsapp_business_account","entry":[%s]}',
    "simulator": b'{"object":"simulator","inbox":"a","items":[%s]}',
}


@every_kind
def test_flood_is_unreadable(kind: str) -> None:
    with pytest.raises(UnreadablePayload):
        account(kind).parse(FLOODS[kind] % b",".join([b"{}"] * 1_000_000))


@every_kind
@given(body=st.binary())
def test_any_bytes_are_events_or_unreadable(kind: str, body: bytes) -> None:
    with contextlib.suppress(UnreadablePayload):
        account(kind).parse(body)


@every_kind
@given(data=st.data())
def test_damaged_payload_never_raises(kind: str, data: st.DataObject) -> None:
    """Put anything anywhere into a good delivery: something is told about it, nothing raised."""
    payload = data.draw(st.sampled_from(_payloads(kind)))
    damaged = _replace_somewhere(payload, data)
    try:
        events = account(kind).parse(json.dumps(damaged).encode())
    except UnreadablePayload:
        return
    for event in events:
        assert isinstance(event, InboundMessage | StatusUpdate | Ignored | BrokenItem)
        assert _is_storable(dataclasses.asdict(event))


@every_kind
def test_same_body_gives_the_same_events(kind: str) -> None:
    for payload in _payloads(kind):
        body = json.dumps(payload).encode()
        assert account(kind).parse(body) == account(kind).parse(body)


@every_kind
def test_provider_without_handshake_refuses_it(kind: str) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a word", "hub.challenge": "1"}
    asked = WebhookRequest(method="GET", headers={}, query=query, body=b"")
    if PROVIDERS[kind].capabilities.has_handshake:
        assert account(kind).handshake(asked) == "1"
    else:
        with pytest.raises(WebhookRejected):
            account(kind).handshake(asked)


# Sending -----------------------------------------------------------------------------------

ADDRESSES = {
    "whatsapp": Address(scope=AddressScope.PHONE, value="5493875550101"),
    "simulator": Address(scope=AddressScope.SIMULATOR, value="ana"),
}


def outbound(kind: str, content: Text | Unsupported) -> OutboundMessage:
    return OutboundMessage(
        inbox_address="1060403000001",
        recipient=ADDRESSES[kind],
        content=content,  # type: ignore[arg-type]  # one of them nobody can say
        callback_data="token",
    )


@every_kind
def test_text_over_the_limit_is_rejected_before_the_wire(kind: str) -> None:
    longest = "a" * PROVIDERS[kind].capabilities.text_max_length
    with pytest.raises(Rejected):
        asyncio.run(account(kind).send(Deaf(), outbound(kind, Text(body=longest + "a"))))


@every_kind
def test_content_that_cannot_be_said_is_rejected_before_the_wire(kind: str) -> None:
    unsayable = Unsupported(kind=ContentKind.STICKER)
    with pytest.raises(Rejected):
        asyncio.run(account(kind).send(Deaf(), outbound(kind, unsayable)))


@every_kind
def test_address_of_another_scope_is_rejected_before_the_wire(kind: str) -> None:
    message = dataclasses.replace(
        outbound(kind, Text(body="Hola")), recipient=Address(scope=AddressScope.IGSID, value="1")
    )
    with pytest.raises(Rejected):
        asyncio.run(account(kind).send(Deaf(), message))


@every_kind
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": ""}', b"<html>", b'{"id": 1'])
def test_success_without_an_id_is_uncertain(kind: str, body: bytes) -> None:
    transport = Answering(HttpAnswer(status=200, headers={}, body=body))
    with pytest.raises(UncertainSend):
        asyncio.run(account(kind).send(transport, outbound(kind, Text(body="Hola"))))


@every_kind
@pytest.mark.parametrize("status", [500, 502, 504, 301])
def test_answer_of_nobody_knows_whom_is_uncertain(kind: str, status: int) -> None:
    transport = Answering(HttpAnswer(status=status, headers={}, body=b"<html>Bad gateway</html>"))
    with pytest.raises(UncertainSend):
        asyncio.run(account(kind).send(transport, outbound(kind, Text(body="Hola"))))


# What a provider says of itself ------------------------------------------------------------


@every_kind
def test_every_capability_has_a_payload(kind: str) -> None:
    capabilities = PROVIDERS[kind].capabilities
    names = [path.name for path in _payload_files(kind)]
    for status in capabilities.statuses:
        assert any(name.startswith(f"status__{status}") for name in names), status
    for content in capabilities.receives:
        assert any(name.startswith(f"message__{content}") for name in names), content


@every_kind
def test_secrets_stay_out_of_the_representation(kind: str) -> None:
    provider = account(kind)
    shown = repr(provider)
    for line in PROVIDERS[kind].credential_fields():
        if line.is_secret:
            assert str(CREDENTIALS[kind][line.name]) not in shown


@every_kind
def test_missing_credentials_are_named(kind: str) -> None:
    wanted = {line.name for line in PROVIDERS[kind].credential_fields() if line.is_required}
    if wanted:
        with pytest.raises(BadCredentials) as caught:
            build(kind, {})
        assert caught.value.problems == dict.fromkeys(wanted, "missing")


@every_kind
def test_unknown_and_odd_credentials_are_named(kind: str) -> None:
    first = PROVIDERS[kind].credential_fields()[0].name
    given_ = CREDENTIALS[kind] | {first: 7, "colour": "red"}
    with pytest.raises(BadCredentials) as caught:
        build(kind, given_)
    assert caught.value.problems == {"colour": "unknown", first: "invalid"}


@every_kind
def test_control_characters_in_credentials_are_refused(kind: str) -> None:
    first = PROVIDERS[kind].credential_fields()[0].name
    with pytest.raises(BadCredentials):
        build(kind, CREDENTIALS[kind] | {first: "a\r\nX-Injected: 1"})


@every_kind
def test_what_may_be_generated_is_generated_once(kind: str) -> None:
    lines = [line.name for line in PROVIDERS[kind].credential_fields() if line.is_generated]
    given_ = {name: value for name, value in CREDENTIALS[kind].items() if name not in lines}
    first, second = new_credentials(kind, given_), new_credentials(kind, given_)
    for name in lines:
        assert len(first[name]) >= 32
        assert first[name] != second[name]
    assert new_credentials(kind, first) == first
    assert isinstance(build(kind, first), Provider)


@every_kind
def test_provider_has_a_page(kind: str) -> None:
    page = Path(__file__).parents[2] / f"docs/reference/providers/{kind}.md"
    assert page.read_text().startswith("# ")


# Small things ------------------------------------------------------------------------------


def _payload_files(kind: str) -> list[Path]:
    files = (Path(__file__).parent / kind / "payloads").glob("*.json")
    return sorted(path for path in files if not path.name.endswith(".expected.json"))


def _payloads(kind: str) -> list[object]:
    return [json.loads(path.read_text()) for path in _payload_files(kind)]


def _replace_somewhere(payload: object, data: st.DataObject) -> object:
    """Return the payload with one value, wherever it stands, replaced by any other."""
    if isinstance(payload, dict) and payload and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(payload)))
        return payload | {key: _replace_somewhere(payload[key], data)}
    if isinstance(payload, list) and payload:
        index = data.draw(st.integers(0, len(payload) - 1))
        changed = _replace_somewhere(payload[index], data)
        return [*payload[:index], changed, *payload[index + 1 :]]
    return data.draw(JSON_VALUES)


def _is_storable(value: object) -> bool:
    """Whether PostgreSQL takes every text in it: no NUL, no lone surrogate."""
    match value:
        case str():
            return not re.search("[\x00\ud800-\udfff]", value)
        case dict():
            return all(map(_is_storable, value.values()))
        case list() | tuple():
            return all(map(_is_storable, value))
        case _:
            return True
