"""What a message carries, in the columns of its row and back."""

from dataclasses import asdict
from typing import Any, assert_never

from apps.conversations.models import Kind, Message
from providers.contents import (
    Choice,
    ContactCard,
    Contacts,
    Content,
    Files,
    Location,
    Menu,
    MenuRow,
    MenuSection,
    Order,
    SystemNotice,
    Text,
    Unsupported,
)

UNSUPPORTED_LENGTH = Message._meta.get_field("unsupported_kind").max_length


def fill(message: Message, content: Content) -> None:
    """Write content into a row: kind, readable words, and what is more than words. Files have rows of their own."""
    message.details, message.unsupported_kind = {}, ""
    match content:
        case Text(body=body):
            message.kind, message.text = Kind.TEXT, body
        case Files(files=files, caption=caption):
            message.kind, message.text = Kind(files[0].kind) if files else Kind.UNSUPPORTED, caption
        case Location():
            message.kind, message.text = Kind.LOCATION, content.name or content.address
            message.details = {"location": asdict(content)}
        case Contacts(cards=cards):
            message.kind, message.text = Kind.CONTACTS, ", ".join(card.name for card in cards)
            message.details = {"contacts": [_card(card) for card in cards]}
        case Menu():
            message.kind, message.text = Kind.INTERACTIVE, content.body
            message.details = {"menu": _menu(content)}
        case Choice(kind=kind, text=text, payload=payload, answers=answers):
            message.kind, message.text = Kind(kind), text
            message.details = {"choice": {"payload": payload, "answers": dict(answers)}}
        case Order(items=items, text=text):
            message.kind, message.text = Kind.ORDER, text
            message.details = {"order": {"items": [asdict(item) for item in items]}}
        case SystemNotice(code=code, text=text):
            message.kind, message.text = Kind.SYSTEM, text
            message.details = {"notice": {"code": code}}
        case Unsupported(kind=kind, caption=caption):
            message.kind, message.text = Kind.UNSUPPORTED, caption
            message.unsupported_kind = kind[:UNSUPPORTED_LENGTH]
        case _:
            assert_never(content)


def location_of(message: Message) -> Location:
    """Return the place a message carries."""
    return Location(**message.details["location"])


def contacts_of(message: Message) -> Contacts:
    """Return the cards a message carries."""
    cards = message.details["contacts"]
    return Contacts(
        cards=tuple(
            ContactCard(
                name=card["name"],
                phones=tuple(card["phones"]),
                emails=tuple(card["emails"]),
                organization=card["organization"],
            )
            for card in cards
        )
    )


def menu_of(message: Message) -> Menu:
    """Return the menu a message carries."""
    menu = message.details["menu"]
    return Menu(
        body=message.text,
        header=menu["header"],
        footer=menu["footer"],
        buttons=tuple(MenuRow(**row) for row in menu["buttons"]),
        list_label=menu["list_label"],
        sections=tuple(
            MenuSection(title=section["title"], rows=tuple(MenuRow(**row) for row in section["rows"]))
            for section in menu["sections"]
        ),
    )


def _card(card: ContactCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "phones": list(card.phones),
        "emails": list(card.emails),
        "organization": card.organization,
    }


def _menu(menu: Menu) -> dict[str, Any]:
    """Return the menu without its body, in the shapes that JSON gives back: equal before and after it was stored."""
    return {
        "header": menu.header,
        "footer": menu.footer,
        "buttons": [asdict(row) for row in menu.buttons],
        "list_label": menu.list_label,
        "sections": [
            {"title": section.title, "rows": [asdict(row) for row in section.rows]} for section in menu.sections
        ],
    }
