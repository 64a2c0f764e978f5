"""The body of everything that can be sent."""

import asyncio
import json
from typing import Any

import pytest

from providers.contents import (
    ContactCard,
    Contacts,
    ContentKind,
    Location,
    Menu,
    MenuRow,
    MenuSection,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)
from providers.errors import Rejected
from providers.registry import reason_for
from providers.types import Address, AddressScope, FailureReason, OutboundMessage
from providers.whatsapp.limits import CAPABILITIES
from providers.whatsapp.outbound import build
from tests.providers.accounts import account
from tests.providers.clients import Answering

PHONE = Address(scope=AddressScope.PHONE, value="5493875550101")


def body(content: Sendable, **more: Any) -> dict[str, Any]:
    message = OutboundMessage(inbox_address="1060403000001", recipient=PHONE, content=content, **more)
    built = build(message, CAPABILITIES)
    json.dumps(built)
    return {key: value for key, value in built.items() if key not in {"messaging_product", "recipient_type", "to"}}


def file(kind: ContentKind, mime_type: str, *, caption: str = "", **where: str) -> OutboundFile:
    return OutboundFile(
        kind=kind, mime_type=mime_type, name="temario.pdf", size=1000, caption=caption, **(where or {"media_id": "88"})
    )


IMAGE = file(ContentKind.IMAGE, "image/jpeg", caption="El aula")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (Text(body="Hola"), {"type": "text", "text": {"body": "Hola"}}),
        (IMAGE, {"type": "image", "image": {"id": "88", "caption": "El aula"}}),
        (file(ContentKind.IMAGE, "image/png", url="https://a.example/1"),
         {"type": "image", "image": {"link": "https://a.example/1"}}),
        (file(ContentKind.VIDEO, "video/mp4"), {"type": "video", "video": {"id": "88"}}),
        (file(ContentKind.AUDIO, "audio/mpeg"), {"type": "audio", "audio": {"id": "88"}}),
        (file(ContentKind.VOICE, "audio/ogg; codecs=opus"), {"type": "audio", "audio": {"id": "88", "voice": True}}),
        (file(ContentKind.VOICE, "audio/ogg", url="https://a.example/voice.ogg"),
         {"type": "audio", "audio": {"link": "https://a.example/voice.ogg", "voice": True}}),
        (file(ContentKind.DOCUMENT, "application/pdf", caption="Acá va"),
         {"type": "document", "document": {"id": "88", "filename": "temario.pdf", "caption": "Acá va"}}),
        (file(ContentKind.STICKER, "image/webp"), {"type": "sticker", "sticker": {"id": "88"}}),
        (Location(latitude=-24.7892, longitude=-65.4103),
         {"type": "location", "location": {"latitude": -24.7892, "longitude": -65.4103}}),
        (Location(latitude=0, longitude=0, name="Isla", address="Mar"),
         {"type": "location", "location": {"latitude": 0, "longitude": 0, "name": "Isla", "address": "Mar"}}),
        (Contacts(cards=(ContactCard(name="Marta Quispe", phones=("+54 9 387 555-0199", "0387 422-1100"),
                                     emails=("marta@example.org",), organization="La Espiga"),)),
         {"type": "contacts", "contacts": [{
             "name": {"formatted_name": "Marta Quispe", "first_name": "Marta Quispe"},
             "phones": [{"phone": "+54 9 387 555-0199", "type": "CELL", "wa_id": "5493875550199"},
                        {"phone": "0387 422-1100", "type": "CELL"}],
             "emails": [{"email": "marta@example.org", "type": "WORK"}],
             "org": {"company": "La Espiga"}}]}),
        (Contacts(cards=(ContactCard(name="Nadie"),)),
         {"type": "contacts", "contacts": [{"name": {"formatted_name": "Nadie", "first_name": "Nadie"}}]}),
        (Reaction(target="wamid.1", emoji="👍"),
         {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}}),
        (Reaction(target="wamid.1", emoji=""),
         {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""}}),
        (Menu(body="¿Vas?", header="Clase", footer="Gracias",
              buttons=(MenuRow(id="y", title="Sí"), MenuRow(id="n", title="No"))),
         {"type": "interactive", "interactive": {
             "type": "button", "body": {"text": "¿Vas?"}, "header": {"type": "text", "text": "Clase"},
             "footer": {"text": "Gracias"},
             "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Sí"}},
                                    {"type": "reply", "reply": {"id": "n", "title": "No"}}]}}}),
        (Menu(body="¿Cuál?", list_label="Ver", sections=(
            MenuSection(title="Idiomas", rows=(MenuRow(id="1", title="Inglés", description="martes"),)),
            MenuSection(title="Otros", rows=(MenuRow(id="2", title="Cerámica"),)))),
         {"type": "interactive", "interactive": {
             "type": "list", "body": {"text": "¿Cuál?"},
             "action": {"button": "Ver", "sections": [
                 {"title": "Idiomas", "rows": [{"id": "1", "title": "Inglés", "description": "martes"}]},
                 {"title": "Otros", "rows": [{"id": "2", "title": "Cerámica"}]}]}}}),
    ],
)  # fmt: skip
def test_body(content: Sendable, expected: dict[str, Any]) -> None:
    assert body(content) == expected


