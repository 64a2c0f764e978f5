"""The promised documents work as written, and cost a fixed number of queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import Role
from apps.people.models import PersonTag, Tag
from graphql_api.ids import to_id
from tests.factories import make_inbox, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import CHAT, INBOXES, LIST, ME, PERSON, SEND

type MakeApplication = Callable[..., Application]


def test_list_shows_the_newest_first(house: House, application: MakeApplication):
    earlier = timezone.now() - timedelta(hours=1)
    older = receive(house.ours.inbox, "Antes", sender="5493875550303", name="Caro", at=earlier).conversation
    message = Message.objects.get(conversation=house.ours)

    data = application().ask(LIST)["conversations"]

    assert data["totalCount"] == 2
    assert data["pageInfo"] == {"hasNextPage": False, "endCursor": data["edges"][1]["cursor"]}
    assert [edge["node"]["id"] for edge in data["edges"]] == [
        to_id("Conversation", house.ours.pk),
        to_id("Conversation", older.pk),
    ]
    node = data["edges"][0]["node"]
    window_ends_at = Conversation.objects.get(pk=house.ours.pk).window_ends_at
    assert window_ends_at is not None
    assert node == {
        "id": to_id("Conversation", house.ours.pk),
        "isPending": False,
        "unreadCount": 1,
        "windowEndsAt": window_ends_at.isoformat(),
        "lastMessage": {
            "id": to_id("Message", message.pk),
            "text": "Hola",
            "kind": "TEXT",
            "direction": "IN",
            "status": "RECEIVED",
        },
        "person": {"id": to_id("Person", house.ours.person_id), "name": "Ana"},
        "identity": {"scope": "PHONE", "address": "5493875550101"},
        "inbox": {
            "id": to_id("Inbox", house.ours.inbox_id),
            "name": house.ours.inbox.name,
            "provider": "whatsapp",
        },
    }


def test_chat_shows_messages_oldest_first(house: House, application: MakeApplication):
    first = Message.objects.get(conversation=house.ours)
    second = receive(house.ours.inbox, "¿Hay lugar?", reply_to=first.provider_message_id)
    Attachment.objects.create(
        message=second, kind="image", name="título.png", mime_type="image/png", size=3, file=ContentFile(b"png", "a")
    )

    data = application().ask(CHAT, id=to_id("Conversation", house.ours.pk))["conversation"]

    nodes = [edge["node"] for edge in data["messages"]["edges"]]
    assert [node["text"] for node in nodes] == ["Hola", "¿Hay lugar?"]
    (attachment,) = nodes[1].pop("attachments")
    assert attachment.pop("url").startswith(f"/media/{second.attachments.get().pk}/")
    assert attachment == {
        "id": to_id("Attachment", second.attachments.get().pk),
        "kind": "image",
        "mimeType": "image/png",
        "name": "título.png",
        "size": 3,
    }
    assert second.provider_time is not None
    assert nodes[1] == {
        "id": to_id("Message", second.pk),
        "direction": "IN",
        "kind": "TEXT",
        "text": "¿Hay lugar?",
        "status": "RECEIVED",
        "sender": "PERSON",
        "createdAt": second.created_at.isoformat(),
        "providerTime": second.provider_time.isoformat(),
        "providerMessageId": second.provider_message_id,
        "errorCode": None,
        "replyTo": {"id": to_id("Message", first.pk)},
    }


def test_send_queues_an_answer(house: House, application: MakeApplication):
    sender = application()

    sent = sender.ask(
        SEND, input={"conversationId": to_id("Conversation", house.ours.pk), "text": "¡Hola!", "clientKey": "k1"}
    )["sendMessage"]

    message = Message.objects.get(conversation=house.ours, direction="out")
    assert sent == {"__typename": "Message", "id": to_id("Message", message.pk), "status": "QUEUED"}
    assert (message.text, message.sender, message.client_key) == ("¡Hola!", "api", "k1")
    assert message.api_token is not None


def test_me_names_user_role_token_and_branches(house: House, application: MakeApplication):
    me = application(Role.VIEWER, "conversations:read", "messages:send").ask(ME)["me"]

    assert me["role"] == "VIEWER"
    assert me["scopes"] == ["conversations:read"]  # the token asks for more than the role has
    assert me["tokenName"] == "test"
    assert me["branches"] == [{"id": to_id("Branch", house.here.pk), "name": "Here", "slug": house.here.slug}]


def test_inboxes_are_those_of_the_branch(house: House, application: MakeApplication):
    inbox = house.ours.inbox

    assert application().ask(INBOXES)["inboxes"] == [
        {
            "id": to_id("Inbox", inbox.pk),
            "name": inbox.name,
            "provider": "whatsapp",
            "address": inbox.address,
            "isActive": True,
            "branch": {"slug": house.here.slug},
        }
    ]


def test_person_shows_addresses_and_tags(house: House, application: MakeApplication):
    tag = Tag.objects.create(name="Interesada", slug="interesada")
    PersonTag.objects.create(person=house.ours.person, tag=tag)

    person = application().ask(PERSON, id=to_id("Person", house.ours.person_id))["person"]

    assert person["tags"] == [{"name": "Interesada"}]
    assert person["identities"] == [{"scope": "PHONE", "address": "5493875550101"}]


def test_marks_change_the_conversation(house: House, application: MakeApplication):
    document = """mutation ($id: ID!, $pending: Boolean!) {
      markConversationRead(conversationId: $id) { ... on Conversation { unreadCount } }
      setConversationPending(conversationId: $id, isPending: $pending) { ... on Conversation { isPending } } }"""

    data = application().ask(document, id=to_id("Conversation", house.ours.pk), pending=True)

    assert data == {"markConversationRead": {"unreadCount": 0}, "setConversationPending": {"isPending": True}}


def _fill(house: House) -> None:
    """Many people with many messages, files and quotes, so that a query for each row would show."""
    for number in range(12):
        sender = f"54938755510{number:02}"
        first = receive(house.ours.inbox, "uno", sender=sender, name=f"P{number}")
        second = receive(house.ours.inbox, "dos", sender=sender, reply_to=first.provider_message_id)
        third = receive(house.ours.inbox, "tres", sender=sender, reply_to=second.provider_message_id)
        for message in (first, second, third):
            Attachment.objects.create(message=message, kind="document", mime_type="x/y", size=1, file="x")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMINISTRATOR])
def test_list_costs_four_queries(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries, role: Role
):
    _fill(house)
    reader = application(role)
    reader.ask(ME)  # the token notes its use once a minute

    with django_assert_num_queries(4 if role == Role.OPERATOR else 3):  # token (and branches), page, total
        assert len(reader.ask(LIST)["conversations"]["edges"]) > 10


def test_chat_costs_five_queries(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries
):
    for number in range(30):
        message = receive(house.ours.inbox, f"mensaje {number}")
        Attachment.objects.create(message=message, kind="document", mime_type="x/y", size=1, file="x")
    reader = application()
    reader.ask(ME)

    with django_assert_num_queries(5):  # token, branches, conversation, messages, files
        data = reader.ask(CHAT, id=to_id("Conversation", house.ours.pk))
    assert len(data["conversation"]["messages"]["edges"]) == 31


def test_deep_lists_cost_a_query_for_each_level_and_not_for_each_row(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries
):
    _fill(house)
    receive(make_inbox(branch=house.here), "otra casilla")
    document = """{ conversations(first: 20) { edges { node { assignee { id } inbox { branch { name } }
      person { tags { name } identities { address } }
      lastMessage { author { name } attachments { url } replyTo { text replyTo { text attachments { url } } } }
      messages(last: 2) { pageInfo { hasPreviousPage } edges { node { text attachments { url } replyTo { id } } } }
    } } } }"""
    reader = application()
    reader.ask(ME)

    # token, branches, page, tags, addresses, files, quoted, quoted by those, their files,
    # last messages of each chat, those messages, their files, their quoted
    with django_assert_num_queries(13):
        edges = reader.ask(document)["conversations"]["edges"]
    cut = edges[1]["node"]["messages"]
    assert [edge["node"]["text"] for edge in cut["edges"]] == ["dos", "tres"]
    assert cut["pageInfo"] == {"hasPreviousPage": True}
