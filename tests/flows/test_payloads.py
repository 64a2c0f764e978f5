"""Every payload there is goes through the house: nothing that could be read fails later, nothing is lost."""

import pytest

from apps.conversations.models import Message, MessageAlias
from apps.conversations.tasks import process_events
from apps.inboxes.models import DeadLetter, WebhookEvent
from providers.registry import PROVIDERS
from providers.types import EchoMessage, InboundMessage
from tests.factories import make_account, make_event, make_inbox
from tests.providers.accounts import SAMPLES
from tests.providers.payloads import events_of, files_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_payload_is_applied(kind: str) -> None:
    # given an account with every inbox that the payloads of its kind speak of
    sample = SAMPLES[kind]
    account = make_account(kind, credentials=sample.credentials, name=sample.options.get("account_name", kind))
    told = [event for event in events_of(kind) if isinstance(event, InboundMessage | EchoMessage)]
    for address in sorted({event.inbox_address for event in told}):
        make_inbox(account=account, address=address)

    # when all of them arrive
    events = [make_event(account, path.read_bytes(), headers={"name": path.name}) for path in files_of(kind)]
    for _ in range(len(events)):
        if process_events() == "0 events":
            break

    # then each message is there, and only what could not be read is a dead letter
    failed = DeadLetter.objects.exclude(error_class__in=["BrokenItem", "UnreadablePayload"])
    assert list(failed.values_list("event__headers__name", "path", "error_class")) == []
    known = set(Message.objects.values_list("provider_message_id", flat=True))
    known |= set(MessageAlias.objects.values_list("provider_message_id", flat=True))
    assert {event.provider_message_id for event in told} <= known
    assert not WebhookEvent.objects.exclude(state__in=["processed", "ignored", "dead"]).exists()
