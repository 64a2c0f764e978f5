"""What a channel can carry, as data. Composer, GraphQL, validation and the feature table all read this."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from providers.contents import (
    ContentKind,
    Menu,
    MenuRow,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
    kind_of,
)
from providers.errors import Rejected
from providers.types import DeliveryStatus, FailureReason

MEGABYTE = 1024 * 1024
_JOINER = "\u200d"


#: Why something cannot be carried, and whose matter that is.
FAULTS: Final[Mapping[str, FailureReason]] = {
    "unsupported_content": FailureReason.CONTENT,
    "text_too_long": FailureReason.CONTENT,
    "caption_too_long": FailureReason.CONTENT,
    "file_type": FailureReason.MEDIA,
    "file_too_large": FailureReason.MEDIA,
    "menu_shape": FailureReason.CONTENT,
    "menu_too_large": FailureReason.CONTENT,
    "menu_text_too_long": FailureReason.CONTENT,
}


class TextUnit(StrEnum):
    """What the length of a text is counted in."""

    CHARACTERS = "characters"
    BYTES = "bytes"  #: of its UTF-8 form

    def length(self, text: str) -> int:
        """Return how long a text is in this unit."""
        return len(text) if self is TextUnit.CHARACTERS else len(text.encode())


class MediaTransfer(StrEnum):
    """How a provider gets a file of ours."""

    NONE = "none"
    UPLOAD = "upload"  #: handed over before the message, which then names its id
    LINK = "link"  #: fetched by the provider from a signed link of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimit:
    """Which files of one kind a channel takes."""

    mime_types: tuple[str, ...]  #: without parameters; empty: any
    max_bytes: int
    caption_max_length: int = 0  #: 0: words beside the file leave as a message of their own

    def takes(self, mime_type: str) -> bool:
        """Return whether files of this type are taken; its parameters do not matter."""
        return not self.mime_types or mime_type.partition(";")[0].strip().lower() in self.mime_types


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLimit:
    """How large a menu may be; lengths in characters, the title of a section is as long as that of a row."""

    buttons: int
    button_title: int
    body: int
    list_body: int = 0  #: of a list, where it differs
    header: int = 0
    footer: int = 0
    rows: int = 0  #: of a list, all sections together; 0: no lists
    sections: int = 0
    list_label: int = 0
    row_title: int = 0
    row_description: int = 0
    choice_id: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. The feature table of the documentation is made from this."""

    receives: frozenset[ContentKind]  #: kinds that arrive as readable content
    sends: frozenset[ContentKind]  #: kinds that may be sent
    statuses: frozenset[DeliveryStatus]
    text_max_length: int
    text_unit: TextUnit = TextUnit.CHARACTERS
    splits_text: bool = False  #: a longer text leaves as several messages
    files: Mapping[ContentKind, FileLimit] = field(default_factory=dict)  #: of the kinds that may be sent
    media_transfer: MediaTransfer = MediaTransfer.NONE
    menus: MenuLimit | None = None
    quotes_messages: bool  #: a reply can point at the message it answers
    receives_reactions: bool = False
    sends_reactions: bool = False
    receives_edits: bool = False
    sends_edits: bool = False
    receives_deletions: bool = False
    sends_deletions: bool = False
    receives_echoes: bool = False  #: what we write elsewhere in our name arrives here too
    echoes_sends: bool = False  #: … and so does what we send from here, perhaps before the answer to it
    renames_sends: bool = False  #: … under another id than that answer gives
    has_groups: bool = False
    imports_history: bool = False
    sends_read_receipts: bool = False
    sends_typing: bool = False
    window_hours: int | None  #: free text only this long after the person's last message
    late_hours: int | None = None  #: a person, no machine, may still answer this long after it
    messages_per_second: int | None = None  #: of one inbox
    resolves_uncertain: bool  #: statuses return our own token, so a lost answer can be found
    is_idempotent: bool = False  #: a repeated send with the same key is one message
    has_handshake: bool  #: the webhook URL is confirmed by a GET

    def fault_of(self, content: Sendable) -> str:
        """Return why this channel cannot carry it, one of FAULTS; "" when it can."""
        match content:
            case Text(body=body) if ContentKind.TEXT in self.sends:
                return self._fault_of_text(body)
            case Rewriting(body=body) if self.sends_edits:
                return self._fault_of_text(body)
            case OutboundFile(kind=kind) if kind in self.sends:
                limit = self.files.get(kind)
                return _fault_of_file(content, limit) if limit else ""
            case Menu() if self.menus and ContentKind.INTERACTIVE in self.sends:
                return _fault_of_menu(content, self.menus)
            case Reaction() if self.sends_reactions:
                return ""
            case Withdrawal() if self.sends_deletions:
                return ""
            case Text() | OutboundFile() | Menu() | Reaction() | Rewriting() | Withdrawal():
                return "unsupported_content"
        return "" if kind_of(content) in self.sends else "unsupported_content"

    def require(self, content: Sendable) -> None:
        """Return if this channel can carry it; raises Rejected with the fault as its code."""
        if fault := self.fault_of(content):
            raise Rejected(fault, reason=FAULTS[fault])

    def _fault_of_text(self, body: str) -> str:
        return "text_too_long" if self.text_unit.length(body) > self.text_max_length else ""

    def split(self, text: str) -> list[str]:
        """Return a text in pieces that each fit the channel, cut at blanks where there are any.

        No piece is empty and none ends inside a character a person sees as one. Only blanks are lost, at the cuts.
        """
        pieces = []
        rest = text
        while len(rest) > (end := self._fitting(rest)):
            end = _cut(rest, end)
            pieces.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
        pieces.append(rest)
        return [piece for piece in pieces if piece.strip()] or [text]

    def _fitting(self, text: str) -> int:
        """Return how many characters of the beginning fit."""
        start = text[: self.text_max_length]
        if self.text_unit is TextUnit.CHARACTERS:
            return len(start)
        return max(1, len(start.encode()[: self.text_max_length].decode(errors="ignore")))


