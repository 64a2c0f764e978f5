"""What a channel can carry, as data. Composer, GraphQL, validation and the feature table all read this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from providers.contents import ContentKind
from providers.types import DeliveryStatus

MEGABYTE = 1024 * 1024


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLimit:
    """How large a menu may be; lengths in characters."""

    buttons: int
    button_title: int
    body: int
    header: int = 0
    footer: int = 0
    rows: int = 0  #: of a list, all sections together; 0: no lists
    sections: int = 0
    list_label: int = 0
    row_title: int = 0
    row_description: int = 0


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
