"""The pages about providers say what the code says."""

from dataclasses import fields, replace
from typing import Any

import pytest

from providers.capabilities import Capabilities, FileLimit, MediaTransfer, MenuLimit, TextUnit
from providers.contents import ContentKind
from providers.whatsapp.codes import RULES
from tests.providers.feature_table import FEATURES, FILES, MENUS, PAGE, page


def test_feature_table_is_current():
    assert PAGE.read_text() == page(), "run: python -m tests.providers.feature_table"


POOR = Capabilities(
    receives=frozenset(), sends=frozenset(), statuses=frozenset(), text_max_length=1, quotes_messages=False,
    window_hours=None, resolves_uncertain=False, has_handshake=False,
    files={ContentKind.IMAGE: FileLimit(mime_types=(), max_bytes=1024)},
    menus=MenuLimit(buttons=1, button_title=1, body=1, rows=1),
)  # fmt: skip
RICHER: dict[str, Any] = {
    "receives": {ContentKind.TEXT}, "sends": {ContentKind.TEXT}, "statuses": {"read"}, "text_unit": TextUnit.BYTES,
    "media_transfer": MediaTransfer.LINK, "files": {}, "menus": None, "window_hours": 24, "late_hours": 168,
    "messages_per_second": 20, "text_max_length": 2, "mime_types": ("image/png",), "max_bytes": 2048,
}  # fmt: skip
OF_OUR_OWN_WORK = {"echoes_sends", "renames_sends"}


def cells(can: Capabilities) -> list[str]:
    return [cell(can) for rows in (FEATURES, FILES, MENUS) for cell in rows.values()]


@pytest.mark.parametrize("name", [field.name for field in fields(Capabilities) if field.name not in OF_OUR_OWN_WORK])
def test_every_capability_is_in_the_table(name: str):
    has_window = replace(POOR, window_hours=48) if name == "late_hours" else POOR
    assert cells(replace(has_window, **{name: RICHER.get(name, True)})) != cells(has_window)


@pytest.mark.parametrize("name", [field.name for field in fields(FileLimit)])
def test_every_limit_of_a_file_is_in_the_table(name: str):
    limit = replace(POOR.files[ContentKind.IMAGE], **{name: RICHER.get(name, 9)})
    assert cells(replace(POOR, files={ContentKind.IMAGE: limit})) != cells(POOR)


@pytest.mark.parametrize("name", [field.name for field in fields(MenuLimit)])
def test_every_limit_of_a_menu_is_in_the_table(name: str):
    assert POOR.menus is not None
    assert cells(replace(POOR, menus=replace(POOR.menus, **{name: 9}))) != cells(POOR)


def test_retried_codes_are_listed():
    text = (PAGE.parent / "whatsapp.md").read_text()
    missing = [code for code, rule in RULES.items() if rule.error.__name__ != "Rejected" and f"{code}" not in text]
    assert [code for code in missing if not (200 <= code < 300 or 133000 <= code <= 133015)] == []
