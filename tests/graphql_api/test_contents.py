"""Every kind of message, what became of it, and what a channel can carry, as other applications read them."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_django import DjangoAssertNumQueries

from apps.conversations.models import ACTS, Attachment, Kind, Message, MessageEdit, Reaction
from apps.core.actors import Role
from graphql_api.ids import to_id
from graphql_api.schema import schema
from providers.capabilities import Capabilities, FileLimit, MenuLimit
from providers.contents import ContentKind
from providers.registry import PROVIDERS
from tests.factories import make_user, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import CONTENTS, ME

type MakeApplication = Callable[..., Application]

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def nodes(application: Application, house: House, document: str = CONTENTS) -> list[dict[str, Any]]:
    data = application.ask(document, id=to_id("Conversation", house.ours.pk))
    return [edge["node"] for edge in data["conversation"]["messages"]["edges"]]


def hold(house: House, kind: str, text: str = "", **details: Any) -> Message:
    """Let a message of the person hold what its provider sent."""
    message = receive(house.ours.inbox, text or "x")
    Message.objects.filter(pk=message.pk).update(kind=kind, text=text, details=details)
    return message


def test_the_kinds_are_those_of_the_channels_and_no_act_of_ours():
    named = [value.name for value in schema.get_type_by_name("MessageKind").values]  # type: ignore[union-attr]

    assert named == [
        "TEXT", "IMAGE", "AUDIO", "VOICE", "VIDEO", "DOCUMENT", "STICKER", "LOCATION", "CONTACTS", "INTERACTIVE",
        "BUTTON", "ORDER", "TEMPLATE", "SYSTEM", "UNSUPPORTED",
    ]  # fmt: skip
    assert {kind.value for kind in Kind} - {kind.value for kind in ContentKind} == set(ACTS)


def test_a_message_says_what_it_is_and_what_became_of_it(house: House, application: MakeApplication):
    plain = Message.objects.get(conversation=house.ours)
    place = {"latitude": -24.7883, "longitude": -65.4106, "name": "Cabildo", "address": ""}
    located = hold(house, "location", "Cabildo", location=place)
    cards = [{"name": "Rosa", "phones": ["+54 387 555-0199", "0387 155550198"], "emails": [], "organization": ""}]
    shared = hold(house, "contacts", "Rosa", contacts=cards)
    Message.objects.filter(pk=plain.pk).update(text="Hola!!", edited_at=AT + timedelta(hours=1))
    MessageEdit.objects.create(message=plain, text="Hola!", at=AT + timedelta(hours=1))
    MessageEdit.objects.create(message=plain, text="Hola", at=AT)
    Message.objects.filter(pk=shared.pk).update(deleted_at=AT, is_imported=True, is_forwarded=True)
    Reaction.objects.create(message=plain, identity=house.ours.identity, emoji="👍", at=AT)
    Reaction.objects.create(message=plain, user=make_user(name="Carla"), emoji="🎉", at=AT + timedelta(hours=1))
    Reaction.objects.create(message=located, identity=house.ours.identity, emoji="", at=AT)  # it was taken back

    shown = nodes(application(), house)

    quiet = {"isEdited": False, "isDeleted": False, "isImported": False, "isForwarded": False}
    empty: dict[str, Any] = {"edits": [], "reactions": [], "location": None, "contacts": []}
    assert shown == [
        {
            **quiet, **empty, "id": to_id("Message", plain.pk), "kind": "TEXT", "text": "Hola!!", "isEdited": True,
            "edits": [
                {"text": "Hola", "at": "2026-11-20T12:00:00+00:00"},
                {"text": "Hola!", "at": "2026-11-20T13:00:00+00:00"},
            ],
            "reactions": [
                {"emoji": "👍", "from": "5493875550101"},
                {"emoji": "🎉", "from": house.ours.inbox.address},
            ],
        },
        {
            **quiet, **empty, "id": to_id("Message", located.pk), "kind": "LOCATION", "text": "Cabildo",
            "location": {"latitude": -24.7883, "longitude": -65.4106, "name": "Cabildo", "address": None},
        },
        {
            **quiet, **empty, "id": to_id("Message", shared.pk), "kind": "CONTACTS", "text": "Rosa",
            "isDeleted": True, "isImported": True, "isForwarded": True,
            "contacts": [{"name": "Rosa", "phones": ["+54 387 555-0199", "0387 155550198"]}],
        },
    ]  # fmt: skip


def test_what_is_chosen_from_is_shown_with_what_was_chosen(house: House, application: MakeApplication):
    menu = {
        "header": "Cursos", "footer": "", "list_label": "Ver", "buttons": [],
        "sections": [{"title": "Noche", "rows": [{"id": "n1", "title": "Inglés", "description": "desde marzo"}]}],
    }  # fmt: skip
    hold(house, "interactive", "¿Cuál?", menu=menu)
    hold(house, "interactive", "Inglés", choice={"payload": "n1", "answers": {"nivel": "2"}})
    items = [{"product": "libro-1", "quantity": "2", "price": "15000.50", "currency": "ARS"}]
    hold(house, "order", "2 libros", order={"items": items}, referral={"source": "ad", "source_id": "77"})
    document = """query ($id: ID!) { conversation(id: $id) { messages { edges { node { menu { header footer listLabel
      buttons { id } sections { title rows { id title description } } } choice { payload answers { name value } }
      order { items { product quantity price currency } } referral { source sourceId headline } } } } } }"""

    _, asked, chosen, ordered = nodes(application(), house, document)

    rows = [{"id": "n1", "title": "Inglés", "description": "desde marzo"}]
    assert asked["menu"] == {
        "header": "Cursos", "footer": None, "listLabel": "Ver", "buttons": [],
        "sections": [{"title": "Noche", "rows": rows}],
    }  # fmt: skip
    assert asked["choice"] is None
    assert chosen["choice"] == {"payload": "n1", "answers": [{"name": "nivel", "value": "2"}]}
    assert ordered["order"] == {"items": items}
    assert ordered["referral"] == {"source": "ad", "sourceId": "77", "headline": None}


def test_a_file_says_how_far_it_is(house: House, application: MakeApplication):
    said = Message.objects.get(conversation=house.ours)
    ready = {"file": "a.ogg", "duration_ms": 3200, "waveform": [0, 40, 100], "size": 9, "mime_type": "audio/ogg"}
    Attachment.objects.create(message=said, kind="voice", state="ready", **ready)
    Attachment.objects.create(message=said, kind="image", state="gone")
    document = """query ($id: ID!) { conversation(id: $id) { messages { edges { node {
      attachments { kind state url durationMs waveform width } } } } } }"""

    ((voice, image),) = [node["attachments"] for node in nodes(application(), house, document)]

    assert voice.pop("url").startswith("/media/")
    assert voice == {
        "kind": "voice", "state": "READY", "durationMs": 3200, "waveform": [0, 40, 100], "width": None,
    }  # fmt: skip
    assert (image["state"], image["url"]) == ("GONE", None)


def test_one_message_is_read_as_an_event_names_it(house: House, application: MakeApplication):
    said = Message.objects.get(conversation=house.ours)
    act = Message.objects.create(
        conversation=house.ours, inbox=house.ours.inbox, direction="out", sender="operator", kind="reaction",
        acts_on=said,
    )  # fmt: skip
    hidden = Message.objects.get(conversation=house.theirs)
    document = "query ($id: ID!) { message(id: $id) { text conversationId reactions { emoji } } }"
    reader = application()

    assert reader.ask(document, id=to_id("Message", said.pk))["message"] == {
        "text": "Hola",
        "conversationId": to_id("Conversation", house.ours.pk),
        "reactions": [],
    }
    for pk in (act.pk, hidden.pk, 10**9):
        assert reader.ask(document, id=to_id("Message", pk)) == {"message": None}


def test_contents_cost_a_query_for_each_level(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries
):
    for number in range(20):
        message = receive(house.ours.inbox, f"mensaje {number}")
        MessageEdit.objects.create(message=message, text="antes", at=AT)
        Reaction.objects.create(message=message, identity=house.ours.identity, emoji="👍", at=AT)
        Reaction.objects.create(message=message, emoji="👍", at=AT)
    reader = application()
    reader.ask(ME)

    with django_assert_num_queries(7):  # token, branches, conversation, messages, edits, reactions, their inbox
        assert len(nodes(reader, house)) == 21


CAPABILITIES = """{ inboxes { capabilities { receives sends statuses textMaxLength textUnit splitsText
  files { kind mimeTypes maxBytes captionMaxLength } mediaTransfer menus { buttons buttonTitle body rows }
  quotesMessages sendsReactions receivesReactions sendsEdits receivesEdits sendsDeletions receivesDeletions
  windowHours lateHours messagesPerSecond } } }"""


def test_an_inbox_says_what_its_channel_can_carry(house: House, application: MakeApplication):
    can = PROVIDERS["whatsapp"].capabilities

    (inbox,) = application().ask(CAPABILITIES)["inboxes"]

    shown = inbox["capabilities"]
    assert {ContentKind[name] for name in shown["receives"]} == can.receives
    assert {ContentKind[name] for name in shown["sends"]} == can.sends
    assert (shown["textMaxLength"], shown["textUnit"]) == (can.text_max_length, can.text_unit.name)
    assert {limit["kind"]: limit["maxBytes"] for limit in shown["files"]} == {
        kind.name: limit.max_bytes for kind, limit in can.files.items()
    }
    assert (shown["windowHours"], shown["quotesMessages"]) == (24, True)
    assert shown["mediaTransfer"] == can.media_transfer.name
    assert (shown["menus"] is None) == (can.menus is None)


def test_an_inbox_of_a_forgotten_provider_still_shows(house: House, application: MakeApplication):
    account = house.ours.inbox.account
    account.kind = "telex"
    account.save(update_fields=["kind"])

    (inbox,) = application(Role.VIEWER).ask("{ inboxes { provider capabilities { textMaxLength } } }")["inboxes"]

    assert inbox == {"provider": "telex", "capabilities": None}


def columns(name: str) -> set[str]:
    return {field.python_name for field in schema.get_type_by_name(name).fields}  # type: ignore[union-attr]


def test_every_capability_is_shown():
    of_our_own_work = {"resolves_uncertain", "is_idempotent", "has_handshake", "echoes_sends", "renames_sends"}
    assert columns("Capabilities") == {field.name for field in fields(Capabilities)} - of_our_own_work
    assert columns("FileLimit") == {"kind", *(field.name for field in fields(FileLimit))}
    assert columns("MenuLimit") == {field.name for field in fields(MenuLimit)}
