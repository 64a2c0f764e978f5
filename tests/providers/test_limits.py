"""What a channel refuses to carry, told by its capabilities before anything is written."""

import dataclasses

import pytest

from providers.capabilities import Capabilities, FileLimit, MediaTransfer, MenuLimit, TextUnit
from providers.contents import (
    ContentKind,
    Location,
    Menu,
    MenuRow,
    MenuSection,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)

CHANNEL = Capabilities(
    receives=frozenset({ContentKind.TEXT}),
    sends=frozenset({ContentKind.TEXT, ContentKind.IMAGE, ContentKind.INTERACTIVE}),
    statuses=frozenset(),
    text_max_length=10,
    files={ContentKind.IMAGE: FileLimit(mime_types=("image/jpeg",), max_bytes=100, caption_max_length=5)},
    media_transfer=MediaTransfer.UPLOAD,
    menus=MenuLimit(
        buttons=2, button_title=4, body=10, list_body=20, rows=3, sections=2, list_label=4, row_title=4,
        row_description=3, choice_id=6,
    ),
    quotes_messages=True,
    window_hours=None,
    resolves_uncertain=False,
    has_handshake=False,
)  # fmt: skip
IMAGE = OutboundFile(kind=ContentKind.IMAGE, mime_type="image/jpeg", name="a.jpg", size=100, caption="12345")
YES, NO = MenuRow(id="yes", title="Sí"), MenuRow(id="no", title="No")
BUTTONS = Menu(body="¿Vas?", buttons=(YES, NO))
LIST = Menu(body="¿Vas?", list_label="Ver", sections=(MenuSection(title="", rows=(YES, NO)),))


def changed(menu: Menu, **changes: object) -> Menu:
    return dataclasses.replace(menu, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        Text(body="a" * 10),
        IMAGE,
        dataclasses.replace(IMAGE, mime_type="Image/JPEG; q=1"),
        BUTTONS,
        LIST,
        changed(LIST, body="a" * 20),
    ],
)
def test_what_fits_is_carried(content: Sendable) -> None:
    assert CHANNEL.fault_of(content) == ""


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (Text(body="a" * 11), "text_too_long"),
        (Location(latitude=1, longitude=1), "unsupported_content"),
        (Reaction(target="1", emoji="👍"), "unsupported_content"),
        (Rewriting(target="1", body="a"), "unsupported_content"),
        (Withdrawal(target="1"), "unsupported_content"),
        (dataclasses.replace(IMAGE, kind=ContentKind.VIDEO), "unsupported_content"),
        (dataclasses.replace(IMAGE, size=101), "file_too_large"),
        (dataclasses.replace(IMAGE, mime_type="image/png"), "file_type"),
        (dataclasses.replace(IMAGE, caption="123456"), "caption_too_long"),
        (changed(BUTTONS, buttons=()), "menu_shape"),
        (changed(BUTTONS, body=""), "menu_shape"),
        (changed(BUTTONS, buttons=(YES, YES)), "menu_shape"),
        (changed(BUTTONS, sections=LIST.sections), "menu_shape"),
        (changed(LIST, list_label=""), "menu_shape"),
        (changed(LIST, sections=(MenuSection(title="", rows=()),)), "menu_shape"),
        (changed(LIST, sections=(MenuSection(title="", rows=(YES,)), MenuSection(title="b", rows=(NO,)))),
         "menu_shape"),
        (changed(BUTTONS, buttons=(YES, NO, MenuRow(id="3", title="3"))), "menu_too_large"),
        (changed(LIST, sections=(MenuSection(title="", rows=tuple(MenuRow(id=i, title=i) for i in "abcd")),)),
         "menu_too_large"),
        (changed(BUTTONS, body="a" * 11), "menu_text_too_long"),
        (changed(BUTTONS, header="a"), "menu_text_too_long"),
        (changed(BUTTONS, footer="a"), "menu_text_too_long"),
        (changed(BUTTONS, buttons=(MenuRow(id="1", title="12345"),)), "menu_text_too_long"),
        (changed(BUTTONS, buttons=(MenuRow(id="1", title=""),)), "menu_text_too_long"),
        (changed(BUTTONS, buttons=(MenuRow(id="1234567", title="1"),)), "menu_text_too_long"),
        (changed(LIST, body="a" * 21), "menu_text_too_long"),
        (changed(LIST, list_label="12345"), "menu_text_too_long"),
        (changed(LIST, sections=(MenuSection(title="12345", rows=(YES,)),)), "menu_text_too_long"),
        (changed(LIST, sections=(MenuSection(title="", rows=(MenuRow(id="1", title="1", description="1234"),)),)),
         "menu_text_too_long"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(content: Sendable, fault: str) -> None:
    assert CHANNEL.fault_of(content) == fault


def test_bytes_are_counted_where_the_channel_counts_them() -> None:
    in_bytes = dataclasses.replace(CHANNEL, text_unit=TextUnit.BYTES)
    assert in_bytes.fault_of(Text(body="ñandú 12")) == ""
    assert in_bytes.fault_of(Text(body="ñandú 123")) == "text_too_long"


def test_acts_are_carried_where_they_are_declared() -> None:
    able = dataclasses.replace(CHANNEL, sends_reactions=True, sends_edits=True, sends_deletions=True)
    acts: list[Sendable] = [Reaction(target="1", emoji=""), Rewriting(target="1", body="a"), Withdrawal(target="1")]
    assert [able.fault_of(act) for act in acts] == ["", "", ""]
    assert able.fault_of(Rewriting(target="1", body="a" * 11)) == "text_too_long"