def test_answer_quotes_whatever_it_is_but_a_reaction() -> None:
    for content in (Text(body="Sí"), IMAGE, Location(latitude=1, longitude=1)):
        assert body(content, reply_to="wamid.Q")["context"] == {"message_id": "wamid.Q"}
    assert "context" not in body(Reaction(target="wamid.1", emoji="👍"), reply_to="wamid.Q")


def test_our_token_travels_with_everything() -> None:
    for content in (IMAGE, Reaction(target="wamid.1", emoji="👍")):
        assert body(content, callback_data="attempt-1")["biz_opaque_callback_data"] == "attempt-1"


def test_group_is_written_to_by_its_id() -> None:
    group = Address(scope=AddressScope.GROUP, value="")
    message = OutboundMessage(inbox_address="1", recipient=group, group_address="HBgG", content=Text(body="Hola"))
    built = build(message, CAPABILITIES)
    assert (built["recipient_type"], built["to"]) == ("group", "HBgG")


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        (Rewriting(target="wamid.1", body="x"), "unsupported_content", FailureReason.CONTENT),
        (Withdrawal(target="wamid.1"), "unsupported_content", FailureReason.CONTENT),
        (Text(body="a" * 4097), "text_too_long", FailureReason.CONTENT),
        (file(ContentKind.IMAGE, "image/gif"), "file_type", FailureReason.MEDIA),
        (file(ContentKind.VOICE, "audio/webm;codecs=opus"), "file_type", FailureReason.MEDIA),
        (file(ContentKind.AUDIO, "audio/mpeg", caption="x"), "caption_too_long", FailureReason.CONTENT),
        (file(ContentKind.IMAGE, "image/png", caption="a" * 1025), "caption_too_long", FailureReason.CONTENT),
        (OutboundFile(kind=ContentKind.IMAGE, mime_type="image/png", name="a", size=5 * 1024 * 1024 + 1, media_id="1"),
         "file_too_large", FailureReason.MEDIA),
        (OutboundFile(kind=ContentKind.IMAGE, mime_type="image/png", name="a", size=5), "no_file", FailureReason.MEDIA),
        (Menu(body="¿?", buttons=tuple(MenuRow(id=str(n), title=str(n)) for n in range(4))),
         "menu_too_large", FailureReason.CONTENT),
        (Menu(body="¿?", buttons=(MenuRow(id="1", title="a" * 21),)), "menu_text_too_long", FailureReason.CONTENT),
    ],
)  # fmt: skip
def test_what_whatsapp_does_not_take_is_refused_here(content: Sendable, code: str, reason: FailureReason) -> None:
    with pytest.raises(Rejected) as caught:
        body(content)
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert reason_for("whatsapp", code) is reason


@pytest.mark.parametrize(
    ("is_typing", "expected"),
    [
        (False, {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}),
        (True, {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1",
                "typing_indicator": {"type": "text"}}),
    ],
)  # fmt: skip
def test_read_mark_and_typing(is_typing: bool, expected: dict[str, Any]) -> None:
    client = Answering(b'{"success": true}')
    marking = account("whatsapp").mark_read(
        client, inbox_address="1060403000001", recipient=PHONE, provider_message_id="wamid.1", is_typing=is_typing
    )
    asyncio.run(marking)
    [(url, sent)] = client.requests
    assert url == "https://graph.facebook.com/v25.0/1060403000001/messages"
    assert json.loads(sent) == expected
