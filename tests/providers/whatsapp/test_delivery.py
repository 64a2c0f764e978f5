"""Whole deliveries: many items, one of them bad; numbers and accounts mixed; poison."""

import json
from collections import Counter
from typing import Any

import pytest

from providers.contents import Text
from providers.errors import UnreadablePayload
from providers.types import BrokenItem, EchoMessage, Event, HistoryProgress, InboundMessage, StatusUpdate
from providers.whatsapp.reading import plain_number
from tests.providers.accounts import account
from tests.providers.meta_webhooks import change, delivery, encode, status, text_message

INBOXES = ("1060403000001", "1060403000002", "1060403000003")


def parse(payload: Any, *, kind: str = "whatsapp") -> list[Event]:
    return account(kind).parse(encode(payload))


def kinds(events: list[Event]) -> Counter[str]:
    return Counter(type(event).__name__ for event in events)


def batch() -> dict[str, Any]:
    """Return 3 entries × 3 changes × 20 items: ten messages and ten statuses each."""
    number = iter(range(1000))
    return delivery(
        *[
            [
                change(
                    inbox,
                    messages=[
                        text_message(f"texto {next(number)}", message_id=f"wamid.M{next(number)}") for _ in range(10)
                    ],
                    statuses=[status(f"wamid.S{next(number)}", "delivered") for _ in range(10)],
                )
                for inbox in INBOXES
            ]
            for _ in range(3)
        ]
    )


@pytest.mark.parametrize(
    "poison", [None, 7, "x", [], {}, {"id": "a", "type": "text", "from": "5493875550101", "text": []}]
)
def test_one_poisoned_item_costs_one_event(poison: Any) -> None:
    payload = batch()
    assert kinds(parse(payload)) == {"InboundMessage": 90, "StatusUpdate": 90}
    payload["entry"][1]["changes"][2]["value"]["messages"][6] = poison
    events = parse(payload)
    assert kinds(events) == {"InboundMessage": 89, "StatusUpdate": 90, "BrokenItem": 1}
    [broken] = [event for event in events if isinstance(event, BrokenItem)]
    assert broken.path == "entry[1].changes[2].messages[6]"
    assert len({event.path for event in events}) == 180


def test_failing_status_stops_no_message_of_its_post() -> None:
    value = change(INBOXES[0], messages=[text_message("Hola")], statuses=[{"id": [], "status": {}}])
    assert kinds(parse(delivery([value]))) == {"InboundMessage": 1, "BrokenItem": 1}


def test_every_item_goes_to_the_number_of_its_own_change() -> None:
    events = parse(batch())
    assert Counter(
        event.inbox_address for event in events if isinstance(event, InboundMessage | StatusUpdate)
    ) == dict.fromkeys(INBOXES, 60)


def test_number_is_its_id_however_it_is_displayed() -> None:
    for displayed in ("5493874440000", "+54 387 444-0000", "15550001111", None):
        value = change(INBOXES[0], messages=[text_message("Hola")])
        value["value"]["metadata"]["display_phone_number"] = displayed
        [event] = parse(delivery([value]))
        assert isinstance(event, InboundMessage)
        assert event.inbox_address == INBOXES[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5493875550101", "543875550101"),
        ("+54 9 387 555-0101", "54 387 555-0101"),
        ("5215512345678", "525512345678"),
        ("5511987654321", "551187654321"),
    ],
)
def test_two_spellings_of_one_number(one: str, other: str) -> None:
    assert plain_number(one) == plain_number(other)
    assert plain_number(one[:-1] + "0") != plain_number(other)


def test_thousand_items_are_read_in_no_time() -> None:
    messages = [text_message("Hola", message_id=f"wamid.{number}") for number in range(1000)]
    events = parse(delivery([change(INBOXES[0], messages=messages)]))
    assert [event.provider_message_id for event in events if isinstance(event, InboundMessage)] == [
        f"wamid.{number}" for number in range(1000)
    ]


# Poison: what a text can do to a pipeline --------------------------------------------------


