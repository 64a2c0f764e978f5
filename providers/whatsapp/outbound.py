"""Our message → the body of WhatsApp's send call, and its answer → our result. Pure."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from providers.capabilities import Capabilities
from providers.contents import (
    ContactCard,
    Contacts,
    ContentKind,
    Location,
    Menu,
    MenuRow,
    OutboundFile,
    Reaction,
    Text,
)
from providers.errors import Rejected, SendError, UncertainSend, UnreadablePayload
from providers.meta import read_object, send_error
from providers.types import Address, AddressScope, FailureReason, HttpAnswer, OutboundMessage, SendResult
from providers.whatsapp import codes, wire
from providers.whatsapp.reading import address

type Json = dict[str, Any]


def build(message: OutboundMessage, capabilities: Capabilities) -> Json:
    """Return the request body; raises Rejected if this channel cannot say this message."""
    capabilities.require(message.content)
    request: Json = {
        "messaging_product": "whatsapp",
        **_recipient(message),
        **_content(message),
    }
    if message.reply_to and not isinstance(message.content, Reaction):
        request["context"] = {"message_id": message.reply_to}
    if message.callback_data:
        request["biz_opaque_callback_data"] = message.callback_data
    return request


def read_receipt(message_id: str, *, is_typing: bool) -> Json:
    """Return the body that marks a message and all before it as read, and shows, if so, that we write."""
    body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    return body | ({"typing_indicator": {"type": "text"}} if is_typing else {})


def _recipient(message: OutboundMessage) -> dict[str, str]:
    if message.group_address:
        return {"recipient_type": "group", "to": message.group_address}
    recipient: Address = message.recipient
    match recipient.scope:
        case AddressScope.PHONE:
            # Without the plus sign Meta may put our own country's code before it.
            return {"recipient_type": "individual", "to": "+" + recipient.value.lstrip("+")}
        case AddressScope.BSUID:
            return {"recipient_type": "individual", "recipient": recipient.value}
        case _:
            raise Rejected("wrong_address", reason=FailureReason.RECIPIENT)


def _content(message: OutboundMessage) -> Json:
    match message.content:
        case Text(body=body):
            return {"type": "text", "text": {"body": body}}
        case OutboundFile() as file:
            return _file(file)
        case Location() as place:
            named = {"name": place.name, "address": place.address}
            return {
                "type": "location",
                "location": {"latitude": place.latitude, "longitude": place.longitude, **_filled(named)},
            }
        case Contacts(cards=cards):
            return {"type": "contacts", "contacts": [_card(card) for card in cards]}
        case Menu() as menu:
            return {"type": "interactive", "interactive": _menu(menu)}
        case Reaction(target=target, emoji=emoji):
            return {"type": "reaction", "reaction": {"message_id": target, "emoji": emoji}}
        case _:
            raise Rejected("unsupported_content", reason=FailureReason.CONTENT)


def _file(file: OutboundFile) -> Json:
    if not (file.media_id or file.url):
        raise Rejected("no_file", reason=FailureReason.MEDIA)
    kind = "audio" if file.kind is ContentKind.VOICE else str(file.kind)
    body: Json = {"id": file.media_id} if file.media_id else {"link": file.url}
    if file.kind is ContentKind.VOICE:
        body["voice"] = True
    if file.kind is ContentKind.DOCUMENT:
        body["filename"] = file.name  # without it people see a bare "Untitled"
    if file.caption:
        body["caption"] = file.caption
    return {"type": kind, kind: body}


def _card(card: ContactCard) -> Json:
    """Return a card; WhatsApp wants the whole name and a part of it."""
    body: Json = {
        "name": {"formatted_name": card.name, "first_name": card.name},
        "phones": [{"phone": phone, "type": "CELL", **_on_whatsapp(phone)} for phone in card.phones],
        "emails": [{"email": email, "type": "WORK"} for email in card.emails],
        "org": _filled({"company": card.organization}),
    }
    return {key: value for key, value in body.items() if value}


def _on_whatsapp(phone: str) -> dict[str, str]:
    """Return what makes WhatsApp offer a chat with a number written with its country's code."""
    digits = "".join(filter(str.isdecimal, phone)) if phone.isascii() else ""
    return {"wa_id": digits} if phone.strip().startswith("+") and digits else {}


def _menu(menu: Menu) -> Json:
    body: Json = {"type": "list" if menu.sections else "button", "body": {"text": menu.body}}
    if menu.header:
        body["header"] = {"type": "text", "text": menu.header}
    if menu.footer:
        body["footer"] = {"text": menu.footer}
    if not menu.sections:
        body["action"] = {
            "buttons": [{"type": "reply", "reply": {"id": row.id, "title": row.title}} for row in menu.buttons]
        }
        return body
    sections = [_filled({"title": section.title}) | {"rows": _rows(section.rows)} for section in menu.sections]
    body["action"] = {"button": menu.list_label, "sections": sections}
    return body


def _rows(rows: Iterable[MenuRow]) -> list[Json]:
    return [{"id": row.id, "title": row.title, **_filled({"description": row.description})} for row in rows]


def _filled(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields that say something: Meta refuses empty ones."""
    return {key: value for key, value in fields.items() if value}


# Answers -----------------------------------------------------------------------------------


def read_answer(answer: HttpAnswer) -> SendResult:
    """Return what the Cloud API made of a send; raises SendError.

    A 200 without an id, or one that cannot be read, may have been a send.
    """
    if answer.status != 200:
        raise send_error(answer, codes.RULES)
    try:
        taken = wire.SendAnswer.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload) as error:
        raise _no_id(answer) from error
    sent = taken.messages[0]
    if not sent.id:
        raise _no_id(answer)
    return SendResult(
        provider_message_id=sent.id,
        note=sent.message_status if sent.message_status != "accepted" else "",
        recipient=_known_by(taken.contacts),
    )


def _no_id(answer: HttpAnswer) -> SendError:
    return UncertainSend("no_message_id", "The answer names no message.", http_status=answer.status)


def _known_by(contacts: list[wire.SentContact]) -> Address | None:
    """Return the address Meta itself uses for the person; it may differ from the one we used."""
    if not contacts:
        return None
    value = contacts[0].wa_id.strip() or contacts[0].user_id.strip()
    return address(value) if value else None
