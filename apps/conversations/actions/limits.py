"""What a channel can carry, said in words where it cannot. All of it is read from its table of capabilities."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from apps.conversations.models import Attachment
from providers.capabilities import MEGABYTE, Capabilities, MenuLimit, TextUnit
from providers.contents import Contacts, ContentKind, Location, Menu, MenuRow
from providers.meta import clean_text

CARDS = 20
CONVERTED = frozenset({ContentKind.AUDIO, ContentKind.VOICE})
"""Kinds that are made ready as the channel takes them, whatever they were recorded as."""


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
    unit = capabilities.text_unit
    require_length(unit.length(body), capabilities.text_max_length, unit=unit)
    return [body]


def kind_of_file(capabilities: Capabilities, attachment: Attachment) -> ContentKind:
    """Return as what a file leaves here: as what it is, else as a document.

    Raises: ValidationError (field attachment) with code "unsupported_kind", "unsupported_format", "too_large".
    """
    kind = ContentKind(attachment.kind)
    error: ValidationError | None = None
    for asked in dict.fromkeys((kind, *(_related(kind)), ContentKind.DOCUMENT)):
        limit = capabilities.files.get(asked)
        if limit is None or asked not in capabilities.sends:
            continue
        is_taken = not limit.mime_types or attachment.mime_type in limit.mime_types or asked in CONVERTED
        if not is_taken:
            error = error or refuse(
                "unsupported_format", _("This channel does not take files of this format."), field="attachment"
            )
        elif attachment.size > limit.max_bytes:
            words = _("This channel takes at most %(limit)d MB.")
            megabytes = limit.max_bytes // MEGABYTE
            error = error or refuse("too_large", words, field="attachment", limit=megabytes)
        else:
            return asked
    raise error or refuse("unsupported_kind", _("This channel does not take such files."), field="attachment")


def _related(kind: ContentKind) -> Sequence[ContentKind]:
    match kind:
        case ContentKind.VOICE:
            return (ContentKind.AUDIO,)
        case ContentKind.STICKER:
            return (ContentKind.IMAGE,)
        case _:
            return ()


def require_kind(capabilities: Capabilities, kind: ContentKind) -> None:
    """Raise ValidationError code "unsupported_kind" unless this channel sends such messages."""
    if kind not in capabilities.sends:
        raise refuse("unsupported_kind", _("This channel cannot send this."))


def require_location(location: Location) -> None:
    """Raise ValidationError code "bad_location" unless it is a place on earth."""
    if not (-90 <= location.latitude <= 90 and -180 <= location.longitude <= 180):
        raise refuse("bad_location", _("That is no place on earth."), field="location")


def require_contacts(contacts: Contacts) -> None:
    """Raise ValidationError code "bad_contacts" unless each card has a name, and there are not too many."""
    if not 0 < len(contacts.cards) <= CARDS or not all(card.name.strip() for card in contacts.cards):
        raise refuse("bad_contacts", _("Every card needs a name, and there must be 1 to 20."), field="contacts")


def require_menu(limit: MenuLimit | None, menu: Menu) -> None:
    """Raise ValidationError with code "unsupported_kind", "empty", "too_long" or "bad_menu" (field menu)."""
    if limit is None:
        raise refuse("unsupported_kind", _("This channel cannot send this."))
    rows = [row for section in menu.sections for row in section.rows]
    if bool(menu.buttons) == bool(rows):
        raise refuse("bad_menu", _("A menu has either buttons or a list."), field="menu")
    if not menu.body.strip() or (rows and not menu.list_label.strip()):
        raise refuse("empty", _("Write something first."), field="menu")
    too_many = len(menu.buttons) > limit.buttons or len(rows) > limit.rows or len(menu.sections) > limit.sections
    if too_many and (menu.buttons or limit.rows):
        raise refuse("bad_menu", _("These are more choices than this channel takes."), field="menu")
    if rows and not limit.rows:
        raise refuse("bad_menu", _("This channel has no lists."), field="menu")
    _require_choices(menu.buttons or rows)
    lengths = [
        (menu.body, limit.body),
        (menu.header, limit.header),
        (menu.footer, limit.footer),
        (menu.list_label, limit.list_label),
        *((button.title, limit.button_title) for button in menu.buttons),
        *((row.title, limit.row_title) for row in rows),
        *((row.description, limit.row_description) for row in rows),
        *((section.title, limit.row_title) for section in menu.sections),
    ]
    for text, most in lengths:
        require_length(len(text), most, field="menu")


def _require_choices(rows: Sequence[MenuRow]) -> None:
    """Each choice has an id of its own and words of its own: the person could not tell them apart otherwise."""
    ids, titles = {row.id for row in rows}, {row.title.strip() for row in rows}
    if "" in ids | titles or len(ids) < len(rows) or len(titles) < len(rows):
        raise refuse("bad_menu", _("Every choice needs words and an id of its own."), field="menu")
