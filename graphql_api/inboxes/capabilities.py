"""What a channel can carry: the table that composer and validation read, as other applications see it."""

from typing import Self

import strawberry

from providers.capabilities import Capabilities, FileLimit, MediaTransfer, MenuLimit, TextUnit
from providers.contents import ContentKind
from providers.types import DeliveryStatus

strawberry.enum(TextUnit, description="What the length of a text is counted in. BYTES: of its UTF-8 form.")
strawberry.enum(
    MediaTransfer,
    description="How a file of ours gets to the provider: handed over before, or fetched from a link of ours.",
)
strawberry.enum(DeliveryStatus, description="What a provider tells of a message of ours.")


@strawberry.type(name="FileLimit", description="Which files of one kind a channel takes.")
class FileLimitType:
    kind: ContentKind
    mime_types: list[str] = strawberry.field(description="Empty: any.")
    max_bytes: int
    caption_max_length: int = strawberry.field(description="0: the words leave as a message of their own.")

    @classmethod
    def of(cls, kind: ContentKind, limit: FileLimit) -> Self:
        return cls(
            kind=kind,
            mime_types=list(limit.mime_types),
            max_bytes=limit.max_bytes,
            caption_max_length=limit.caption_max_length,
        )


@strawberry.type(name="MenuLimit", description="How large a menu may be; lengths in characters, 0: none.")
class MenuLimitType:
    buttons: int
    button_title: int
    body: int
    list_body: int = strawberry.field(description="Of a list, where it differs.")
    header: int
    footer: int
    rows: int = strawberry.field(description="Of a list, all sections together.")
    sections: int
    list_label: int
    row_title: int
    row_description: int
    choice_id: int

    @classmethod
    def maybe(cls, limit: MenuLimit | None) -> Self | None:
        if limit is None:
            return None
        return cls(
            buttons=limit.buttons,
            button_title=limit.button_title,
            body=limit.body,
            list_body=limit.list_body,
            header=limit.header,
            footer=limit.footer,
            rows=limit.rows,
            sections=limit.sections,
            list_label=limit.list_label,
            row_title=limit.row_title,
            row_description=limit.row_description,
            choice_id=limit.choice_id,
        )


@strawberry.type(name="Capabilities", description="What a channel can carry.")
class CapabilitiesType:
    receives: list[ContentKind]
    sends: list[ContentKind]
    statuses: list[DeliveryStatus]
    text_max_length: int
    text_unit: TextUnit
    splits_text: bool = strawberry.field(description="A longer text leaves as several messages.")
    files: list[FileLimitType] = strawberry.field(description="Of the kinds of files that may be sent.")
    media_transfer: MediaTransfer
    menus: MenuLimitType | None = strawberry.field(description="null: this channel has none.")
    quotes_messages: bool = strawberry.field(description="A reply can point at the message it answers.")
    receives_reactions: bool
    sends_reactions: bool
    receives_edits: bool
    sends_edits: bool
    receives_deletions: bool
    sends_deletions: bool
    receives_echoes: bool = strawberry.field(description="What we write elsewhere in our name arrives too.")
    has_groups: bool
    imports_history: bool
    sends_read_receipts: bool
    sends_typing: bool
    window_hours: int | None = strawberry.field(
        description="How long after the person's last message any answer is taken; null: always."
    )
    late_hours: int | None = strawberry.field(description="How long a person, no machine, may still answer.")
    messages_per_second: int | None = strawberry.field(description="Of one inbox; null: nobody says.")

    @classmethod
    def of(cls, can: Capabilities) -> Self:
        return cls(
            receives=[kind for kind in ContentKind if kind in can.receives],
            sends=[kind for kind in ContentKind if kind in can.sends],
            statuses=[status for status in DeliveryStatus if status in can.statuses],
            text_max_length=can.text_max_length,
            text_unit=can.text_unit,
            splits_text=can.splits_text,
            files=[FileLimitType.of(kind, can.files[kind]) for kind in ContentKind if kind in can.files],
            media_transfer=can.media_transfer,
            menus=MenuLimitType.maybe(can.menus),
            quotes_messages=can.quotes_messages,
            receives_reactions=can.receives_reactions,
            sends_reactions=can.sends_reactions,
            receives_edits=can.receives_edits,
            sends_edits=can.sends_edits,
            receives_deletions=can.receives_deletions,
            sends_deletions=can.sends_deletions,
            receives_echoes=can.receives_echoes,
            has_groups=can.has_groups,
            imports_history=can.imports_history,
            sends_read_receipts=can.sends_read_receipts,
            sends_typing=can.sends_typing,
            window_hours=can.window_hours,
            late_hours=can.late_hours,
            messages_per_second=can.messages_per_second,
        )
