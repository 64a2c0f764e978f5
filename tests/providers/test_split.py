"""A long text becomes pieces that fit, by characters or by bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.capabilities import Capabilities, TextUnit


def channel(most: int, unit: TextUnit = TextUnit.BYTES) -> Capabilities:
    return Capabilities(
        receives=frozenset(),
        sends=frozenset(),
        statuses=frozenset(),
        text_max_length=most,
        text_unit=unit,
        splits_text=True,
        quotes_messages=False,
        window_hours=None,
        resolves_uncertain=False,
        has_handshake=False,
    )


@pytest.mark.parametrize(
    ("_case", "most", "text", "pieces"),
    [
        ("fits", 10, "0123456789", ["0123456789"]),
        ("one too many", 10, "0123456789a", ["0123456789", "a"]),
        ("at a blank", 10, "uno dos tres", ["uno dos", "tres"]),
        ("at the border", 7, "uno dos tres", ["uno dos", "tres"]),
        ("at a line", 12, "uno dos\ntres y cuatro", ["uno dos\ntres", "y cuatro"]),
        ("no early blank", 10, "a bcdefghijklm", ["a bcdefghi", "jklm"]),
        ("two bytes each", 5, "ñññññ", ["ññ", "ññ", "ñ"]),
        ("four bytes each", 7, "😀😀", ["😀", "😀"]),
        ("accent of its own", 4, "aaae\u0301", ["aaa", "e\u0301"]),
        ("joined family", 12, "abc👩\u200d👧x", ["abc", "👩\u200d👧x"]),
        ("skin", 8, "abc👋🏽", ["abc", "👋🏽"]),
        ("one huge character", 4, "👩\u200d👧", ["👩", "\u200d", "👧"]),
        ("blanks only", 4, "        ", ["        "]),
        ("empty", 4, "", [""]),
    ],
)
def test_text_is_cut(_case: str, most: int, text: str, pieces: list[str]) -> None:
    assert channel(most).split(text) == pieces


def test_characters_are_counted_where_the_channel_counts_them() -> None:
    assert channel(5, TextUnit.CHARACTERS).split("ñññññ y más") == ["ñññññ", "y más"]


@given(text=st.text(max_size=200), most=st.integers(4, 30), unit=st.sampled_from(TextUnit))
def test_nothing_is_lost_and_every_piece_fits(text: str, most: int, unit: TextUnit) -> None:
    pieces = channel(most, unit).split(text)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    if text.strip():
        assert all(piece.strip() and unit.length(piece) <= most for piece in pieces)
