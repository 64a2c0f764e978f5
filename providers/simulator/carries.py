"""What the simulated phone can carry: everything, in sizes like those of the real ones."""

from typing import Final

from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer, MenuLimit
from providers.contents import ContentKind
from providers.types import DeliveryStatus

CAPTION: Final = 1024
CAPABILITIES: Final = Capabilities(
    receives=frozenset(ContentKind) - {ContentKind.TEMPLATE, ContentKind.UNSUPPORTED},
    sends=frozenset(ContentKind)
    - {ContentKind.BUTTON, ContentKind.ORDER, ContentKind.TEMPLATE, ContentKind.SYSTEM, ContentKind.UNSUPPORTED},
    statuses=frozenset(DeliveryStatus),
    text_max_length=4096,
    files={
        ContentKind.IMAGE: FileLimit(
            mime_types=("image/jpeg", "image/png", "image/webp", "image/gif"),
            max_bytes=5 * MEGABYTE,
            caption_max_length=CAPTION,
        ),
        ContentKind.AUDIO: FileLimit(
            mime_types=("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav"), max_bytes=16 * MEGABYTE
        ),
        ContentKind.VOICE: FileLimit(mime_types=("audio/ogg",), max_bytes=16 * MEGABYTE),
        ContentKind.VIDEO: FileLimit(
            mime_types=("video/mp4", "video/webm"), max_bytes=16 * MEGABYTE, caption_max_length=CAPTION
        ),
        ContentKind.DOCUMENT: FileLimit(mime_types=(), max_bytes=20 * MEGABYTE, caption_max_length=CAPTION),
        ContentKind.STICKER: FileLimit(mime_types=("image/webp",), max_bytes=MEGABYTE // 2),
    },
    media_transfer=MediaTransfer.UPLOAD,
    menus=MenuLimit(
        buttons=3,
        button_title=20,
        body=1024,
        header=60,
        footer=60,
        rows=10,
        sections=10,
        list_label=20,
        row_title=24,
        row_description=72,
    ),
    quotes_messages=True,
    receives_reactions=True,
    sends_reactions=True,
    receives_edits=True,
    sends_edits=True,
    receives_deletions=True,
    sends_deletions=True,
    window_hours=None,
    resolves_uncertain=True,
    has_handshake=False,
)
