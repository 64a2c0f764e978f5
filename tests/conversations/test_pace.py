"""How fast we send where a channel says so, and whom an answer turns out to have reached."""

from datetime import timedelta

import pytest
from django.db.models import F

from apps.conversations.actions.deliver import can_claim, permit, record_sent
from apps.conversations.models import SendAttempt
from apps.conversations.tasks import deliver_messages
from apps.core.actors import SYSTEM
from apps.people.models import Identity, Person
from providers.registry import PROVIDERS
from providers.types import Address, AddressScope, SendResult
from tests.conversations.sending import claim, one, say
from tests.factories import make_account, make_conversation, make_inbox
from tests.providers.accounts import SAMPLES

KIND = "whatsapp_coexistence"
PACE = PROVIDERS[KIND].capabilities.messages_per_second or 0


@pytest.fixture
def account(db):
    return make_account(KIND, credentials=SAMPLES[KIND].credentials)


def a_second_passes():
    SendAttempt.objects.update(claimed_at=F("claimed_at") - timedelta(seconds=1))


def test_an_inbox_sends_no_more_in_a_second_than_its_channel_takes(account):
    inbox = make_inbox(account)
    for _ in range(PACE + 3):
        one(inbox)
    assert len(claim()) == PACE
    assert (claim(), can_claim(actor=SYSTEM)) == ([], True)
    a_second_passes()
    assert len(claim()) == 3
    assert not can_claim(actor=SYSTEM)


def test_each_inbox_has_its_own_pace(account):
    busy, quiet = make_inbox(account), make_inbox(account)
    for _ in range(PACE + 1):
        one(busy)
    first = one(quiet)
    assert first in [claimed.message for claimed in claim()]


def test_the_address_an_answer_names_is_theirs_too(db):
    conversation = make_conversation(sender="543875550101")
    say(conversation, "Sí")
    [claimed] = claim()
    permit(claims=[claimed], actor=SYSTEM)
    known = Address(scope=AddressScope.BSUID, value="AR.77")
    result = SendResult(provider_message_id="wamid.1", recipient=known)
    assert record_sent(claim=claimed, result=result, actor=SYSTEM)
    learned = Identity.objects.get(address="AR.77")
    assert (learned.alias_of, Person.objects.count()) == (conversation.identity, 1)


@pytest.mark.django_db(transaction=True)
def test_one_task_sends_on_when_the_second_is_over(graph):
    inbox = make_inbox(make_account(KIND, credentials=SAMPLES[KIND].credentials), address="1060403000001")
    for _ in range(PACE + 2):
        one(inbox)
    deliver_messages()
    times = sorted(send.at for send in graph.received)
    assert len(times) == PACE + 2
    assert times[PACE] - times[0] > 0.9
