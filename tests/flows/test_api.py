"""What a person does on a phone reaches an application that follows, and what the application does reaches Meta."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.conversations.models import Conversation, Message
from apps.core.actors import Role
from apps.inboxes.models import Inbox
from graphql_api.ids import to_id
from tests.factories import APP_SECRET, make_inbox, make_token, make_user
from tests.graphql_api.clients import Application, Socket, opened
from tests.graphql_api.documents import EVENTS, REACT
from tests.providers.graph_server import GraphServer
from tests.providers.meta_webhooks import WebhookSender, new_wamid, text_message
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = "5493875550101"
SHOWN = "query ($id: ID!) { message(id: $id) { text isEdited isDeleted edits { text } reactions { emoji from } } }"


@pytest.fixture
def inbox(transactional_db: None) -> Inbox:
    return make_inbox()


@pytest.fixture
def meta(server: str, inbox: Inbox) -> WebhookSender:
    return WebhookSender(url=server + inbox.account.webhook_path, app_secret=APP_SECRET, phone_number_id=inbox.address)


@pytest.fixture
def graph(settings: Settings, meta: WebhookSender) -> Iterator[GraphServer]:
    with GraphServer(webhook=meta) as running:
        settings.META_GRAPH_URL = running.url
        yield running


@pytest.fixture
def token(inbox: Inbox) -> str:
    return make_token(make_user(Role.OPERATOR, (inbox.branch,)))


def item(kind: str, **content: Any) -> dict[str, Any]:
    """Return something a person does to a message, as Meta posts it."""
    return {"from": PERSON, "id": new_wamid(), "timestamp": str(int(time.time())), "type": kind, kind: content}


def say(meta: WebhookSender, *items: dict[str, Any]) -> None:
    meta.send([meta.body(messages=[*items], names={PERSON: "Ana"})])


def wait_for_change(socket: Socket, message: str) -> None:
    """Read events until one says that this message changed."""
    while (event := socket.next_event())["kind"] != "MESSAGE_CHANGED" or event["messageId"] != message:
        pass


def test_reactions_corrections_and_deletions_are_followed(
    server: str, meta: WebhookSender, token: str, worker: None
) -> None:
    say(meta, text_message("¿Hay lgar?", message_id="wamid.1", sender=PERSON))
    said = eventually(lambda: Message.objects.filter(provider_message_id="wamid.1").first())
    message, reader = to_id("Message", said.pk), Application(token)
    with opened(server, token) as socket:
        socket.subscribe(EVENTS)

        say(meta, item("reaction", message_id="wamid.1", emoji="🙏"))
        wait_for_change(socket, message)
        assert reader.ask(SHOWN, id=message)["message"]["reactions"] == [{"emoji": "🙏", "from": PERSON}]

        new = {"type": "text", "text": {"body": "¿Hay lugar?"}}
        say(meta, item("edit", original_message_id="wamid.1", message=new))
        wait_for_change(socket, message)
        shown = reader.ask(SHOWN, id=message)["message"]
        assert (shown["text"], shown["isEdited"], shown["edits"]) == ("¿Hay lugar?", True, [{"text": "¿Hay lgar?"}])

        say(meta, item("revoke", original_message_id="wamid.1"))
        wait_for_change(socket, message)
        assert reader.ask(SHOWN, id=message)["message"]["isDeleted"] is True


def test_a_reaction_of_ours_shows_when_meta_took_it(
    meta: WebhookSender, graph: GraphServer, token: str, inbox: Inbox, worker: None
) -> None:
    say(meta, text_message("Gracias", message_id="wamid.1", sender=PERSON))
    chat = eventually(lambda: Conversation.objects.first())
    message, application = to_id("Message", Message.objects.get().pk), Application(token)

    def reactions() -> list[dict[str, str]]:
        shown: list[dict[str, str]] = application.ask(SHOWN, id=message)["message"]["reactions"]
        return shown

    application.ask(REACT, input={"messageId": message, "emoji": "❤️", "clientKey": "k"})
    assert eventually(reactions) == [{"emoji": "❤️", "from": inbox.address}]
    [sent] = graph.received
    assert sent.body["reaction"] == {"message_id": "wamid.1", "emoji": "❤️"}
    application.ask(REACT, input={"messageId": message, "emoji": "", "clientKey": "k2"})
    assert eventually(lambda: not reactions())
    assert [message.kind for message in Message.objects.filter(conversation=chat, acts_on=None)] == ["text"]
