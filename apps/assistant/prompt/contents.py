"""What a message carries, as words a model can read. Files, places and cards are described, never opened."""

from collections.abc import Callable, Iterable
from typing import Any

from apps.assistant.prompt.words import plain, quoted
from apps.conversations.models import Attachment, Direction, Kind, Message

NAME, QUOTE, ITEMS = 80, 160, 10
FILES: dict[str, str] = {
    Kind.IMAGE: "imagen",
    Kind.AUDIO: "audio",
    Kind.VOICE: "nota de voz",
    Kind.VIDEO: "video",
    Kind.DOCUMENT: "documento",
    Kind.STICKER: "sticker",
}
OTHERS: dict[str, str] = {
    Kind.LOCATION: "ubicación",
    Kind.CONTACTS: "tarjeta de contacto",
    Kind.INTERACTIVE: "menú",
    Kind.BUTTON: "botón",
    Kind.ORDER: "pedido",
    Kind.TEMPLATE: "mensaje con plantilla",
    Kind.UNSUPPORTED: "algo que acá no se puede ver",
}
type Hide = Callable[[str], str]


def said(message: Message, files: Iterable[Attachment], hide: Hide) -> str:
    """Return a message as a model reads it: what it answers, what it carries, its words as they stand now."""
    carried = [_file(file, hide) for file in files] or _carried(message, hide)
    marks = [
        "[reenviado]" if message.is_forwarded else "",
        *_answered(message, hide),
        *_origin(message, hide),
        *carried,
    ]
    has_own_words = message.kind not in (Kind.LOCATION, Kind.CONTACTS)
    words = hide(plain(message.text)).strip() if has_own_words else ""
    return "\n".join(filter(None, [" ".join(filter(None, marks)), words]))


def _answered(message: Message, hide: Hide) -> list[str]:
    """Return what a message answers, in short; only words of this very conversation that still stand."""
    quote = message.reply_to
    if quote is None or quote.conversation_id != message.conversation_id or quote.deleted_at is not None:
        return []
    kind = FILES.get(quote.kind) or OTHERS.get(quote.kind, "")
    words = " ".join(filter(None, [kind, quoted(hide(plain(quote.text)), QUOTE) if quote.text.strip() else ""]))
    whose = "nuestro" if quote.direction == Direction.OUT else "suyo"
    return [f"[responde a un mensaje {whose}: {words}]" if words else f"[responde a un mensaje {whose}]"]


def _origin(message: Message, hide: Hide) -> list[str]:
    headline = str(message.details.get("referral", {}).get("headline", ""))
    return [f"[llegó por el aviso {quoted(hide(plain(headline)), NAME)}]"] if headline.strip() else []


def _file(file: Attachment, hide: Hide) -> str:
    words = FILES.get(file.kind, "archivo")
    if file.duration_ms is not None:
        minutes, seconds = divmod(round(file.duration_ms / 1000), 60)
        words += f" de {minutes}:{seconds:02d}"
    if file.kind == Kind.DOCUMENT and file.name.strip():
        words += f" {quoted(hide(plain(file.name)), NAME)}"
    return f"[{words}]"


def _carried(message: Message, hide: Hide) -> list[str]:
    """Return what a message without files carries beside its words."""

    def data(text: Any) -> str:
        return quoted(hide(plain(str(text))), NAME)

    details: dict[str, Any] = message.details
    match message.kind:
        case Kind.LOCATION:
            place = details.get("location", {})
            parts = [data(place[part]) for part in ("name", "address") if place.get(part)]
            return [f"[ubicación: {', '.join(parts)}]" if parts else "[ubicación]"]
        case Kind.CONTACTS:
            return [_card(card, data) for card in details.get("contacts", ())[:ITEMS]]
        case Kind.ORDER:
            lines = [_item(item, data) for item in details.get("order", {}).get("items", ())[:ITEMS]]
            return [f"[pedido: {'; '.join(lines)}]"]
        case Kind.INTERACTIVE if "menu" in details:
            return [f"[menú con las opciones {', '.join(data(title) for title in _choices(details['menu']))}]"]
        case Kind.INTERACTIVE | Kind.BUTTON:
            answers = list(details.get("choice", {}).get("answers", {}).items())[:ITEMS]
            told = "; ".join(f"{data(name)}: {data(answer)}" for name, answer in answers)
            return [f"[formulario: {told}]" if told else "[eligió esta opción]"]
        case Kind.TEXT:
            return []
        case kind:
            return [f"[{FILES.get(kind) or OTHERS.get(kind, OTHERS[Kind.UNSUPPORTED])}]"]


def _card(card: dict[str, Any], data: Hide) -> str:
    ways = [*card.get("phones", ()), *card.get("emails", ())]
    parts = [card.get("name", ""), card.get("organization", ""), *ways[:ITEMS]]
    return f"[tarjeta de contacto: {', '.join(data(part) for part in parts if part)}]"


def _item(item: dict[str, Any], data: Hide) -> str:
    price = f" a {data(item['price'])} {data(item.get('currency', ''))}" if item.get("price") else ""
    return f"{data(item.get('quantity', '1'))} de {data(item.get('product', ''))}{price}"


def _choices(menu: dict[str, Any]) -> list[str]:
    sections = [row for section in menu.get("sections", ()) for row in section.get("rows", ())]
    return [str(row.get("title", "")) for row in [*menu.get("buttons", ()), *sections][:ITEMS]]
