"""The body of a WhatsApp message → what it is made of. Pure."""

import json
from typing import Any

from providers.contents import (
    Choice,
    ContactCard,
    Contacts,
    Content,
    ContentKind,
    Files,
    Location,
    Order,
    OrderItem,
    RemoteFile,
    Text,
    Unsupported,
)
from providers.errors import UnreadablePayload
from providers.meta import clean_text, read_json
from providers.whatsapp import wire
from providers.whatsapp.reading import Skip
from providers.wire import word_of

_FILES = {
    "image": ContentKind.IMAGE,
    "audio": ContentKind.AUDIO,
    "video": ContentKind.VIDEO,
    "document": ContentKind.DOCUMENT,
    "sticker": ContentKind.STICKER,
}
_PLAIN_UNSUPPORTED = frozenset({"", "131051"})
MOST_ANSWERS = 100


def read(kind: str, item: dict[str, Any]) -> Content:
    """Return what a message of this type is made of; raises Skip for a type nobody knows, ValidationError."""
    body = item.get(kind)
    fields = body if isinstance(body, dict) else {}
    if kind in _FILES:
        return _file(_FILES[kind], wire.File.model_validate(fields))
    match kind:
        case "text":
            return Text(body=wire.TextMessage.model_validate(item).text.body)
        case "location":
            place = wire.Location.model_validate(fields)
            return Location(
                latitude=place.latitude, longitude=place.longitude, name=place.name.strip(), address=place.address
            )
        case "contacts":
            return _contacts(wire.Cards.model_validate(item).contacts)
        case "interactive":
            return _answer(wire.Interactive.model_validate(fields))
        case "button":
            button = wire.Button.model_validate(fields)
            return _choice(ContentKind.BUTTON, button.text, button.payload)
        case "order":
            return _order(wire.Order.model_validate(fields))
        case "unsupported" | "unknown":
            return _unsupported(wire.Unsupported.model_validate(item))
        case "media_placeholder":
            return Unsupported(kind=kind)
        case _:
            raise Skip(f"type:{word_of(kind)}")


def words_of(content: Content) -> str:
    """Return the text of what replaces a message: its words, or those beside its file."""
    match content:
        case Text(body=words) | Files(caption=words) | Unsupported(caption=words):
            return words
        case _:
            return ""


def _file(kind: ContentKind, file: wire.File) -> Content:
    if not file.id and not file.url:
        return Unsupported(kind=kind, caption=file.caption)  # too large for them, say: it never comes
    if kind is ContentKind.AUDIO and file.voice:
        kind = ContentKind.VOICE
    remote = RemoteFile(
        kind=kind,
        mime_type=file.mime_type[:200],
        name=file.filename.strip()[:255],
        media_id=file.id,
        url=file.url,
    )
    return Files(files=(remote,), caption=file.caption)


def _contacts(cards: list[wire.Card]) -> Content:
    found = tuple(
        ContactCard(
            name=card.name.formatted_name.strip() or f"{card.name.first_name} {card.name.last_name}".strip(),
            phones=tuple(
                dict.fromkeys(phone.phone or phone.wa_id for phone in card.phones if phone.phone or phone.wa_id)
            ),
            emails=tuple(dict.fromkeys(email.email for email in card.emails if email.email)),
            organization=card.org.company,
        )
        for card in cards
    )
    return Contacts(cards=found) if found else Unsupported(kind="contacts")


def _answer(reply: wire.Interactive) -> Content:
    for chosen in (reply.button_reply, reply.list_reply):
        if chosen.title or chosen.id:
            return _choice(ContentKind.INTERACTIVE, chosen.title, chosen.id)
    if reply.nfm_reply.response_json:
        return _form(reply.nfm_reply)
    return Unsupported(kind=f"interactive_{reply.type}" if word_of(reply.type) != "?" else "interactive")


def _choice(kind: ContentKind, title: str, payload: str) -> Content:
    """Return what somebody pressed; the words on it are what was said."""
    return Choice(kind=kind, text=title or payload, payload=payload) if title or payload else Unsupported(kind=kind)


def _form(reply: wire.FlowReply) -> Choice:
    """Return the answers of a flow: an object as a rule, anything at all at times."""
    try:
        given = read_json(reply.response_json.encode())
    except UnreadablePayload:
        given = reply.response_json
    if not isinstance(given, dict):
        given = {"response": given}
    token = given.pop("flow_token", "")
    answers = {clean_text(str(name))[:200]: _plain(value) for name, value in list(given.items())[:MOST_ANSWERS]}
    return Choice(
        kind=ContentKind.INTERACTIVE, text=reply.body or reply.name, payload=_plain(token)[:255], answers=answers
    )


def _plain(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
    return clean_text(text)


def _order(order: wire.Order) -> Content:
    items = tuple(
        OrderItem(
            product=item.product_retailer_id, quantity=item.quantity, price=item.item_price, currency=item.currency
        )
        for item in order.product_items
    )
    return Order(items=items, text=order.text) if items or order.text else Unsupported(kind=ContentKind.ORDER)


def _unsupported(item: wire.Unsupported) -> Unsupported:
    code = item.errors[0].code if item.errors else ""
    kind = word_of(item.unsupported.type)
    if kind == "?":
        kind = "unsupported" if code in _PLAIN_UNSUPPORTED else word_of(code)
    return Unsupported(kind=kind)
