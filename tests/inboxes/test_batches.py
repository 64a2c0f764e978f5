"""One broken item stops only itself, and whatever comes is answered: through the real entrance, into rows."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.conversations.actions import process
from apps.conversations.actions.crowds import receive_messages
from apps.conversations.actions.receive import receive_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from apps.inboxes.actions.journal import replay_events
from apps.inboxes.models import DeadLetter, WebhookEvent
from tests.providers.meta_webhooks import change, contact, delivery, encode, status, text_message

pytestmark = pytest.mark.django_db(transaction=True)

POISON = "entry[1].changes[2].messages[7]"
BOOKKEEPING = {"webhookevent", "webhookbody", "ormq", "task", "session", "heartbeat"}
"""What the journal and the queue note of their own work; everything else is business."""


def number(entry, changed, item):
    return entry * 60 + changed * 20 + item


def batch(address, poison):
    """Return 3 entries × 3 changes × 20 messages of as many people, one of them replaced by the poison."""
    entries = []
    for entry in range(3):
        changes = []
        for changed in range(3):
            items = [
                text_message(
                    f"n{number(entry, changed, item)}",
                    sender=f"5493874{number(entry, changed, item):06}",
                    message_id=f"wamid.{number(entry, changed, item)}",
                )
                for item in range(20)
            ]
            changes.append(change(address, messages=items))
        entries.append(changes)
    body = delivery(*entries)
    good = body["entry"][1]["changes"][2]["value"]["messages"][7]
    body["entry"][1]["changes"][2]["value"]["messages"][7] = poison(good)
    return encode(body)


def assert_one_letter(poisoned_path=POISON):
    event = WebhookEvent.objects.get()
    letter = DeadLetter.objects.get()
    assert (event.state, event.item_count, event.dead_count) == ("processed", 180, 1)
    assert (letter.path, letter.state) == (poisoned_path, "open")
    lost = number(1, 2, 7)
    assert set(Message.objects.values_list("text", flat=True)) == {f"n{n}" for n in range(180) if n != lost}
    assert (Message.objects.count(), Conversation.objects.count()) == (179, 179)
    return letter


@pytest.mark.parametrize(
    ("_case", "poison"),
    [
        ("no object", lambda good: 7),
        ("no id", lambda good: {**good, "id": None}),
    ],
)
def test_179_of_180_are_applied_and_one_is_a_dead_letter_that_names_its_path(_case, poison, meta, inbox, process):
    meta.send([batch(inbox.address, poison)])
    process()
    assert_one_letter()


def test_an_item_that_breaks_while_it_is_applied_stops_nothing_and_is_mended_by_a_replay(meta, inbox, run_jobs):
    original = receive_message

    def receive(**told):
        if told["inbound"].provider_message_id == f"wamid.{number(1, 2, 7)}":
            raise ValueError("a fault of ours")
        return original(**told)

    def receive_all(**told):
        if f"wamid.{number(1, 2, 7)}" in {one.provider_message_id for one in told["inbound"]}:
            raise ValueError("a fault of ours")
        return receive_messages(**told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "receive_message", receive)
        patch.setattr(process, "receive_messages", receive_all)
        meta.send([batch(inbox.address, lambda good: good)])
        run_jobs()
    letter = assert_one_letter()
    assert letter.error_class == "ValueError"
    replay_events(events=[WebhookEvent.objects.get().uid], actor=SYSTEM)
    run_jobs()
    letter.refresh_from_db()
    assert (Message.objects.count(), letter.state) == (180, "replayed")


HOSTILE = [
    "nul \x00 here",
    "half \ud83d",
    "\udc00 other half",
    "9" * 5000,
    "\u202egnp.exe",
    "e\u0301" * 50,
    "x" * 65_536,
    "\ufeff",
    "🙂" * 4096,
    "<script>alert(1)</script>",
    "'; DROP TABLE people_person; --",
    "{{ 7*7 }} %(x)s {0.__class__}",
]


def test_hostile_words_anywhere_lose_no_neighbour(meta, inbox, process):
    bodies = []
    for place, words in enumerate(HOSTILE):
        sender = f"54938755{place:05}"
        bad = text_message(words, sender=sender, message_id=f"wamid.bad{place}")
        good = text_message(f"neighbour {place}", sender="5493875550101", message_id=f"wamid.good{place}")
        value = change(inbox.address, messages=[bad, good], contacts=[contact(sender, words)])
        told = change(inbox.address, statuses=[status(words[:300], "read")])
        bodies.append(encode(delivery([value, told])))
    assert {posting.status for posting in meta.send(bodies)} == {200}
    process()
    kept = set(Message.objects.filter(text__startswith="neighbour").values_list("text", flat=True))
    assert kept == {f"neighbour {place}" for place in range(len(HOSTILE))}
    assert Message.objects.count() == 2 * len(HOSTILE)
    assert not WebhookEvent.objects.exclude(state="processed").exists()


@pytest.mark.parametrize(
    ("_case", "item"),
    [
        ("very deep", '{"a":' * 900 + "1" + "}" * 900),
        ("too deep", "[" * 100_000 + "]" * 100_000),
        ("a number of 5,000 digits", "9" * 5000),
        ("NaN", "NaN"),
        ("infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("a bare NUL", '"\\u0000"'),
        ("a lone surrogate as key", '{"\\ud800": 1}'),
        ("every key twice", '{"id": "a", "id": "b", "from": 1, "from": null, "type": "text", "type": "text"}'),
    ],
)
def test_hostile_json_is_answered_200_and_the_next_delivery_comes_through(_case, item, meta, caller, inbox, process):
    good = text_message("neighbour", message_id="wamid.good")
    body = json.dumps(delivery([change(inbox.address, messages=[good, {"HERE": 1}])])).replace('{"HERE": 1}', item)
    assert caller.post_signed(body.encode()) == 200
    meta.send([meta.body(messages=[text_message("the next one", message_id="wamid.next")])])
    process()
    texts = set(Message.objects.values_list("text", flat=True))
    assert "the next one" in texts
    first = WebhookEvent.objects.order_by("pk").first()
    assert first is not None
    assert (first.state, "neighbour" in texts) in {("dead", False), ("processed", True)}
    assert DeadLetter.objects.filter(event=first).count() == (1 if first.state == "dead" else first.dead_count)


def business():
    """Return every row that says something about people, conversations and accounts."""
    return {
        model._meta.label: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
        if model._meta.model_name not in BOOKKEEPING
    }


def test_replaying_a_day_twice_changes_nothing(meta, inbox, run_jobs):
    # given a day with all that one channel tells
    at = timezone.now().timestamp()
    first = text_message("Hola", message_id="wamid.1", at=at)
    said = [
        meta.body(messages=[first], names={first["from"]: "Ana"}),
        meta.body(messages=[text_message("¿Hay lugar?", message_id="wamid.2", at=at, reply_to="wamid.1")]),
        meta.body(statuses=[status("wamid.out", word, at=at) for word in ("sent", "delivered", "read")]),
        meta.body(statuses=[status("wamid.lost", "failed", at=at, code=131026)]),
        meta.body(messages=[{**first, "id": "wamid.3", "type": "reaction",
                             "reaction": {"message_id": "wamid.1", "emoji": "👍"}}]),
        meta.body(messages=[{**first, "id": "wamid.4", "type": "comet"}, {**first, "id": None}]),
        encode(delivery([{"field": "account_update", "value": {"event": "ACCOUNT_VIOLATION"}}])),
        b"no JSON",
    ]  # fmt: skip
    meta.send(said, copies=2, shuffle=True)
    run_jobs()
    before = business()
    assert len(before["conversations.Message"]) >= 2

    # when it is replayed twice
    for _ in range(2):
        uids = WebhookEvent.objects.filter(received_at__gte=timezone.now() - timedelta(days=1))
        assert replay_events(events=list(uids.values_list("uid", flat=True)), actor=SYSTEM) == 16
        run_jobs()

        # then nothing is different
        assert {name: rows for name, rows in business().items() if rows != before[name]} == {}