def body_with(text: str) -> bytes:
    """Return a delivery with this JSON in the place of a message's text."""
    return encode(delivery([change(INBOXES[0], messages=[text_message("HERE")])])).replace(b'"HERE"', text.encode())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r'"a\u0000b"', "ab"),
        (r'"a\ud83db"', "a�b"),
        (r'"\udc00\u0000"', "�"),
        (r'"e\u0301"', "é"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\u202eabc"', "\u202eabc"),
        ('"a", "body": "b"', "b"),  # the same key twice
        ("12", "12"),
        ("null", ""),
    ],
)
def test_odd_text_is_made_storable(text: str, read: str) -> None:
    [event] = account("whatsapp").parse(body_with(text))
    assert isinstance(event, InboundMessage)
    assert event.content == Text(body=read)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "9" * 5000, "[" * 100_000 + "]" * 100_000, '"', r'"\ud8"'])
def test_body_nobody_can_read_is_told_as_such(text: str) -> None:
    with pytest.raises(UnreadablePayload):
        account("whatsapp").parse(body_with(text))


@pytest.mark.parametrize("text", ["[[[]]]", "1e400", "{}", "true"])
def test_text_that_is_none_is_one_broken_item(text: str) -> None:
    [event] = account("whatsapp").parse(body_with(text))
    assert isinstance(event, BrokenItem)
    assert event.error == "text.body: string_type"


def test_deep_answers_of_a_form_are_read_or_left() -> None:
    for depth in (10, 900, 5000):
        form = {
            "type": "nfm_reply",
            "nfm_reply": {"response_json": json.dumps({"a": 1})[:-2] + "[" * depth + "]" * depth + "}"},
        }
        message = text_message("") | {"type": "interactive", "interactive": form}
        [event] = parse(delivery([change(INBOXES[0], messages=[message])]))
        assert isinstance(event, InboundMessage)


# Coexistence -------------------------------------------------------------------------------


def history(*chunks: dict[str, Any]) -> dict[str, Any]:
    one = change(INBOXES[0], history=list(chunks))
    return delivery([one | {"field": "history"}])


def chunk(phase: int, order: int, texts: list[str]) -> dict[str, Any]:
    messages = [text_message(text, message_id=f"wamid.{phase}.{order}.{text}") for text in texts]
    return {
        "metadata": {"phase": phase, "chunk_order": order, "progress": 50},
        "threads": [{"id": "5493875550101", "messages": messages}],
    }


def test_history_as_large_as_a_delivery_can_be() -> None:
    payload = history(chunk(1, 1, [str(number) for number in range(13_000)]))
    assert len(encode(payload)) < 3_000_000
    events = parse(payload, kind="whatsapp_coexistence")
    assert kinds(events) == {"InboundMessage": 13_000, "HistoryProgress": 1}
    assert all(event.is_imported for event in events if isinstance(event, InboundMessage))


def test_chunks_say_the_same_in_any_order() -> None:
    chunks = [chunk(0, 1, ["a", "b"]), chunk(0, 2, ["c"]), chunk(2, 1, ["d"])]

    def told(events: list[Event]) -> set[object]:
        return {
            (event.phase, event.chunk) if isinstance(event, HistoryProgress) else event.provider_message_id
            for event in events
            if isinstance(event, HistoryProgress | InboundMessage)
        }

    at_once = told(parse(history(*chunks), kind="whatsapp_coexistence"))
    one_by_one: set[object] = set()
    for one in reversed(chunks):
        one_by_one |= told(parse(history(one), kind="whatsapp_coexistence"))
    assert at_once == one_by_one
    assert len(at_once) == 7


def test_echo_of_a_send_of_ours_has_the_sends_own_id() -> None:
    echo = text_message("Hola", sender="5493874440000", message_id="wamid.OURS") | {"to": "5493875550101"}
    one = change(INBOXES[0], message_echoes=[echo]) | {"field": "smb_message_echoes"}
    [event] = parse(delivery([one]), kind="whatsapp_coexistence")
    assert isinstance(event, EchoMessage)
    assert event.provider_message_id == "wamid.OURS"
    assert not event.is_imported
