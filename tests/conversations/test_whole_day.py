"""A day of all that any provider can say, replayed, changes nothing."""

import json
from typing import Any

import pytest

from apps.conversations.actions import process
from apps.conversations.models import (
    Attachment,
    Conversation,
    Message,
    MessageAlias,
    MessageEdit,
    PendingChange,
    PendingStatus,
    Reaction,
)
from apps.conversations.tasks import process_events
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from apps.inboxes.actions.journal import add_event, replay_events
from apps.inboxes.models import AccountNotice, DeadLetter, HistoryImport, WebhookEvent
from providers.registry import PROVIDERS
from tests.factories import make_account, make_inbox
from tests.providers.accounts import SAMPLES
from tests.providers.payloads import events_of, payloads_of

ROOMS: list[Any] = [
    Attachment,
    Conversation,
    Message,
    MessageAlias,
    MessageEdit,
    PendingChange,
    PendingStatus,
    Reaction,
    AccountNotice,
    HistoryImport,
    DeadLetter,
]
SHARED = "a3ff8460"
"""How the id begins that Maytapi's payloads share although each is of another message."""


def everything():
    """Return all rows that a delivery can write."""
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in ROOMS}
    return rows | {"told": [LiveEvent.objects.exclude(kind="person_changed").count()]}


def changes(before, after):
    """Return what is not what it was, row by row."""
    return {
        name: [(one, other) for one, other in zip(before[name], rows, strict=False) if one != other] or len(rows)
        for name, rows in after.items()
        if rows != before[name]
    }


def process_all():
    while WebhookEvent.objects.filter(state=WebhookEvent.State.NEW, lease_token=None).exists():
        process_events()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(PROVIDERS))
def test_a_day_that_is_replayed_changes_nothing(kind):
    sample = SAMPLES[kind]
    account = make_account(kind, credentials=sample.credentials, name=sample.options.get("account_name", kind))
    for address in sorted({getattr(event, "inbox_address", "") for event in events_of(kind)} - {""}):
        make_inbox(account, address=address)
    for number, payload in enumerate(payloads_of(kind)):
        body = json.dumps(payload).replace(SHARED, f"{number:08x}").encode()
        add_event(account=account, body=body, headers={}, actor=SYSTEM)
    process_all()
    assert Message.objects.exists()
    before = everything()
    replay_events(events=list(WebhookEvent.objects.values_list("uid", flat=True)), actor=SYSTEM)
    process_all()
    assert changes(before, everything()) == {}


def history(*texts):
    """Return a part of a phone's past, each message a second apart."""
    messages = [
        {"from": "5493875550101", "id": f"wamid.{text}", "timestamp": f"{1763800200 + place}", "type": "text"}
        | {"text": {"body": text}}
        for place, text in enumerate(texts)
    ]
    part = {"metadata": {"phase": 1, "chunk_order": 1, "progress": 60}}
    value = {
        "metadata": {"phone_number_id": "1060403000001", "display_phone_number": "5493874440000"},
        "history": [part | {"threads": [{"id": "5493875550101", "messages": messages}]}],
    }
    entry = {"id": "102030405060708", "changes": [{"field": "history", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@pytest.mark.django_db
def test_thousands_of_old_messages_are_taken_in_turns(monkeypatch):
    monkeypatch.setattr(process, "IMPORT_SECONDS", -1)  # each turn is over after one message
    account = make_account("whatsapp_coexistence", credentials=SAMPLES["whatsapp_coexistence"].credentials)
    make_inbox(account, address="1060403000001")
    event = add_event(account=account, body=history("uno", "dos", "tres", "cuatro"), headers={}, actor=SYSTEM)
    seen: list[tuple[int, int]] = []
    while not seen or event.state == WebhookEvent.State.NEW:
        process_events()
        event.refresh_from_db()
        seen.append((Message.objects.count(), event.attempts))
        WebhookEvent.objects.update(next_attempt_at=event.received_at)
    assert [count for count, _ in seen][:4] == [1, 2, 3, 4]
    assert {attempts for _, attempts in seen[:-1]} == {0}
    assert event.state == WebhookEvent.State.PROCESSED
    imported = HistoryImport.objects.values_list("chunks", "messages", "percent").get()
    assert (imported, Message.objects.filter(is_imported=True).count()) == ((1, 4, 60), 4)
