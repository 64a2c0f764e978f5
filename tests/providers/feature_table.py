"""The tables of what each channel can carry, made from the capabilities.

python -m tests.providers.feature_table     writes them into docs/reference/providers/README.md
"""

from collections.abc import Callable
from pathlib import Path

from providers.base import Provider
from providers.capabilities import MEGABYTE, Capabilities, FileLimit, MediaTransfer, MenuLimit, TextUnit
from providers.contents import FILE_KINDS, ContentKind
from providers.registry import PROVIDERS
from providers.types import DeliveryStatus

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/providers/README.md"
INTRODUCTION = """# Providers

What each channel can carry. Made from `capabilities` in each adapter by `python -m tests.providers.feature_table`;
do not edit it by hand. The composer, GraphQL (`inbox { capabilities }`) and whatever refuses a message read the same
table.
"""
TRANSFERS = {
    MediaTransfer.NONE: "–",
    MediaTransfer.UPLOAD: "handed over before the message",
    MediaTransfer.LINK: "fetched from a signed link of ours",
}

type Cell = Callable[[Capabilities], str]


def _kinds(kinds: frozenset[ContentKind]) -> str:
    return ", ".join(kind for kind in ContentKind if kind in kinds) or "–"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _ways(comes: bool, leaves: bool) -> str:
    return " and ".join(word for word, is_so in (("in", comes), ("out", leaves)) if is_so) or "no"


def _text(can: Capabilities) -> str:
    unit = "bytes" if can.text_unit is TextUnit.BYTES else "characters"
    return f"{can.text_max_length} {unit}" + ("; a longer one leaves as several messages" if can.splits_text else "")


def _window(can: Capabilities) -> str:
    if can.window_hours is None:
        return "always"
    late = f"; by a person, no machine, for {can.late_hours // 24} days" if can.late_hours else ""
    return f"for {can.window_hours} hours{late}"


FEATURES: dict[str, Cell] = {
    "handshake by GET": lambda can: _yes(can.has_handshake),
    "receives": lambda can: _kinds(can.receives),
    "sends": lambda can: _kinds(can.sends),
    "longest text": _text,
    "replies quote": lambda can: _yes(can.quotes_messages),
    "reactions": lambda can: _ways(can.receives_reactions, can.sends_reactions),
    "edits": lambda can: _ways(can.receives_edits, can.sends_edits),
    "deletions": lambda can: _ways(can.receives_deletions, can.sends_deletions),
    "what we write elsewhere arrives": lambda can: _yes(can.receives_echoes),
    "groups": lambda can: _yes(can.has_groups),
    "old messages": lambda can: _yes(can.imports_history),
    "statuses": lambda can: ", ".join(status for status in DeliveryStatus if status in can.statuses) or "–",
    "the person sees that we read": lambda can: _yes(can.sends_read_receipts),
    "the person sees that we write": lambda can: _yes(can.sends_typing),
    "free answers": _window,
    "messages per second of one inbox": lambda can: str(can.messages_per_second or "–"),
    "files of ours": lambda can: TRANSFERS[can.media_transfer],
    "lost answers are found again": lambda can: _yes(can.resolves_uncertain),
    "a repeated send is one message": lambda can: _yes(can.is_idempotent),
}
FILES: dict[str, Cell] = {
    kind: lambda can, kind=kind: _file(can.files.get(kind))  # type: ignore[misc]
    for kind in ContentKind
    if kind in FILE_KINDS
}
MENUS: dict[str, Cell] = {
    "text": lambda can: _menu(can, lambda menu: _either(menu.body, menu.list_body)),
    "header": lambda can: _menu(can, lambda menu: str(menu.header or "–")),
    "footer": lambda can: _menu(can, lambda menu: str(menu.footer or "–")),
    "buttons": lambda can: _menu(can, lambda menu: f"{menu.buttons} of {menu.button_title}" if menu.buttons else "–"),
    "rows of a list": lambda can: _menu(can, _rows),
    "id of a choice": lambda can: _menu(can, lambda menu: str(menu.choice_id)),
}


def _file(limit: FileLimit | None) -> str:
    if limit is None:
        return "–"
    types = ", ".join(f"`{mime_type.partition('/')[2]}`" for mime_type in limit.mime_types) or "any format"
    caption = f"caption of {limit.caption_max_length}" if limit.caption_max_length else "no caption"
    return f"{_size(limit.max_bytes)}, {caption}: {types}"


def _size(size: int) -> str:
    return f"{size // MEGABYTE} MB" if size >= MEGABYTE else f"{size // 1024} KB"


def _menu(can: Capabilities, cell: Callable[[MenuLimit], str]) -> str:
    return cell(can.menus) if can.menus else "–"


def _either(text: int, list_text: int) -> str:
    return f"{text}, of a list {list_text}" if list_text else str(text)


def _rows(menu: MenuLimit) -> str:
    if not menu.rows:
        return "–"
    description = f", described in {menu.row_description}" if menu.row_description else ""
    return f"{menu.rows} of {menu.row_title}{description}, in {menu.sections} sections; opened by {menu.list_label}"


def page() -> str:
    """Return the whole page as it should be."""
    return "\n".join(
        [
            INTRODUCTION,
            *_table({"kind": _kind, "credentials": _credentials}, FEATURES),
            "\n## Files that may be sent\n",
            "Formats by the second half of their MIME type; captions in characters. A caption the channel does not",
            "know leaves as a message of its own.\n",
            *_table({}, FILES),
            "\n## Menus\n",
            "Lengths in characters.\n",
            *_table({}, MENUS),
            "",
        ]
    )


def _table(of_provider: dict[str, Callable[[type[Provider]], str]], of_channel: dict[str, Cell]) -> list[str]:
    providers = list(PROVIDERS.values())
    return [
        "| | " + " | ".join(f"[{provider.label}]({provider.kind}.md)" for provider in providers) + " |",
        "|---" * (len(providers) + 1) + "|",
        *(_line(name, [cell(provider) for provider in providers]) for name, cell in of_provider.items()),
        *(_line(name, [cell(provider.capabilities) for provider in providers]) for name, cell in of_channel.items()),
    ]


def _line(name: str, cells: list[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _kind(provider: type[Provider]) -> str:
    return f"`{provider.kind}`"


def _credentials(provider: type[Provider]) -> str:
    return ", ".join(f"`{line.name}`" for line in provider.credential_fields())


if __name__ == "__main__":
    PAGE.write_text(page())
