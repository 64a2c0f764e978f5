"""What providers prove: merged so that no order, repetition or batch makes a difference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from apps.conversations.actions.recover import settle_waiting_statuses
from apps.conversations.actions.send import send_message
from apps.conversations.actions.statuses import apply_statuses, apply_waiting
from apps.conversations.models import Conversation, Dispatch, Message, PendingStatus, SendAttempt
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from providers.types import DeliveryStatus, ProviderError, StatusUpdate
from tests.crowd import crowd
from tests.factories import make_conversation, make_inbox, receive

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENT, DELIVERED, READ, FAILED = DeliveryStatus


@pytest.fixture
def inbox(db):
    return make_inbox()


def update(status, provider_id="wamid.1", *, second=0, code="131000", token=None):
    return StatusUpdate(
        path="",
        inbox_address="",
        provider_message_id=provider_id,
        status=status,
        provider_time=NOON + timedelta(seconds=second),
        error=ProviderError(code=code, title=f"Error {code}") if status == FAILED else None,
        callback_data=token,
    )


def tell(inbox, *updates):
    return apply_statuses(inbox=inbox, updates=updates, received_at=NOON + timedelta(minutes=1), actor=SYSTEM)


def our_message(inbox, *, provider_id="wamid.1", dispatch=Dispatch.ACCEPTED, key="k", **columns):
    """Make a message of ours that is as far as `dispatch`."""
    conversation = Conversation.objects.filter(inbox=inbox).first() or make_conversation(inbox)
    message = send_message(conversation=conversation, text="Sí", client_key=key, actor=SYSTEM)
    Message.objects.filter(pk=message.pk).update(dispatch=dispatch, provider_message_id=provider_id, **columns)
    return message


def shown(message):
    return Message.objects.get(pk=message.pk).status


@pytest.mark.parametrize("order", list(permutations(DeliveryStatus)))
def test_any_order_ends_as_read(order, inbox):
    message = our_message(inbox)
    for status in order:
        tell(inbox, update(status))
        tell(inbox, update(status))
    assert (shown(message), Conversation.objects.get().last_message_status) == ("read", "read")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([SENT], "sent"),
        ([SENT, DELIVERED], "delivered"),
        ([READ], "read"),
        ([FAILED], "failed"),
        ([SENT, FAILED], "failed"),
        ([DELIVERED, FAILED], "delivered"),
        ([FAILED, DELIVERED], "delivered"),
        ([FAILED, READ], "read"),
    ],
)
def test_the_highest_proof_is_shown(statuses, expected, inbox):
    message = our_message(inbox)
    for status in statuses:
        tell(inbox, update(status))
    assert shown(message) == expected


_updates = some.lists(
    some.builds(
        update,
        some.sampled_from(list(DeliveryStatus)),
        second=some.integers(0, 3),
        code=some.sampled_from(["131000", "131026", "131049"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates=_updates, data=some.data())
def test_every_order_and_every_batching_gives_the_same_row(updates, data, inbox):
    columns = ("status", "dispatch", "sent_at", "delivered_at", "read_at", "failed_at", "error_code", "error_text")

    def outcome(batches):
        with transaction.atomic():
            message = our_message(inbox, key=str(uuid4()))
            for batch in batches:
                tell(inbox, *batch)
            row = Message.objects.filter(pk=message.pk).values(*columns).get()
            transaction.set_rollback(True)
        return row

    shuffled = data.draw(some.permutations(updates))
    cut = data.draw(some.integers(0, len(updates)))
    one_by_one = outcome([[item] for item in updates])
    assert outcome([[item] for item in shuffled]) == one_by_one
    assert outcome([shuffled[:cut], shuffled[cut:], shuffled]) == one_by_one


@pytest.mark.parametrize("dispatch", ["uncertain", "queued", "waiting", "needs_auth", "rejected", "expired"])
def test_a_proof_by_our_token_accepts_whatever_we_believed(dispatch, inbox):
    message = our_message(inbox, provider_id="", dispatch=dispatch, error_code="read_timeout", error_text="No answer.")
    token = uuid4()
    SendAttempt.objects.create(message=message, number=1, token=token, owner="gone", outcome="uncertain")
    tell(inbox, update(DELIVERED, "wamid.late", token=str(token)))
    message.refresh_from_db()
    assert (message.dispatch, message.status, message.provider_message_id) == ("accepted", "delivered", "wamid.late")
    assert message.accepted_at is not None
    assert message.error_code == ""


def test_a_proof_by_our_token_undoes_our_own_verdict(inbox):
    message = our_message(inbox, provider_id="", dispatch="rejected", failed_at=NOON, error_code="131026")
    token = uuid4()
    SendAttempt.objects.create(message=message, number=1, token=token, owner="gone", outcome="rejected")
    tell(inbox, update(SENT, "wamid.late", token=str(token)))
    message.refresh_from_db()
    assert (message.dispatch, message.status, message.error_code) == ("accepted", "sent", "")


def test_a_proof_while_the_send_is_under_way_leaves_the_lease_to_its_owner(inbox):
    lease = {"lease_token": uuid4(), "lease_until": NOON}
    message = our_message(inbox, provider_id="", dispatch=Dispatch.SENDING, **lease)
    token = uuid4()
    SendAttempt.objects.create(message=message, number=1, token=token, owner="here")
    tell(inbox, update(SENT, token=str(token)))
    message.refresh_from_db()
    assert (message.dispatch, message.status, message.provider_message_id) == ("sending", "sent", "wamid.1")
    assert message.lease_token == lease["lease_token"]


@pytest.mark.parametrize("token", ["", "nonsense", str(UUID(int=7)), "{", "0" * 600])
def test_a_token_that_is_not_ours_proves_nothing(token, inbox):
    message = our_message(inbox, provider_id="", dispatch=Dispatch.UNCERTAIN)
    SendAttempt.objects.create(message=message, number=1, token=uuid4(), owner="x", outcome="uncertain")
    tell(inbox, update(SENT, "wamid.other", token=token))
    assert shown(message) == "uncertain"


def test_a_token_counts_only_at_its_own_inbox(inbox):
    message = our_message(inbox, provider_id="", dispatch=Dispatch.UNCERTAIN)
    token = uuid4()
    SendAttempt.objects.create(message=message, number=1, token=token, owner="x", outcome="uncertain")
    tell(make_inbox(), update(SENT, "wamid.other", token=str(token)))
    assert shown(message) == "uncertain"


def test_statuses_of_what_people_wrote_change_nothing(inbox):
    message = receive(inbox, message_id="wamid.1")
    tell(inbox, update(READ))
    assert (shown(message), PendingStatus.objects.count()) == ("received", 1)


def test_a_status_faster_than_our_answer_waits_for_its_id(inbox):
    tell(inbox, update(DELIVERED), update(SENT))
    tell(inbox, update(DELIVERED))
    assert PendingStatus.objects.count() == 2
    message = our_message(inbox)
    assert apply_waiting(inbox=inbox, provider_ids=["wamid.1"], actor=SYSTEM) == 1
    assert (shown(message), PendingStatus.objects.count()) == ("delivered", 0)


def test_both_sides_looked_too_early_and_the_sweep_joins_them(inbox):
    tell(inbox, update(READ))
    message = our_message(inbox)
    assert settle_waiting_statuses(actor=SYSTEM) == 1
    assert (shown(message), PendingStatus.objects.count()) == ("read", 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("knows_the_id", [True, False])
def test_what_it_is_charged_as_is_kept_in_any_order(order, knows_the_id, inbox):
    told = [
        replace(update(SENT), pricing_category="marketing"),
        replace(update(DELIVERED, second=1), pricing_category="utility"),
        update(READ, second=2),
    ]
    known = {} if knows_the_id else {"provider_id": "", "dispatch": Dispatch.UNCERTAIN}
    message = our_message(inbox, **known)
    for number in order:
        tell(inbox, told[number])
    Message.objects.filter(pk=message.pk).update(provider_message_id="wamid.1")
    apply_waiting(inbox=inbox, provider_ids=["wamid.1"], actor=SYSTEM)
    row = Message.objects.get(pk=message.pk)
    assert (row.status, row.details) == ("read", {"pricing": "utility"})
    assert tell(inbox, *told) == 0


def test_a_status_that_says_nothing_new_tells_nobody(inbox):
    our_message(inbox)
    tell(inbox, update(READ), update(DELIVERED), update(SENT))
    before = LiveEvent.objects.count()
    tell(inbox, update(READ), update(DELIVERED), update(SENT))
    assert LiveEvent.objects.count() == before


def test_the_row_of_the_list_follows_only_its_last_message(inbox):
    first = our_message(inbox, provider_id="wamid.1", key="1")
    our_message(inbox, provider_id="wamid.2", key="2")
    tell(inbox, update(READ, "wamid.1"))
    assert (shown(first), Conversation.objects.get().last_message_status) == ("read", "queued")


def test_a_batch_costs_as_many_statements_as_one(inbox, django_assert_max_num_queries):
    for number in range(20):
        our_message(inbox, provider_id=f"wamid.{number}", key=str(number))
    with django_assert_max_num_queries(30):  # of them one for the feed of each message
        tell(inbox, *(update(DELIVERED, f"wamid.{number}") for number in range(20)))


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_in_any_order_at_once_never_blocks_itself(transactional_db):
    inbox = make_inbox()
    ids = []
    for number in range(12):
        conversation = make_conversation(inbox, sender=f"54938755502{number:02}")
        message = send_message(conversation=conversation, text="Sí", client_key=f"{number}", actor=SYSTEM)
        Message.objects.filter(pk=message.pk).update(dispatch="accepted", provider_message_id=f"wamid.{number}")
        ids.append(f"wamid.{number}")
    with crowd(4) as together:
        for status in (SENT, DELIVERED, READ):
            batches = [[update(status, name) for name in order] for order in (ids, ids[::-1], ids[6:] + ids[:6], ids)]
            together.at_once(*(partial(tell, inbox, *batch) for batch in batches))
    assert set(Conversation.objects.values_list("last_message_status", flat=True)) == {"read"}
