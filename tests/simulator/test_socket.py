"""The phone's socket: what arrives is shown at once, and told."""

import json

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core import live
from apps.core.actors import SYSTEM, Role
from apps.simulator.actions.phones import invent_phone
from apps.simulator.actions.writing import write_message
from tests.factories import make_account, make_inbox, make_user
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(make_account("simulator"))


@pytest.fixture
def phone(inbox):
    return invent_phone(inbox=inbox, name="Ana", actor=SYSTEM)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def opened(server: str, client: Client | None, pk: int) -> ClientConnection:
    cookie = f"sessionid={client.cookies['sessionid'].value}" if client else "none=1"
    url = f"{server.replace('http', 'ws')}/ws/simulator/{pk}/?language=en"
    return connect(url, additional_headers={"Cookie": cookie}, origin=Origin(server))


def frame(socket: ClientConnection, containing: str) -> str:
    """Return the first drawing of the thread with these words in it."""
    while True:
        said = json.loads(socket.recv(timeout=10))
        html = str(said.get("html", ""))
        if containing in html:
            return html


def close_code(socket: ClientConnection) -> int:
    """Return why the server closed, whatever it says before."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def test_answer_lands_on_the_phone_and_is_read_when_somebody_looks(server, worker, inbox, phone):
    client = client_of(make_user(Role.OPERATOR, (inbox.branch,)))
    with opened(server, client, phone.pk) as socket:
        # given a person who wrote from the open phone
        write_message(phone=phone, text="¿Hay lugar?", quoted_id="", actor=SYSTEM)
        assert "#checks" in frame(socket, "#checks")

        # when an operator answers
        conversation = Conversation.objects.get()
        answer = send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM)

        # then it is on the phone, and delivered because the phone is open
        assert "Sí" in frame(socket, "Delivered")
        eventually(lambda: Message.objects.get(pk=answer.pk).status == "delivered", what="delivered")

        # and read once the person looks
        client.post(f"/simulator/{phone.pk}/seen/")
        eventually(lambda: Message.objects.get(pk=answer.pk).status == "read", what="read")
        frame(socket, "Read")
    assert phone.messages.count() == 2


def test_closed_phone_gets_messages_and_delivers_nothing(server, worker, inbox, phone):
    write_message(phone=phone, text="Hola", quoted_id="", actor=SYSTEM)
    conversation = eventually(lambda: Conversation.objects.first())
    answer = send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM)
    eventually(lambda: Message.objects.get(pk=answer.pk).sent_at, what="sent")
    assert Message.objects.get(pk=answer.pk).status == "sent"


def test_failure_by_hand_reaches_the_operator(server, worker, inbox, phone):
    client = client_of(make_user(Role.OPERATOR, (inbox.branch,)))
    client.post(f"/simulator/{phone.pk}/ticks/")
    write_message(phone=phone, text="Hola", quoted_id="", actor=SYSTEM)
    conversation = eventually(lambda: Conversation.objects.first())
    answer = send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM)
    arrived = eventually(lambda: phone.messages.filter(status="sent").first())
    client.post(f"/simulator/{phone.pk}/messages/{arrived.pk}/", {"status": "failed"})
    eventually(lambda: Message.objects.get(pk=answer.pk).status == "failed", what="failed")
    assert Message.objects.get(pk=answer.pk).error_code == "phone_off"


def test_socket_keeps_its_doors(server, inbox, phone):
    operator = client_of(make_user(Role.OPERATOR, (inbox.branch,)))
    foreigner = client_of(make_user(Role.OPERATOR, (make_inbox().branch,)))
    viewer = client_of(make_user(Role.VIEWER, (inbox.branch,)))
    for client, pk, code in [
        (None, phone.pk, 4401),
        (viewer, phone.pk, 4401),
        (foreigner, phone.pk, 4404),
        (operator, 999_999, 4404),
    ]:
        with opened(server, client, pk) as socket:
            assert close_code(socket) == code


def test_page_that_speaks_is_sent_away(server, inbox, phone):
    with opened(server, client_of(make_user(Role.OPERATOR, (inbox.branch,))), phone.pk) as socket:
        socket.send("hello")
        assert close_code(socket) == 1003


def test_session_that_ends_takes_the_phone_away(server, inbox, phone):
    client = client_of(make_user(Role.OPERATOR, (inbox.branch,)))
    with opened(server, client, phone.pk) as socket:
        socket.recv(timeout=10)
        client.logout()
        write_message(phone=phone, text="Hola", quoted_id="", actor=SYSTEM)
        live.publish(live.LiveKind.MESSAGE_ADDED, branch_id=inbox.branch_id, inbox_id=inbox.pk)
        assert close_code(socket) == 4401
