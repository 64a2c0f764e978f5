"""What holds for every provider there is, on the way in."""

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.base import Provider
from providers.contents import ContentKind, kind_of
from providers.errors import (
    BadCredentials,
    UnreadablePayload,
    WebhookRejected,
)
from providers.registry import PROVIDERS, build, new_credentials
from providers.types import (
    DeliveryStatus,
    EchoMessage,
    Event,
    HistoryProgress,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
    ReadUpTo,
    StatusUpdate,
    WebhookRequest,
)
from tests.providers.accounts import CREDENTIALS, SAMPLES, account, forgeries, request
from tests.providers.payloads import events_of, payloads_of

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


# Webhooks ----------------------------------------------------------------------------------


@every_kind
def test_genuine_webhook_is_verified(kind: str) -> None:
    account(kind).verify(request(kind))


@every_kind
def test_forged_webhook_is_refused(kind: str) -> None:
    for word, forged in forgeries(kind).items():
        with pytest.raises(WebhookRejected):
            pytest.fail(f"{word} was taken: {account(kind).verify(forged)}")


@every_kind
@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:20]))
def test_garbage_is_unreadable(kind: str, body: bytes) -> None:
    with pytest.raises(UnreadablePayload):
        account(kind).parse(body)


@pytest.mark.parametrize("kind", [kind for kind, sample in SAMPLES.items() if sample.flood])
def test_flood_is_unreadable(kind: str) -> None:
    flood = SAMPLES[kind].flood or b""
    with pytest.raises(UnreadablePayload):
        account(kind).parse(flood % b",".join([b"{}"] * 1_000_000))


@every_kind
@given(body=st.binary())
def test_any_bytes_are_events_or_unreadable(kind: str, body: bytes) -> None:
    with contextlib.suppress(UnreadablePayload):
        account(kind).parse(body)


@every_kind
@settings(deadline=None)  # the first example reads the files
@given(data=st.data())
def test_damaged_payload_never_raises(kind: str, data: st.DataObject) -> None:
    """Put anything anywhere into a good delivery: something is told about it, nothing raised."""
    payload = data.draw(st.sampled_from(payloads_of(kind)))
    damaged = _replace_somewhere(payload, data)
    try:
        events = account(kind).parse(json.dumps(damaged).encode())
    except UnreadablePayload:
        return
    for event in events:
        assert isinstance(event, Event.__value__)
        assert _is_storable(dataclasses.asdict(event))


@every_kind
@pytest.mark.parametrize("poison", ["\udc00\0\ud83d\u202e<b>", "٣" * 30, "9" * 5000])
def test_poison_in_any_place_stops_nothing(kind: str, poison: str) -> None:
    for payload in payloads_of(kind):
        for poisoned in _each_text_replaced(payload, poison):
            with contextlib.suppress(UnreadablePayload):
                for event in account(kind).parse(json.dumps(poisoned).encode()):
                    assert _is_storable(dataclasses.asdict(event))


@every_kind
def test_same_key_twice_is_no_trouble(kind: str) -> None:
    for payload in payloads_of(kind):
        body = json.dumps(payload)
        doubled = body.replace("{", '{"type": 0, "type": null, ', 1) if body.startswith("{") else body
        with contextlib.suppress(UnreadablePayload):
            account(kind).parse(doubled.encode())


@every_kind
def test_same_body_gives_the_same_events(kind: str) -> None:
    for payload in payloads_of(kind):
        body = json.dumps(payload).encode()
        assert account(kind).parse(body) == account(kind).parse(body)


@every_kind
def test_every_time_has_its_zone_and_every_event_its_place(kind: str) -> None:
    for event in events_of(kind):
        paths = [value for name, value in dataclasses.asdict(event).items() if name == "path"]
        assert paths, event
        for value in dataclasses.asdict(event).values():
            assert not isinstance(value, datetime) or value.tzinfo is not None


@every_kind
def test_unknown_things_are_kept_as_ignored(kind: str) -> None:
    reasons = {event.reason for event in events_of(kind) if isinstance(event, Ignored)}
    assert reasons
    assert all(re.fullmatch(r"[\w:?.-]{1,80}", reason, re.ASCII) for reason in reasons), reasons


@every_kind
def test_provider_without_handshake_refuses_it(kind: str) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a word", "hub.challenge": "1"}
    asked = WebhookRequest(method="GET", headers={}, query=query, body=b"")
    if PROVIDERS[kind].capabilities.has_handshake:
        assert account(kind).handshake(asked) == "1"
    else:
        with pytest.raises(WebhookRejected):
            account(kind).handshake(asked)


# What a provider says of itself ------------------------------------------------------------


type Tells = Callable[[Event], bool]

#: How a payload shows what a capability promises to receive.
RECEIVED: dict[str, Tells] = {
    "receives_reactions": lambda event: isinstance(event, ReactionChanged) and bool(event.emoji),
    "receives_edits": lambda event: isinstance(event, MessageEdited),
    "receives_deletions": lambda event: isinstance(event, MessageDeleted),
    "receives_echoes": lambda event: isinstance(event, EchoMessage),
    "has_groups": lambda event: isinstance(event, InboundMessage) and event.group is not None,
    "imports_history": lambda event: isinstance(event, HistoryProgress),
}


@every_kind
@pytest.mark.parametrize("name", RECEIVED)
def test_payloads_show_what_is_received_and_nothing_more(kind: str, name: str) -> None:
    is_shown = any(RECEIVED[name](event) for event in events_of(kind))
    assert is_shown is getattr(PROVIDERS[kind].capabilities, name)


@every_kind
def test_every_kind_of_content_has_a_payload(kind: str) -> None:
    shown = {kind_of(event.content) for event in events_of(kind) if isinstance(event, InboundMessage | EchoMessage)}
    assert shown - {ContentKind.UNSUPPORTED} == PROVIDERS[kind].capabilities.receives - {ContentKind.UNSUPPORTED}


@every_kind
def test_every_status_has_a_payload(kind: str) -> None:
    events = events_of(kind)
    shown = {event.status for event in events if isinstance(event, StatusUpdate)}
    if any(isinstance(event, ReadUpTo) for event in events):
        shown |= {DeliveryStatus.READ}
    assert shown == PROVIDERS[kind].capabilities.statuses


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


def _each_text_replaced(payload: object, poison: str) -> Iterator[object]:
    """Give the payload once for each of its texts, with the poison in that one's place."""
    match payload:
        case str():
            yield poison
        case dict():
            for key, value in payload.items():
                yield from (payload | {key: changed} for changed in _each_text_replaced(value, poison))
        case list():
            for index, value in enumerate(payload):
                for changed in _each_text_replaced(value, poison):
                    yield [*payload[:index], changed, *payload[index + 1 :]]


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
