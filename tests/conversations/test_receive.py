"""A message of a person comes in: once, in its place, to the right person and the right conversation."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.conversations.actions.marks import close, mark_read, reopen
from apps.conversations.actions.receive import receive_message
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from apps.people.models import Identity, Person
from providers.contents import ContentKind, Text, Unsupported
from providers.types import Address, AddressScope, InboundMessage
from tests.crowd import crowd
from tests.factories import make_account, make_conversation, make_inbox, receive

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def inbox(db):
    return make_inbox()


def tell(inbox, text="Hola", *, received_at=NOW, window_hours=24, **told):
    """Let a message arrive with whatever a provider may say of it."""
    told = {"provider_message_id": f"wamid.{text}", "sender": phone("5493875550101"), "provider_time": NOW, **told}
    inbound = InboundMessage(path="", inbox_address=inbox.address, content=Text(body=text), **told)
    return receive_message(
        inbox=inbox, inbound=inbound, received_at=received_at, window_hours=window_hours, actor=SYSTEM
    )


def phone(number):
    return Address(scope=AddressScope.PHONE, value=number)


def user(number):
    return Address(scope=AddressScope.BSUID, value=number)


def chat():
    return list(Message.objects.order_by("occurred_at", "id").values_list("text", flat=True))


def test_the_first_message_makes_person_identity_and_conversation(inbox):
    message = tell(inbox, sender_name="Ana Pérez")
    assert message is not None
    conversation = Conversation.objects.get()
    assert (conversation.inbox, conversation.identity.address) == (inbox, "5493875550101")
    assert (conversation.person.name, conversation.person.phone) == ("Ana Pérez", "+5493875550101")
    assert (conversation.last_message, conversation.last_message_text) == (message, "Hola")
    assert (conversation.last_message_direction, conversation.last_message_status) == ("in", "received")
    assert (conversation.unread_count, conversation.window_ends_at) == (1, NOW + DAY)
    event = LiveEvent.objects.get()
    assert (event.kind, event.message_id, event.branch_id) == ("message_added", message.pk, inbox.branch_id)


def test_the_same_message_again_changes_nothing(inbox):
    tell(inbox)
    before = list(Conversation.objects.values()), list(Message.objects.values()), LiveEvent.objects.count()
    assert tell(inbox) is None
    assert (list(Conversation.objects.values()), list(Message.objects.values()), LiveEvent.objects.count()) == before


def test_the_same_id_at_another_inbox_is_another_message(inbox):
    tell(inbox)
    assert tell(make_inbox(make_account())) is not None


@pytest.mark.parametrize(
    ("_case", "told", "stands"),
    [
        ("on time", NOW - timedelta(seconds=2), NOW - timedelta(seconds=2) + timedelta(milliseconds=999)),
        ("in this second", NOW.replace(microsecond=0), NOW),
        ("from a clock ahead", NOW + timedelta(minutes=10), NOW),
        ("from the year 9999", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), NOW),
        ("without a time", None, NOW),
        ("an hour late", NOW - timedelta(hours=1), NOW - timedelta(hours=1) + timedelta(milliseconds=999)),
        ("older than anybody retries", NOW - 30 * DAY, NOW - 7 * DAY),
        ("from the year 1", datetime(1, 1, 1, tzinfo=UTC), NOW - 7 * DAY),
    ],
)
def test_where_a_message_stands_in_the_chat(_case, told, stands, inbox):
    message = tell(inbox, provider_time=told)
    assert message is not None
    assert (message.occurred_at, message.provider_time) == (stands, told)


def test_a_late_message_stands_where_it_was_written_and_the_list_stays(inbox):
    tell(inbox, "second", provider_time=NOW - timedelta(minutes=1))
    tell(inbox, "first", provider_time=NOW - timedelta(minutes=2))
    conversation = Conversation.objects.get()
    assert chat() == ["first", "second"]
    assert (conversation.last_message_text, conversation.unread_count) == ("second", 2)
    assert conversation.last_inbound_at == conversation.last_message_at


def test_within_a_second_the_order_of_arrival_decides(inbox):
    second = NOW.replace(microsecond=0)
    for number in range(4):
        tell(inbox, f"{number}", provider_time=second, received_at=NOW + timedelta(seconds=1, milliseconds=number))
    assert chat() == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("_case", "told", "ends"),
    [
        ("by when it was written, not when it came", NOW - timedelta(hours=3), NOW + timedelta(hours=21)),
        ("not by a clock ahead", NOW + 300 * DAY, NOW + DAY),
        ("not by the year 9999", datetime(9999, 12, 31, 23, 59, tzinfo=UTC), NOW + DAY),
        ("by the arrival without a time", None, NOW + DAY),
    ],
)
def test_the_window_opens(_case, told, ends, inbox):
    tell(inbox, provider_time=told)
    assert Conversation.objects.get().window_ends_at == ends


def test_the_window_only_moves_forward(inbox):
    tell(inbox, "new")
    tell(inbox, "old", provider_time=NOW - timedelta(hours=20))
    assert Conversation.objects.get().window_ends_at == NOW + DAY


def test_a_channel_without_a_window_has_none(inbox):
    tell(inbox, window_hours=None)
    assert Conversation.objects.get().window_ends_at is None


def test_a_closed_conversation_is_followed_by_a_new_one(inbox):
    first = receive(inbox).conversation
    close(conversation=first, actor=SYSTEM)
    second = receive(inbox).conversation
    assert (second.pk != first.pk, second.person_id) == (True, first.person_id)
    first.refresh_from_db()
    assert (first.closed_at is not None, first.unread_count) == (True, 1)


def test_unread_counts_what_nobody_read(inbox):
    conversation = make_conversation(inbox)
    receive(inbox)
    conversation.refresh_from_db()
    assert conversation.unread_count == 2
    mark_read(conversation=conversation, actor=SYSTEM)
    receive(inbox)
    conversation.refresh_from_db()
    assert conversation.unread_count == 1


def test_an_answer_reads_everything_and_is_no_longer_pending(inbox):
    conversation = make_conversation(inbox)
    send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM)
    conversation.refresh_from_db()
    assert (conversation.unread_count, conversation.is_pending, conversation.last_message_text) == (0, False, "Sí")


def test_a_quote_finds_its_message_in_the_same_chat_only(inbox):
    known = tell(inbox, "known")
    stranger = tell(inbox, "stranger's", sender=phone("5493875550999"))
    quoting = tell(inbox, "a", reply_to="wamid.known")
    foreign = tell(inbox, "b", reply_to="wamid.stranger's")
    unknown = tell(inbox, "c", reply_to="wamid.nobody's")
    assert stranger is not None
    assert [
        message and (message.reply_to, message.reply_to_provider_id) for message in (quoting, foreign, unknown)
    ] == [
        (known, "wamid.known"),
        (None, "wamid.stranger's"),
        (None, "wamid.nobody's"),
    ]


def test_a_quote_reaches_back_over_closed_conversations(inbox):
    known = tell(inbox, "known")
    close(conversation=Conversation.objects.get(), actor=SYSTEM)
    quoting = tell(inbox, "a", reply_to="wamid.known")
    assert quoting is not None
    assert quoting.reply_to == known


def test_what_cannot_be_shown_yet_is_kept_with_its_words(inbox):
    message = receive(inbox, content=Unsupported(kind=ContentKind.IMAGE, caption="Mirá"))
    assert (message.kind, message.unsupported_kind, message.text) == ("unsupported", "image", "Mirá")


# Who it is ---------------------------------------------------------------------------------


def test_a_name_that_came_later_is_taken_and_one_we_wrote_stays(inbox):
    tell(inbox, "1", sender_name="")
    tell(inbox, "2", sender_name="Ana")
    assert Person.objects.get().name == "Ana"
    Person.objects.update(name="Ana Pérez (mamá de Leo)")
    tell(inbox, "3", sender_name="anita ✨")
    assert Person.objects.get().name == "Ana Pérez (mamá de Leo)"
    assert Identity.objects.get().display_name == "anita ✨"


def test_a_very_long_name_is_cut(inbox):
    tell(inbox, sender_name="A" * 500)
    assert (Person.objects.get().name, Identity.objects.get().display_name) == ("A" * 160, "A" * 160)


def test_the_same_digits_in_two_scopes_are_two_people_and_one_number_at_two_accounts_is_one(inbox):
    tell(inbox, "1", sender=phone("5493875550101"))
    tell(inbox, "2", sender=user("5493875550101"))
    tell(make_inbox(make_account()), "3", sender=phone("543875550101"))
    first, second, third = Identity.objects.order_by("pk")
    assert (first.person_id == second.person_id, first.person_id == third.person_id) == (False, True)
    assert third.alias_of is None


def test_addresses_named_together_are_one_person(inbox):
    tell(inbox, "1", sender=phone("5493875550101"), aliases=(user("AR.1"),))
    tell(inbox, "2", sender=user("AR.1"))  # the number is hidden by now
    assert (Person.objects.count(), Identity.objects.count()) == (1, 2)
    tell(inbox, "3", sender=phone("5493875550102"), aliases=(user("AR.1"),))  # and they have a new number
    assert (Person.objects.count(), Identity.objects.count()) == (1, 3)


@pytest.mark.parametrize(
    ("number", "stored"),
    [("5493875550101", "+5493875550101"), ("543875550101", "+543875550101"), ("12345", "+12345"), ("0", "+0")],
)
def test_the_phone_of_a_new_person_is_written_internationally(number, stored, inbox):
    tell(inbox, sender=phone(number))
    assert Person.objects.get().phone == stored


# At once -----------------------------------------------------------------------------------


@pytest.fixture
def together(transactional_db):
    with crowd(6) as gathered:
        yield gathered


@pytest.mark.django_db(transaction=True)
def test_first_messages_at_once_make_one_of_each_in_fifty_rounds(together):
    inbox = make_inbox()
    for round_number in range(50):
        sender = phone(f"54938755{round_number:05}")
        together.at_once(*(partial(tell, inbox, f"{round_number}.{number}", sender=sender) for number in range(3)))
    assert (Person.objects.count(), Conversation.objects.count(), Message.objects.count()) == (50, 50, 150)
    assert set(Conversation.objects.values_list("unread_count", flat=True)) == {3}


@pytest.mark.django_db(transaction=True)
def test_addresses_named_crosswise_at_once_neither_block_nor_split(together):
    inbox = make_inbox()
    for number in range(15):
        one, other = phone(f"54938755{number:05}"), user(f"AR.{number}")
        together.at_once(
            partial(tell, inbox, f"{number}a", sender=one, aliases=(other,)),
            partial(tell, inbox, f"{number}b", sender=other, aliases=(one,)),
            partial(tell, inbox, f"{number}c", sender=other),
        )
    assert Message.objects.count() == 45
    assert Identity.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_closing_and_reopening_meanwhile_loses_no_message(together):
    inbox = make_inbox()
    for number in range(15):
        sender = f"54938755{number:05}"
        conversation = receive(inbox, sender=sender).conversation
        together.at_once(
            partial(close, conversation=conversation, actor=SYSTEM),
            partial(tell, inbox, f"{number}a", sender=phone(sender), received_at=timezone.now()),
        )
        together.at_once(
            partial(reopen_if_possible, conversation),
            partial(tell, inbox, f"{number}b", sender=phone(sender), received_at=timezone.now()),
        )
        for message in Message.objects.filter(text__in=[f"{number}a", f"{number}b"]).select_related("conversation"):
            shown = message.conversation
            # whoever reads only open chats sees it, unless it was there before the chat was closed
            assert shown.closed_at is None or shown.closed_at >= message.created_at
    assert Message.objects.count() == 45


def reopen_if_possible(conversation):
    from django.core.exceptions import ValidationError

    try:
        return reopen(conversation=conversation, actor=SYSTEM)
    except ValidationError as error:
        return error.code


def test_a_message_of_a_known_person_costs_few_statements(inbox, django_assert_max_num_queries):
    tell(inbox, "1")
    with django_assert_max_num_queries(9):
        tell(inbox, "2")
