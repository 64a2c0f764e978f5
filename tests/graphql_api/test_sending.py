"""Sending more than text, and acting on what is there, as other applications do it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.conversations.models import Conversation, Message
from apps.core.actors import Role, Scope
from graphql_api.ids import to_id
from tests.factories import make_account, make_inbox, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import REACT, SEND_ATTACHMENT
from tests.inboxes.toy import CREDENTIALS, toy

__all__ = ["toy"]

type MakeApplication = Callable[..., Application]

ANSWER = "__typename ... on Message { id kind status text } ... on OperationInfo { messages { kind field code } }"


@pytest.fixture
def chat(house: House, toy: None) -> Conversation:
    """A conversation on a channel that can do everything."""
    return receive(make_inbox(make_account("toy", credentials=CREDENTIALS), house.here), "Hola").conversation


def mutation(name: str, kind: str) -> str:
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {ANSWER} }} }}"


LOCATION = mutation("sendLocation", "SendLocationInput")
CONTACTS = mutation("sendContacts", "SendContactsInput")
MENU = mutation("sendMenu", "SendMenuInput")
EDIT = mutation("editMessage", "EditMessageInput")
WITHDRAW = mutation("withdrawMessage", "WithdrawMessageInput")


def send(application: Application, document: str, **given: Any) -> Any:
    (payload,) = application.ask(document, input=given).values()
    return payload


def codes(payload: Any) -> list[tuple[str, str | None, str | None]]:
    assert payload["__typename"] == "OperationInfo"
    return [(message["kind"], message["field"], message["code"]) for message in payload["messages"]]


def ours(chat: Conversation) -> Message:
    """Return a text of ours that the provider knows."""
    return Message.objects.create(
        conversation=chat, inbox=chat.inbox, direction="out", sender="operator", text="Hola, Ana",
        dispatch="accepted", provider_message_id="wamid.ours",
    )  # fmt: skip


def test_a_place_is_sent(chat: Conversation, application: MakeApplication):
    said = Message.objects.get(conversation=chat)
    given = {
        "conversationId": to_id("Conversation", chat.pk),
        "clientKey": "k",
        "latitude": -24.79,
        "longitude": -65.41,
    }

    sent = send(application(), LOCATION, **given, name="Cabildo", replyToId=to_id("Message", said.pk))

    message = Message.objects.get(conversation=chat, direction="out")
    assert sent == {
        "__typename": "Message", "id": to_id("Message", message.pk), "kind": "LOCATION", "status": "QUEUED",
        "text": message.text,
    }  # fmt: skip
    assert message.details["location"] == {"latitude": -24.79, "longitude": -65.41, "name": "Cabildo", "address": ""}
    assert (message.reply_to, message.sender) == (said, "api")
    assert codes(send(application(), LOCATION, **{**given, "latitude": 91.0})) == [
        ("VALIDATION", "location", "bad_location")
    ]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def upload(application: Application, content: bytes = PNG, name: str = "horarios.png") -> str:
    """Upload a file as an application does, and return its id."""
    answer = Client().post(
        "/media/",
        {"file": SimpleUploadedFile(name, content)},
        headers={"Authorization": f"Bearer {application.token}"},
    )
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_file_is_uploaded_and_sent(
    chat: Conversation, application: MakeApplication, settings: Settings, tmp_path: Path
):
    settings.MEDIA_ROOT = tmp_path
    sender = application()
    file = upload(sender)
    given = {"conversationId": to_id("Conversation", chat.pk), "attachmentId": file, "caption": "Los horarios"}

    sent = sender.ask(SEND_ATTACHMENT, input={**given, "clientKey": "k"})["sendAttachment"]
    again = sender.ask(SEND_ATTACHMENT, input={**given, "clientKey": "k"})["sendAttachment"]
    used = sender.ask(SEND_ATTACHMENT, input={**given, "clientKey": "other"})["sendAttachment"]

    message = Message.objects.get(conversation=chat, direction="out")
    assert sent == again == {
        "__typename": "Message", "id": to_id("Message", message.pk), "kind": "IMAGE", "text": "Los horarios",
        "status": "QUEUED",
        "attachments": [
            {"id": file, "kind": "image", "mimeType": "image/png", "name": "horarios.png", "size": len(PNG)}
        ],
    }  # fmt: skip
    assert codes(used) == [("VALIDATION", "attachment", "attachment_used")]


def test_a_file_of_another_application_is_missing(
    chat: Conversation, application: MakeApplication, settings: Settings, tmp_path: Path
):
    settings.MEDIA_ROOT = tmp_path
    theirs = upload(application())
    given = {"conversationId": to_id("Conversation", chat.pk), "clientKey": "k"}
    sender = application()

    answers = [
        codes(sender.ask(SEND_ATTACHMENT, input={**given, "attachmentId": file})["sendAttachment"])
        for file in (theirs, to_id("Attachment", 10**9), to_id("Message", 1))
    ]

    assert answers == [[("ERROR", None, "not_found")]] * 2 + [[("VALIDATION", "attachmentId", "invalid_id")]]
    too_long = {**given, "attachmentId": upload(sender), "caption": "x" * 21}
    assert codes(sender.ask(SEND_ATTACHMENT, input=too_long)["sendAttachment"]) == [("VALIDATION", "text", "too_long")]
    assert not Message.objects.filter(direction="out").exists()


def test_cards_are_sent(chat: Conversation, application: MakeApplication):
    given = {"conversationId": to_id("Conversation", chat.pk), "clientKey": "k"}
    sent = send(application(), CONTACTS, **given, contacts=[{"name": "Rosa", "phones": ["+54 387 555-0199"]}])

    (card,) = Message.objects.get(conversation=chat, direction="out").details["contacts"]
    assert sent["kind"] == "CONTACTS"
    assert (card["name"], list(card["phones"])) == ("Rosa", ["+54 387 555-0199"])
    assert codes(send(application(), CONTACTS, **given, contacts=[])) == [("VALIDATION", "contacts", "bad_contacts")]


def test_a_menu_is_sent(chat: Conversation, application: MakeApplication):
    given = {"conversationId": to_id("Conversation", chat.pk), "text": "¿Cuál?"}
    rows = [{"id": "n1", "title": "Inglés", "description": ""}]
    read = """query ($id: ID!) { message(id: $id) { text
      menu { listLabel buttons { id title } sections { title rows { id } } } } }"""

    buttons = send(application(), MENU, **given, clientKey="1", buttons=[{"id": "si", "title": "Sí"}])
    listed = send(
        application(), MENU, **given, clientKey="2", listLabel="Ver", sections=[{"title": "Noche", "rows": rows}]
    )
    neither = send(application(), MENU, **given, clientKey="3")

    assert application().ask(read, id=buttons["id"])["message"] == {
        "text": "¿Cuál?",
        "menu": {"listLabel": None, "buttons": [{"id": "si", "title": "Sí"}], "sections": []},
    }
    assert application().ask(read, id=listed["id"])["message"]["menu"] == {
        "listLabel": "Ver", "buttons": [], "sections": [{"title": "Noche", "rows": [{"id": "n1"}]}],
    }  # fmt: skip
    assert codes(neither) == [("VALIDATION", "menu", "bad_menu")]


def test_a_reaction_leaves_and_is_no_message(chat: Conversation, application: MakeApplication):
    said = Message.objects.get(conversation=chat)
    sender = application()

    for key in ("k", "k", None):
        given = {"messageId": to_id("Message", said.pk), "emoji": "👍", **({"clientKey": key} if key else {})}
        payload = sender.ask(REACT, input=given)["react"]
        assert payload == {"__typename": "Message", "id": to_id("Message", said.pk), "reactions": []}

    acts = list(Message.objects.filter(acts_on=said).order_by("pk").values_list("kind", "text", "dispatch"))
    assert acts == [("reaction", "👍", "queued")] * 2  # the same key twice is once
    document = "query ($id: ID!) { conversation(id: $id) { lastMessage { text } messages { edges { node { id } } } } }"
    shown = sender.ask(document, id=to_id("Conversation", chat.pk))["conversation"]
    assert shown == {
        "lastMessage": {"text": "Hola"},
        "messages": {"edges": [{"node": {"id": to_id("Message", said.pk)}}]},
    }
    bad = sender.ask(REACT, input={"messageId": to_id("Message", said.pk), "emoji": "bien"})["react"]
    assert codes(bad) == [("VALIDATION", "emoji", "bad_emoji")]


def test_a_text_of_ours_is_corrected_and_taken_back(chat: Conversation, application: MakeApplication):
    message, sender = ours(chat), application()
    theirs = Message.objects.get(conversation=chat, direction="in")
    given = {"messageId": to_id("Message", message.pk)}

    assert send(sender, EDIT, **given, text="Hola, Anahí", clientKey="1")["text"] == "Hola, Ana"  # not taken yet
    assert send(sender, WITHDRAW, **given, clientKey="2")["__typename"] == "Message"

    acts = Message.objects.filter(acts_on=message).order_by("pk").values_list("kind", "text")
    assert list(acts) == [("rewriting", "Hola, Anahí"), ("withdrawal", "")]
    not_ours = {"messageId": to_id("Message", theirs.pk), "clientKey": "3"}
    assert codes(send(sender, WITHDRAW, **not_ours)) == [("VALIDATION", None, "not_editable")]


def test_what_the_channel_cannot_do_is_refused(house: House, application: MakeApplication):
    said = Message.objects.get(conversation=house.ours)
    Message.objects.filter(pk=said.pk).update(direction="out", dispatch="accepted")
    given = {"messageId": to_id("Message", said.pk), "text": "x", "clientKey": "k"}
    assert codes(send(application(), EDIT, **given)) == [("VALIDATION", None, "unsupported_kind")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR])
def test_hidden_and_missing_are_the_same(house: House, application: MakeApplication, role: Role):
    writer = application(role)
    hidden = Message.objects.get(conversation=house.theirs)

    def tried(message: int, conversation: int) -> list[Any]:
        about = {"messageId": to_id("Message", message), "clientKey": "k"}
        to = {"conversationId": to_id("Conversation", conversation), "clientKey": "k"}
        return [
            codes(writer.ask(REACT, input={**about, "emoji": "👍"})["react"]),
            codes(send(writer, EDIT, **about, text="x")),
            codes(send(writer, WITHDRAW, **about)),
            codes(send(writer, LOCATION, **to, latitude=1.0, longitude=1.0)),
            codes(send(writer, CONTACTS, **to, contacts=[{"name": "x"}])),
            codes(send(writer, MENU, **to, text="x", buttons=[{"id": "a", "title": "b"}])),
        ]

    answers = tried(hidden.pk, house.theirs.pk)

    assert answers == tried(10**9, 10**9)
    told = ("PERMISSION", None, "permission_denied") if role == Role.VIEWER else ("ERROR", None, "not_found")
    assert answers == [[told]] * 6
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize("missing", [Scope.MESSAGES_SEND, Scope.CONVERSATIONS_READ])
def test_a_token_acts_only_with_both_scopes(chat: Conversation, application: MakeApplication, missing: Scope):
    said = Message.objects.get(conversation=chat)
    sender = application(Role.OPERATOR, *sorted({Scope.MESSAGES_SEND, Scope.CONVERSATIONS_READ} - {missing}))

    payload = sender.ask(REACT, input={"messageId": to_id("Message", said.pk), "emoji": "👍"})["react"]

    assert codes(payload) == [("PERMISSION", None, "permission_denied")]
    assert not Message.objects.filter(acts_on=said).exists()


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_database_can_hold_is_refused(chat: Conversation, application: MakeApplication, text: str):
    said = Message.objects.get(conversation=chat)
    to = {"conversationId": to_id("Conversation", chat.pk), "clientKey": "k"}
    sender = application()

    answers = [
        codes(sender.ask(REACT, input={"messageId": to_id("Message", said.pk), "emoji": text})["react"]),
        codes(send(sender, LOCATION, **to, latitude=1.0, longitude=1.0, name=text)),
        codes(send(sender, CONTACTS, **to, contacts=[{"name": "x", "phones": [text]}])),
        codes(send(sender, MENU, **to, text="x", buttons=[{"id": text, "title": "b"}])),
    ]

    fields = ["emoji", "name", "contacts", "menu"]
    assert answers == [[("VALIDATION", field, "invalid_text")] for field in fields]
