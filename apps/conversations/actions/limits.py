"""What a channel can carry, said in words where it cannot. All of it is read from its table of capabilities."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from apps.conversations.models import Attachment
from providers.capabilities import MEGABYTE, Capabilities, TextUnit
from providers.contents import Contacts, ContentKind, Location, Menu
from providers.meta import clean_text

CARDS = 20
_SOUNDS = ("audio/webm", "audio/ogg", "audio/mp4", "audio/mpeg", "audio/aac", "audio/wav", "video/webm", "video/mp4")
_PICTURES = ("image/jpeg", "image/png", "image/webp")
_CONVERTED: Mapping[ContentKind, Sequence[str]] = {
    ContentKind.VOICE: _SOUNDS,
    ContentKind.AUDIO: _SOUNDS,
    ContentKind.IMAGE: _PICTURES,
    ContentKind.STICKER: _PICTURES,
}
"""What is made ready as the channel takes it, whatever it was recorded as and however large."""
_RELATED: Mapping[ContentKind, Sequence[ContentKind]] = {
    ContentKind.VOICE: (ContentKind.AUDIO,),
    ContentKind.STICKER: (ContentKind.IMAGE,),
}


def refuse(code: str, words: Any, *, field: str = "", **params: Any) -> ValidationError:
    """Return the error for one field, or for all of the message."""
    error = ValidationError(words, code=code, params=params)
    return ValidationError({field: error}) if field else error


def require_words(text: str) -> str:
    """Return the text as it may be stored. Raises ValidationError code "empty" (field text)."""
    body = clean_text(text).strip()
    if not body:
        raise refuse("empty", _("Write something first."), field="text")
    return body


def require_length(length: int, limit: int, *, field: str = "text", unit: TextUnit = TextUnit.CHARACTERS) -> None:
    """Raise ValidationError code "too_long" if a text is longer than this channel takes."""
    if length <= limit:
        return
    if unit is TextUnit.BYTES:
        words = ngettext_lazy(
            "This channel takes at most %(limit)d byte.", "This channel takes at most %(limit)d bytes.", limit
        )
    else:
        words = ngettext_lazy(
            "This channel takes at most %(limit)d character.",
            "This channel takes at most %(limit)d characters.",
            limit,
        )
    raise refuse("too_long", words, field=field, limit=limit)


def text_parts(capabilities: Capabilities, text: str) -> list[str]:
    """Return the messages a text becomes: one, unless this channel splits it.

    Raises: ValidationError with code "empty" or "too_long" (field text).
    """
    body = require_words(text)
    if capabilities.splits_text:
        return capabilities.split(body)
    require_length(capabilities.text_unit.length(body), capabilities.text_max_length, unit=capabilities.text_unit)
    return [body]


def kind_of_file(capabilities: Capabilities, attachment: Attachment) -> ContentKind:
    """Return as what a file leaves here: as what it is, else as the next best, at last as a document.

    Raises: ValidationError (field attachment) with code "unsupported_kind", "unsupported_format", "too_large".
    """
    kind = ContentKind(attachment.kind)
    refused: list[ValidationError] = []
    for asked in dict.fromkeys((kind, *_RELATED.get(kind, ()), ContentKind.DOCUMENT)):
        limit = capabilities.files.get(asked) if asked in capabilities.sends else None
        if limit is None:
            continue
        if attachment.mime_type in _CONVERTED.get(asked, ()):
            return asked
        if not limit.takes(attachment.mime_type):
            words = _("This channel does not take files of this format.")
            refused.append(refuse("unsupported_format", words, field="attachment"))
        elif attachment.size > limit.max_bytes:
            words = _("This channel takes at most %(limit)d MB.")
            most = limit.max_bytes // MEGABYTE
            refused.append(refuse("too_large", words, field="attachment", limit=most))
        else:
            return asked
    if refused:
        raise refused[0]
    raise refuse("unsupported_kind", _("This channel does not take such files."), field="attachment")


def require_able(capabilities: Capabilities, content: Location | Contacts | Menu) -> None:
    """Raise ValidationError unless this channel can carry it, with code "unsupported_kind", "bad_location" (field
    location), "bad_contacts" (field contacts), "bad_menu" or "too_long" (field menu).
    """
    match capabilities.fault_of(content):
        case "":
            pass
        case "menu_text_too_long":
            raise refuse("too_long", _("A text of this menu is longer than this channel takes."), field="menu")
        case "menu_too_large":
            raise refuse("bad_menu", _("These are more choices than this channel takes."), field="menu")
        case "menu_shape":
            words = _("A menu has a text and either buttons or a list, each choice with words and an id of its own.")
            raise refuse("bad_menu", words, field="menu")
        case _:
            raise refuse("unsupported_kind", _("This channel cannot send this."))
    match content:
        case Location(latitude=latitude, longitude=longitude):
            if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
                raise refuse("bad_location", _("That is no place on earth."), field="location")
        case Contacts(cards=cards):
            if not 0 < len(cards) <= CARDS or not all(card.name.strip() for card in cards):
                words = _("Every card needs a name, and there must be 1 to 20.")
                raise refuse("bad_contacts", words, field="contacts")
        case Menu():
            pass
        case _:
            assert_never(content)
