"""What the Cloud API takes, as data. Source: docs/reference/providers/whatsapp.md"""

from typing import Final

from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer, MenuLimit
from providers.contents import ContentKind
from providers.types import DeliveryStatus

CAPTION: Final = 1024

CAPABILITIES: Final = Capabilities(
    receives=frozenset(ContentKind) - {ContentKind.TEMPLATE},
    sends=frozenset(
        {
            ContentKind.TEXT,
            ContentKind.IMAGE,
            ContentKind.AUDIO,
            ContentKind.VOICE,
            ContentKind.VIDEO,
            ContentKind.DOCUMENT,
            ContentKind.STICKER,
            ContentKind.LOCATION,
            ContentKind.CONTACTS,
            ContentKind.INTERACTIVE,
        }
    ),
    statuses=frozenset(DeliveryStatus),
    text_max_length=4096,
    files={
        ContentKind.IMAGE: FileLimit(
            mime_types=("image/jpeg", "image/png"), max_bytes=5 * MEGABYTE, caption_max_length=CAPTION
        ),
        ContentKind.AUDIO: FileLimit(
            mime_types=("audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/ogg"), max_bytes=16 * MEGABYTE
        ),
        ContentKind.VOICE: FileLimit(mime_types=("audio/ogg",), max_bytes=16 * MEGABYTE),  # opus, one channel
        ContentKind.VIDEO: FileLimit(
            mime_types=("video/mp4", "video/3gpp"), max_bytes=16 * MEGABYTE, caption_max_length=CAPTION
        ),
        ContentKind.DOCUMENT: FileLimit(mime_types=(), max_bytes=100 * MEGABYTE, caption_max_length=CAPTION),
        ContentKind.STICKER: FileLimit(mime_types=("image/webp",), max_bytes=500 * 1024),  # still ones: 100 KB
    },
    media_transfer=MediaTransfer.UPLOAD,
    menus=MenuLimit(
        buttons=3,
        button_title=20,
        body=1024,
        list_body=4096,
        header=60,
        footer=60,
        rows=10,
        sections=10,
        list_label=20,
        row_title=24,
        row_description=72,
        choice_id=200,
    ),
    quotes_messages=True,
    receives_reactions=True,
    sends_reactions=True,
    receives_edits=True,
    receives_deletions=True,
    has_groups=True,
    sends_read_receipts=True,
    sends_typing=True,
    window_hours=24,
    messages_per_second=80,
    resolves_uncertain=True,
    has_handshake=True,
)
