"""Many messages of one delivery leave the same rows as one by one."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from apps.conversations.actions import process
from apps.conversations.models import Conversation, Message, PendingChange
from apps.conversations.tasks import process_events
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from apps.inboxes.actions.journal import add_event
from apps.inboxes.models import DeadLetter, WebhookEvent
from apps.people.models import Identity, Person
from tests.factories import make_account, make_inbox, receive
from tests.providers.meta_webhooks import change, contact, delivery, encode, text_message

pytestmark = pytest.mark.django_db

NOW = 1_700_000_000


@pytest.fixture
def inbox():
    return make_inbox()


def told(inbox, messages, names=()):
    value = change(inbox.address, messages=messages, contacts=[contact(*name) for name in names])
    add_event(account=inbox.account, body=encode(delivery([value])), headers={}, actor=SYSTEM)
    process_events()
    return WebhookEvent.objects.latest("pk")


def written(number, sender="5493875550101", text="", **more):
    return text_message(text or f"n{number}", sender=sender, message_id=f"wamid.{number}", at=NOW + number, **more)


def rows(event):
    """Return all that a delivery made, without keys."""
    messages = Message.objects.order_by("pk")
    columns = ["text", "kind", "provider_message_id", "provider_time", "reply_to_provider_id", "status", "direction"]
    chats = Conversation.objects.order_by("identity__address")
    facts = ["unread_count", "last_message_text", "last_message_kind", "last_message_status", "last_message_direction"]
    facts += ["last_message_sender", "last_message__provider_message_id", "person__name", "person__phone"]
    facts += ["identity__address", "identity__canonical", "identity__display_name", "window_ends_at"]

    return (
        list(messages.values_list("conversation__identity__address", *columns)),
        [(*row[:-1], row[-1] - event.received_at) for row in chats.values_list(*facts, "last_inbound_at")],
        LiveEvent.objects.filter(kind="message_added").count(),
    )


PEOPLE = ["5493875550101", "5493875550102", "5493875550103"]
BATCH = [
    written(1, PEOPLE[0]),
    written(2, PEOPLE[1], text="  dos \n líneas  "),
    written(3, PEOPLE[0]),
    written(4, PEOPLE[2], reply_to="wamid.1"),
    written(5, PEOPLE[2]),
    written(5, PEOPLE[2]),
    written(6, PEOPLE[1]),
]


def test_together_is_as_one_by_one(inbox, monkeypatch):
    names = [(PEOPLE[0], "Ana"), (PEOPLE[1], "Beto")]
    told(inbox, BATCH, names)
    together = rows(WebhookEvent.objects.get())
    other = make_inbox(make_account())
    for model in (LiveEvent, Conversation, Message):
        Conversation.objects.update(last_message=None)
        model.objects.all().delete()
    Identity.objects.all().delete()
    Person.objects.all().delete()
    monkeypatch.setattr(process, "is_plain", lambda item: False)
    one_by_one = rows(told(other, BATCH, names))
    assert [len(part) for part in together[:2]] == [6, 3]
    for mine, theirs in zip(together[1], one_by_one[1], strict=True):
        assert mine == theirs
    assert sorted(map(str, together[0])) == sorted(map(str, one_by_one[0]))
    assert together[2] == one_by_one[2]


def test_a_hundred_of_one_delivery_cost_few_statements(inbox, django_assert_max_num_queries):
    messages = [written(number, f"54938755{number % 40:05}") for number in range(100)]
    value = change(inbox.address, messages=messages)
    add_event(account=inbox.account, body=encode(delivery([value])), headers={}, actor=SYSTEM)
    with django_assert_max_num_queries(30):
        process_events()
    assert (Message.objects.count(), Conversation.objects.count(), Person.objects.count()) == (100, 40, 40)
    assert LiveEvent.objects.filter(kind="message_added").count() == 100
    assert set(Conversation.objects.values_list("unread_count", flat=True)) == {2, 3}
    texts = {chat.identity.address: chat.last_message_text for chat in Conversation.objects.select_related("identity")}
    assert texts["5493875500019"] == "n99"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_list_shows_the_latest_whatever_came_first(inbox, order):
    now = int(timezone.now().timestamp())
    messages = [text_message(f"n{n}", message_id=f"wamid.{n}", at=now - 1000 + 100 * n) for n in range(3)]
    receive(inbox, "earlier", at=timezone.now() - timedelta(days=1))
    told(inbox, [messages[n] for n in order])
    chat = Conversation.objects.get()
    assert (chat.last_message_text, chat.unread_count) == ("n2", 4)
    assert chat.last_message == Message.objects.get(text="n2")


def test_what_is_later_in_the_list_stays(inbox):
    later = receive(inbox, "later", at=timezone.now() + timedelta(hours=1))
    told(inbox, [written(1), written(2)])
    chat = Conversation.objects.get()
    assert (chat.last_message, chat.last_message_text, chat.unread_count) == (later, "later", 3)
    assert chat.last_message_at == later.occurred_at


def test_a_known_message_a_new_name_and_a_waiting_change_are_looked_at_one_by_one(inbox):
    told(inbox, [written(1), written(2, PEOPLE[1])], [(PEOPLE[0], "Ana"), (PEOPLE[1], "Beto")])
    PendingChange.objects.create(
        inbox=inbox, provider_message_id="wamid.4", what="deletion", at=timezone.now() - timedelta(days=1)
    )
    told(
        inbox,
        [written(1), written(3), written(4, PEOPLE[1]), written(5, PEOPLE[2])],
        [(PEOPLE[0], "Ana María"), (PEOPLE[1], "Beto"), (PEOPLE[2], "Carla")],
    )
    assert Message.objects.count() == 5
    assert set(Identity.objects.values_list("display_name", flat=True)) == {"Ana María", "Beto", "Carla"}
    assert Message.objects.get(provider_message_id="wamid.4").deleted_at is not None
    assert not PendingChange.objects.filter(provider_message_id="wamid.4").exists()


def test_a_number_known_at_another_account_is_the_same_person(inbox):
    elsewhere = receive(make_inbox(make_account()), "Hola", sender=PEOPLE[0])
    told(inbox, [written(1, PEOPLE[0]), written(2, PEOPLE[1])])
    assert Message.objects.get(text="n1").conversation.person == elsewhere.conversation.person
    assert Person.objects.count() == 2


def test_when_all_fails_together_each_is_tried_alone(inbox, monkeypatch, caplog):
    def refuse(**_):
        raise ValueError("together")

    monkeypatch.setattr(process, "receive_messages", refuse)
    event = told(inbox, BATCH)
    assert (event.state, Message.objects.count(), DeadLetter.objects.count()) == ("processed", 6, 0)
    assert "event.item_failed" in caplog.text