def _fault_of_file(file: OutboundFile, limit: FileLimit) -> str:
    if not limit.takes(file.mime_type):
        return "file_type"
    if file.size > limit.max_bytes:
        return "file_too_large"
    return "caption_too_long" if len(file.caption) > limit.caption_max_length else ""


def _fault_of_menu(menu: Menu, limit: MenuLimit) -> str:
    rows = [row for section in menu.sections for row in section.rows]
    ids = [choice.id for choice in (*menu.buttons, *rows)]
    is_list = bool(menu.sections)
    if not menu.body or not ids or bool(menu.buttons) is is_list or len(set(ids)) < len(ids):
        return "menu_shape"
    if is_list and not (menu.list_label and all(section.rows for section in menu.sections)):
        return "menu_shape"
    if len(menu.sections) > 1 and not all(section.title for section in menu.sections):
        return "menu_shape"
    if len(menu.buttons) > limit.buttons or len(rows) > limit.rows or len(menu.sections) > limit.sections:
        return "menu_too_large"
    body = limit.list_body if is_list and limit.list_body else limit.body
    lengths = [
        *((len(menu.body), body), (len(menu.header), limit.header), (len(menu.footer), limit.footer)),
        (len(menu.list_label), limit.list_label),
        *((len(section.title), limit.row_title) for section in menu.sections),
        *((len(choice.id), limit.choice_id) for choice in (*menu.buttons, *rows)),
        *_lengths(menu.buttons, limit.button_title, 0),
        *_lengths(rows, limit.row_title, limit.row_description),
    ]
    return "menu_text_too_long" if any(length > most for length, most in lengths) else ""


def _lengths(choices: Sequence[MenuRow], title: int, description: int) -> Iterator[tuple[int, int]]:
    for choice in choices:
        yield len(choice.title) or title + 1, title  # a choice without words cannot be made
        yield len(choice.description), description


def _cut(text: str, most: int) -> int:
    """Return where to cut: after the last blank of the second half, else between two whole characters."""
    blank = max(text.rfind(mark, most // 2, most + 1) for mark in (" ", "\n"))
    if blank > 0:
        return blank
    end = most
    while end > 1 and _belongs_to_the_last(text, end):
        end -= 1
    return end if end > 1 else most


def _belongs_to_the_last(text: str, place: int) -> bool:
    """Tell whether the character at a place is only a part of what stands before it."""
    here = text[place]
    is_skin_tone = "\U0001f3fb" <= here <= "\U0001f3ff"
    return text[place - 1] == _JOINER or here == _JOINER or is_skin_tone or unicodedata.category(here).startswith("M")
