"""What a Maytapi message is made of, in our words. Pure."""

from typing import Final

from providers.contents import (
    Contacts,
    Content,
    ContentKind,
    Files,
    Location,
    RemoteFile,
    SystemNotice,
    Text,
    Unsupported,
)
from providers.maytapi import wire
from providers.vcards import read_cards
from providers.wire import word_of

_FILES: Final = {
    "image": ContentKind.IMAGE,
    "video": ContentKind.VIDEO,
    "gif": ContentKind.VIDEO,
    "ptv": ContentKind.VIDEO,
    "document": ContentKind.DOCUMENT,
    "sticker": ContentKind.STICKER,
    "audio": ContentKind.AUDIO,
    "voice": ContentKind.VOICE,
    "ptt": ContentKind.VOICE,
}
_NOTICES: Final = {
    f"group/{word}": f"group_{word}" for word in ("add", "demote", "invite", "leave", "promote", "remove")
}
_CARDS: Final = frozenset({"vcard", "multi_vcard", "contact", "contacts"})


def content_of(message: wire.Message) -> Content:
    """Return what a message says. A type nobody knows is shown as such: somebody did write."""
    if message.type in _FILES:
        return _file(message)
    if message.type in _CARDS:
        return _cards(message)
    match message.type:
        case "text" if message.text:
            return Text(body=message.text)
        case "location":
            return _location(message)
        case "info":
            code = _NOTICES.get(message.subtype, "info")
            return SystemNotice(code=code, text=message.text if code != "info" else message.subtype or "info")
        case "poll":
            choices = [f"• {option.name}" for option in message.options if option.name]
            return Unsupported(kind="poll", caption="\n".join([message.text, *choices]).strip())
        case "product":
            return Unsupported(kind="product", caption="\n".join(filter(None, [message.title, message.url])))
        case _:
            return Unsupported(kind=word_of(message.type), caption=message.caption or message.text)


def _file(message: wire.Message) -> Content:
    caption = message.caption or message.text
    if not message.url:
        return Unsupported(kind=_FILES[message.type], caption=caption)
    file = RemoteFile(
        kind=_FILES[message.type], mime_type=message.mime[:200], name=message.filename[:200], url=message.url
    )
    return Files(files=(file,), caption=caption)


def _location(message: wire.Message) -> Content:
    """Return the place in "latitude,longitude", or that there was one."""
    latitude, _, longitude = message.payload.partition(",")
    name, address = message.name or message.text, message.address
    try:
        place = Location(latitude=float(latitude), longitude=float(longitude), name=name, address=address)
    except ValueError:
        return Unsupported(kind="location", caption=name)
    is_on_earth = -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180  # and not NaN
    return place if is_on_earth else Unsupported(kind="location", caption=name)


def _cards(message: wire.Message) -> Content:
    texts = [card.vcard for card in message.vcard_list] or [message.vcard or message.payload]
    cards = [card for text in texts for card in read_cards(text)]
    if cards:
        return Contacts(cards=tuple(cards))
    names = [card.display_name for card in message.vcard_list] or [message.display_name or message.text]
    return Unsupported(kind="contacts", caption="\n".join(filter(None, names)))
