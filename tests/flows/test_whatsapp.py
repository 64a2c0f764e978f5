"""A person writes by WhatsApp, an operator answers, the ticks come: every line of the house at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Dispatch, Message, PendingStatus, SendAttempt
from apps.core.actors import Role
from apps.inboxes.models import DeadLetter, Inbox, WebhookEvent
from apps.people.models import Identity, Person
from tests.factories import APP_SECRET, make_actor, make_inbox, receive
from tests.providers import graph_behaviour as graph_does
from tests.providers.graph_server import GraphServer
from tests.providers.meta_webhooks import (
    WebhookSender,
    change,
    delivery,
    encode,
    status,
    text_message,
)
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def inbox(transactional_db):
    return make_inbox()


@pytest.fixture
def meta(server, inbox):
    return WebhookSender(url=server + inbox.account.webhook_path, app_secret=APP_SECRET, phone_number_id=inbox.address)


@pytest.fixture
def graph(settings, meta):
    with GraphServer(webhook=meta, statuses=("sent", "delivered", "read")) as running:
        settings.META_GRAPH_URL = running.url
        yield running


def test_a_message_comes_in_is_answered_and_read(inbox, meta, graph, worker):
    # given a person who writes
    meta.send([meta.body(messages=[text_message("¿Hay lugar?", message_id="wamid.1")], names={"5493875550101": "Ana"})])
    incoming = eventually(lambda: Message.objects.filter(provider_message_id="wamid.1").first())
    conversation = Conversation.objects.get()
    assert (incoming.text, incoming.status, conversation.unread_count) == ("¿Hay lugar?", "received", 1)
    assert (conversation.person.name, conversation.person.phone) == ("Ana", "+5493875550101")

    # when an operator answers, quoting
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    answer = send_message(conversation=conversation, text="Sí", client_key="k1", actor=actor, reply_to=incoming)

    # then it leaves once, in WhatsApp's words, and every proof arrives
    eventually(lambda: Message.objects.get(pk=answer.pk).status == "read", what="read")
    [sent] = graph.received
    assert sent.body["to"] == "+5493875550101"
    assert sent.body["text"]["body"] == "Sí"
    assert sent.body["context"] == {"message_id": "wamid.1"}
    attempt = SendAttempt.objects.get()
    assert (sent.callback_data, attempt.outcome) == (str(attempt.token), "sent")
    answer.refresh_from_db()
    assert (answer.dispatch, answer.provider_message_id) == (Dispatch.ACCEPTED, sent.message_id)
    conversation.refresh_from_db()
    assert (conversation.last_message_text, conversation.last_message_status) == ("Sí", "read")
    assert (conversation.unread_count, PendingStatus.objects.count()) == (0, 0)


def test_the_same_message_eight_times_at_once_is_one(inbox, meta, run_jobs):
    meta.send([meta.body(messages=[text_message("Hola", message_id="wamid.1")])], copies=8, parallel=8)
    _run_in_parallel(4)
    run_jobs()
    assert Message.objects.get().text == "Hola"
    assert Conversation.objects.get().unread_count == 1
    assert WebhookEvent.objects.filter(state="processed").count() == 8


def test_ten_first_messages_at_once_make_one_person(inbox, meta):
    bodies = [meta.body(messages=[text_message(f"n{n}")], names={"5493875550101": "Ana"}) for n in range(10)]
    meta.send(bodies, parallel=10)
    _run_in_parallel(4)
    assert (Person.objects.count(), Identity.objects.count()) == (1, 1)
    assert Conversation.objects.get().unread_count == 10
    assert sorted(Message.objects.values_list("text", flat=True)) == sorted(f"n{n}" for n in range(10))


def test_a_batch_is_processed_whole_around_a_broken_item(inbox, meta, run_jobs):
    other = make_inbox(account=inbox.account, branch=inbox.branch)
    items = [
        [
            change(address, messages=[text_message(f"{entry}.{n}.{address}") for n in range(20)])
            for address in (inbox.address, other.address, inbox.address)
        ]
        for entry in range(3)
    ]
    items[0][0]["value"]["messages"][6] = {"id": "wamid.broken", "type": "text", "from": "1", "text": "no object"}
    meta.send([encode(delivery(*items))])
    run_jobs()
    assert Message.objects.count() == 179
    event = WebhookEvent.objects.get()
    assert (event.state, event.item_count, event.dead_count) == ("processed", 180, 1)
    assert DeadLetter.objects.get().path == "entry[0].changes[0].messages[6]"


def test_replaying_changes_nothing(inbox, meta, run_jobs):
    from apps.core.actors import SYSTEM
    from apps.inboxes.actions.journal import replay_events

    meta.send([meta.body(messages=[text_message("Hola")])])
    run_jobs()
    before = list(Message.objects.values()), list(Conversation.objects.values())
    replay_events(events=list(WebhookEvent.objects.values_list("uid", flat=True)), actor=SYSTEM)
    run_jobs()
    assert (list(Message.objects.values()), list(Conversation.objects.values())) == before


@pytest.mark.parametrize(
    ("_case", "told"),
    [
        ("in order", ["sent", "delivered", "read"]),
        ("backwards", ["read", "delivered", "sent"]),
        ("failed after delivered", ["delivered", "failed", "read"]),
        ("failed first", ["failed", "read", "sent", "delivered", "delivered"]),
    ],
)
def test_statuses_never_go_back(_case, told, inbox, meta, run_jobs):
    message = _accepted(inbox)
    for value in told:
        meta.send([meta.body(statuses=[status("wamid.out", value, at=1_700_000_000)])])
        run_jobs()
    message.refresh_from_db()
    assert message.status == "read"
    assert Conversation.objects.get().last_message_status == "read"


def test_a_failure_says_why(inbox, meta, run_jobs):
    message = _accepted(inbox)
    meta.send([meta.body(statuses=[status("wamid.out", "failed", code=131047)])])
    run_jobs()
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", "131047")


def test_a_status_faster_than_our_own_answer_waits(inbox, meta, run_jobs):
    meta.send([meta.body(statuses=[status("wamid.out", "delivered")])])
    run_jobs()
    assert PendingStatus.objects.get().status == "delivered"
    message = _accepted(inbox)
    from apps.conversations.tasks import sweep

    sweep()
    message.refresh_from_db()
    assert (message.status, PendingStatus.objects.count()) == ("delivered", 0)


def test_an_uncertain_send_is_settled_by_its_token(inbox, meta, graph, run_jobs):
    graph.script(graph_does.reset())
    graph.statuses = ()
    message = _say(inbox)
    run_jobs()
    message.refresh_from_db()
    assert (message.status, SendAttempt.objects.get().outcome) == ("uncertain", "uncertain")
    token = graph.received[0].callback_data
    meta.send([meta.body(statuses=[status("wamid.late", "sent", callback_data=token)])])
    run_jobs()
    message.refresh_from_db()
    assert (message.status, message.dispatch, message.provider_message_id) == ("sent", "accepted", "wamid.late")
    assert len(graph.received) == 1


def test_two_workers_never_send_the_same_message(inbox, meta, graph):
    from apps.conversations.tasks import deliver_messages

    graph.statuses = ()
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    chats = [receive(inbox, sender=f"54938755502{n:02}").conversation for n in range(10)]
    for chat in chats:
        for n in range(6):
            send_message(conversation=chat, text=f"{n}", client_key=f"{chat.pk}-{n}", actor=actor)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _in_thread(deliver_messages), range(8)))
    assert len(graph.received) == 60
    for chat in chats:
        number = "+" + chat.identity.address
        assert [item.text for item in graph.received if item.body["to"] == number] == list("012345")
    assert set(Message.objects.filter(direction="out").values_list("dispatch", flat=True)) == {"accepted"}


def _say(inbox: Inbox) -> Message:
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    return send_message(conversation=receive(inbox).conversation, text="Sí", client_key="k", actor=actor)


def _accepted(inbox: Inbox) -> Message:
    message = _say(inbox)
    Message.objects.filter(pk=message.pk).update(dispatch=Dispatch.ACCEPTED, provider_message_id="wamid.out")
    from django_q.models import OrmQ

    OrmQ.objects.all().delete()
    return message


def _in_thread(task):
    try:
        return task()
    finally:
        connection.close()


def _run_in_parallel(workers: int) -> None:
    from apps.conversations.tasks import process_events

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: _in_thread(process_events), range(workers)))
