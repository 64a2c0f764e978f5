"""What we write elsewhere, and sends of ours that come back: one row each, whatever comes first."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from apps.conversations.actions.deliver import permit, record_failure, record_sent
from apps.conversations.actions.echoes import receive_echo
from apps.conversations.actions.marks import set_pending
from apps.conversations.actions.recover import doubt_handed_over
from apps.conversations.actions.statuses import apply_statuses
from apps.conversations.models import Attachment, Conversation, Message, MessageAlias, PendingStatus
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from providers.capabilities import Capabilities
from providers.contents import ContentKind, Text
from providers.errors import UncertainSend
from providers.types import DeliveryStatus, EchoMessage, SendResult, StatusUpdate
from tests.conversations.arriving import ANA, NOON, echo, hear, put_emoji, second, stands
from tests.conversations.sending import claim, say, state
from tests.crowd import crowd
from tests.factories import make_account, make_conversation, make_inbox
from tests.providers.accounts import SAMPLES

ECHOES = Capabilities(
    receives=frozenset({ContentKind.TEXT}),
    sends=frozenset({ContentKind.TEXT}),
    statuses=frozenset(DeliveryStatus),
    text_max_length=1000,
    quotes_messages=True,
    window_hours=24,
    resolves_uncertain=False,
    has_handshake=True,
    echoes_sends=True,
)
RENAMES = replace(ECHOES, renames_sends=True)


@pytest.fixture
def inbox(db):
    return make_inbox()


def come_back(inbox, body="Sí", *, key="mid.1", capabilities=ECHOES, send_id=""):
    """Let what was sent just now come back."""
    now = timezone.now()
    told = EchoMessage(
        path="",
        inbox_address=inbox.address,
        provider_message_id=key,
        recipient=ANA,
        provider_time=now,
        content=Text(body=body),
        send_id=send_id,
    )
    return receive_echo(inbox=inbox, echo=told, received_at=now, capabilities=capabilities, actor=SYSTEM)


def answer(claimed, key="mid.1", *, is_queued=False):
    return record_sent(claim=claimed, result=SendResult(provider_message_id=key, is_queued=is_queued), actor=SYSTEM)


def begin(inbox, *texts):
    """Let our messages be on their way, one after the other in one chat."""
    conversation = Conversation.objects.filter(inbox=inbox).first() or make_conversation(inbox)
    say(conversation, *texts)
    claims = claim()
    permit(claims=claims, actor=SYSTEM)
    return claims


def outgoing():
    return list(
        Message.objects.filter(direction="out").order_by("pk").values_list("provider_message_id", "sender", "status")
    )


# From the phone ----------------------------------------------------------------------------


def test_what_was_written_on_the_phone_is_an_answer(inbox):
    hear(inbox)
    set_pending(conversation=Conversation.objects.get(), is_pending=True, actor=SYSTEM)
    window = Conversation.objects.get().window_ends_at
    message = echo(inbox, "Sí", at=second(30))
    message.refresh_from_db()
    assert (message.direction, message.sender, message.status, message.author) == ("out", "phone", "sent", None)
    assert (message.occurred_at, message.sent_at) == (second(30) + timedelta(milliseconds=999), second(30))
    conversation = Conversation.objects.get()
    assert (conversation.unread_count, conversation.is_pending, conversation.window_ends_at) == (0, False, window)
    assert (conversation.last_message_text, conversation.last_message_sender) == ("Sí", "phone")
    assert LiveEvent.objects.latest("pk").kind == "message_added"


def test_a_late_echo_does_not_hide_what_was_written_since(inbox):
    hear(inbox, at=second(60))
    echo(inbox, "Sí", at=second(30), received_at=second(90))
    conversation = Conversation.objects.get()
    assert (conversation.unread_count, conversation.last_message_text) == (1, "Hola")


def test_the_first_word_may_be_ours(inbox):
    message = echo(inbox, "Buen día", recipient_name="Ana")
    assert (message.conversation.person.name, message.conversation.window_ends_at) == ("Ana", None)


def test_the_same_echo_again_changes_nothing(inbox):
    echo(inbox)
    before = list(Message.objects.values()), list(Conversation.objects.values()), LiveEvent.objects.count()
    assert echo(inbox) is None
    assert (list(Message.objects.values()), list(Conversation.objects.values()), LiveEvent.objects.count()) == before


@pytest.mark.parametrize(
    ("told", "shown"),
    [(None, "sent"), ("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("failed", "failed")],
)
def test_an_echo_says_how_far_it_came(told, shown, inbox):
    message = echo(inbox, status=DeliveryStatus(told) if told else None)
    message.refresh_from_db()
    assert message.status == shown


def test_a_status_that_came_before_its_echo_is_applied(inbox):
    read = StatusUpdate(
        path="", inbox_address="", provider_message_id="wamid.echo", status=DeliveryStatus.READ, provider_time=NOON
    )
    apply_statuses(inbox=inbox, updates=[read], received_at=NOON, actor=SYSTEM)
    message = echo(inbox)
    message.refresh_from_db()
    assert message.status == "read"


# The echo of a send of ours ----------------------------------------------------------------


def test_an_echo_after_the_answer_is_the_same_message(inbox):
    answer(begin(inbox, "Sí")[0])
    assert come_back(inbox) is None
    assert outgoing() == [("mid.1", "operator", "sent")]


def test_an_echo_before_the_answer_is_the_same_message(inbox):
    claimed = begin(inbox, "Sí")[0]
    assert come_back(inbox) is None
    assert answer(claimed)
    assert outgoing() == [("mid.1", "operator", "sent")]
    assert not MessageAlias.objects.exists()


def test_an_echo_proves_a_send_whose_answer_was_lost(inbox):
    claimed = begin(inbox, "Sí")[0]
    record_failure(claim=claimed, error=UncertainSend("read_timeout"), actor=SYSTEM)
    come_back(inbox)
    assert state(claimed.message) == ("accepted", "sent")
    assert outgoing() == [("mid.1", "operator", "sent")]


def test_an_echo_that_fits_two_sends_is_left_to_the_answer(inbox):
    first = begin(inbox, "Sí")[0]
    record_failure(claim=first, error=UncertainSend("read_timeout"), actor=SYSTEM)
    again = say(Conversation.objects.get(), "otra")[0]
    Message.objects.filter(pk=again.pk).update(text="Sí")
    claimed = claim()[0]
    permit(claims=[claimed], actor=SYSTEM)
    come_back(inbox)
    put_emoji(inbox, "👍", key="mid.1")
    assert len(outgoing()) == 3
    assert answer(claimed)
    assert outgoing() == [("", "operator", "uncertain"), ("mid.1", "operator", "sent")]
    assert again.reactions.get().emoji == "👍"
    assert Conversation.objects.get().last_message == again


def test_an_id_that_another_message_of_ours_has_is_still_doubted(inbox):
    answer(begin(inbox, "Sí")[0])
    second_one = begin(inbox, "No")[0]
    answer(second_one)
    assert state(second_one.message) == ("uncertain", "uncertain")


def test_what_staff_type_is_not_taken_for_a_send_where_those_do_not_come_back(inbox):
    claimed = begin(inbox, "Sí")[0]
    assert echo(inbox, "Sí") is not None
    assert answer(claimed, "wamid.9")
    assert len(outgoing()) == 2


def test_the_same_words_long_after_are_another_message(inbox):
    claimed = begin(inbox, "Sí")[0]
    record_failure(claim=claimed, error=UncertainSend("read_timeout"), actor=SYSTEM)
    Message.objects.filter(pk=claimed.message.pk).update(created_at=F("created_at") - timedelta(minutes=11))
    assert come_back(inbox) is not None
    assert state(claimed.message) == ("uncertain", "uncertain")


# Where the echo has another id than the answer ---------------------------------------------


def test_both_names_name_one_message_whichever_came_first(inbox):
    claimed = begin(inbox, "Sí")[0]
    come_back(inbox, key="true_1_ABC", capabilities=RENAMES)
    answer(claimed, "uuid-1", is_queued=True)
    claimed = begin(inbox, "No")[0]
    answer(claimed, "uuid-2", is_queued=True)
    come_back(inbox, "No", key="true_1_DEF", capabilities=RENAMES)
    assert [row[2] for row in outgoing()] == ["sent", "sent"]
    assert sorted(MessageAlias.objects.values_list("provider_message_id", "message__text")) == [
        ("true_1_DEF", "No"),
        ("uuid-1", "Sí"),
    ]
    assert come_back(inbox, "No", key="true_1_DEF", capabilities=RENAMES) is None


def test_the_same_words_twice_are_two_messages_with_two_echoes(inbox):
    for number in (1, 2):
        claimed = begin(inbox, f"texto {number}")[0]
        Message.objects.filter(pk=claimed.message.pk).update(text="Sí")
        answer(claimed, f"uuid-{number}", is_queued=True)
        come_back(inbox, key=f"true_{number}", capabilities=RENAMES)
    assert sorted(MessageAlias.objects.values_list("provider_message_id", "message__provider_message_id")) == [
        ("true_1", "uuid-1"),
        ("true_2", "uuid-2"),
    ]


def test_an_acknowledgement_that_names_both_joins_what_stood_apart(inbox):
    claimed = begin(inbox, "con una foto")[0]
    answer(claimed, "uuid-1", is_queued=True)
    assert come_back(inbox, "otra cosa", key="true_1", capabilities=RENAMES) is not None
    put_emoji(inbox, "👍", key="true_1")
    ack = StatusUpdate(
        path="", inbox_address="", provider_message_id="uuid-1", status=DeliveryStatus.SENT, also_known_as="true_1"
    )
    apply_statuses(inbox=inbox, updates=[ack], received_at=second(9), actor=SYSTEM)
    assert outgoing() == [("uuid-1", "operator", "sent")]
    assert [row[1] for row in stands()["reactions"]] == ["👍"]
    assert MessageAlias.objects.get().provider_message_id == "true_1"


def test_an_acknowledgement_that_came_before_both_joins_them_too(db):
    inbox = make_inbox(make_account("maytapi", credentials=SAMPLES["maytapi"].credentials))
    claimed = begin(inbox, "con una foto")[0]
    ack = StatusUpdate(
        path="", inbox_address="", provider_message_id="uuid-1", status=DeliveryStatus.READ, also_known_as="true_1"
    )
    apply_statuses(inbox=inbox, updates=[ack], received_at=second(9), actor=SYSTEM)
    come_back(inbox, "otra cosa", key="true_1", capabilities=RENAMES)
    answer(claimed, "uuid-1", is_queued=True)
    assert outgoing() == [("uuid-1", "operator", "read")]
    assert (MessageAlias.objects.get().provider_message_id, PendingStatus.objects.count()) == ("true_1", 0)


def test_two_sends_of_ours_stay_two_whatever_a_provider_calls_them(inbox):
    for number in (1, 2):
        answer(begin(inbox, f"texto {number}")[0], f"uuid-{number}")
    ack = StatusUpdate(
        path="", inbox_address="", provider_message_id="uuid-1", status=DeliveryStatus.SENT, also_known_as="uuid-2"
    )
    apply_statuses(inbox=inbox, updates=[ack], received_at=second(9), actor=SYSTEM)
    assert [row[0] for row in outgoing()] == ["uuid-1", "uuid-2"]


def test_a_message_that_waits_at_its_provider_is_not_sent_yet(inbox):
    claimed = begin(inbox, "Sí")[0]
    answer(claimed, "uuid-1", is_queued=True)
    assert state(claimed.message) == ("handed_over", "queued")
    ack = StatusUpdate(path="", inbox_address="", provider_message_id="uuid-1", status=DeliveryStatus.SENT)
    apply_statuses(inbox=inbox, updates=[ack], received_at=second(9), actor=SYSTEM)
    assert state(claimed.message) == ("accepted", "sent")
    assert claim() == []


def test_one_that_waited_at_its_provider_can_fail_there(inbox):
    claimed = begin(inbox, "Sí")[0]
    answer(claimed, "uuid-1", is_queued=True)
    failed = StatusUpdate(path="", inbox_address="", provider_message_id="uuid-1", status=DeliveryStatus.FAILED)
    apply_statuses(inbox=inbox, updates=[failed], received_at=second(9), actor=SYSTEM)
    assert state(claimed.message) == ("accepted", "failed")


def test_one_of_which_its_provider_never_speaks_again_is_uncertain_after_a_day(inbox):
    told = begin(inbox, "Sí")[0]
    answer(told, "uuid-1", is_queued=True)
    silent = begin(inbox, "No")[0]
    answer(silent, "uuid-2", is_queued=True)
    Message.objects.filter(pk=silent.message.pk).update(accepted_at=Now() - timedelta(hours=24, seconds=1))
    assert doubt_handed_over(actor=SYSTEM) == 1
    assert (state(told.message), state(silent.message)) == (("handed_over", "queued"), ("uncertain", "uncertain"))
    ack = StatusUpdate(path="", inbox_address="", provider_message_id="uuid-2", status=DeliveryStatus.SENT)
    apply_statuses(inbox=inbox, updates=[ack], received_at=second(9), actor=SYSTEM)
    assert state(silent.message) == ("accepted", "sent")


# At once -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_answer_and_two_echoes_at_once_are_one_message():
    inbox = make_inbox()
    with crowd(3) as gathered:
        for number in range(15):
            claimed = begin(inbox, f"Sí {number}")[0]
            come = partial(come_back, inbox, f"Sí {number}", key=f"mid.{number}")
            gathered.at_once(partial(answer, claimed, f"mid.{number}"), come, come)
    assert outgoing() == [(f"mid.{number}", "operator", "sent") for number in range(15)]


def test_what_was_stored_of_an_echo_goes_with_it(inbox, django_capture_on_commit_callbacks):
    [claimed] = begin(inbox, "Sí")
    phone = come_back(inbox, "No")
    file = Attachment(message=phone, kind="image")
    file.file.save("aula.jpg", ContentFile(b"a picture"))
    with django_capture_on_commit_callbacks(execute=True):
        answer(claimed)
    assert outgoing() == [("mid.1", "operator", "sent")]
    assert not file.file.storage.exists(file.file.name or "")
