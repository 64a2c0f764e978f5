"""Visiting cards as text, as telephones really write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.contents import ContactCard
from providers.vcards import read_cards, write_card


def test_card_is_read_back() -> None:
    card = ContactCard(
        name="Marta; hija, de\nAna \\",
        phones=("+54 9 387 555-0199", "0800-RAPIDO"),
        emails=("m@example.org",),
        organization="Sur, SA",
    )
    assert read_cards(write_card(card)) == [card]


@pytest.mark.parametrize(
    ("_case", "lines", "card"),
    [
        ("grouped", ["FN:Ana", "item1.TEL;waid=1:+1 2"], ContactCard(name="Ana", phones=("+1 2",))),
        ("folded", ["FN:Ana", " na", "TEL:1"], ContactCard(name="Anana"[:3] + "na", phones=("1",))),
        ("only N", ["N:Paz;Ana;;;", "TEL:1"], ContactCard(name="Ana Paz", phones=("1",))),
        ("quoted", ["FN;ENCODING=QUOTED-PRINTABLE:P=C3=A1z", "TEL:1"], ContactCard(name="Páz", phones=("1",))),
        ("lower case", ["fn:Ana", "tel;type=cell:1"], ContactCard(name="Ana", phones=("1",))),
        ("uri", ["FN:Ana", "TEL;VALUE=uri:tel:+54-9"], ContactCard(name="Ana", phones=("+54-9",))),
        ("same twice", ["FN:Ana", "TEL:1", "TEL:1"], ContactCard(name="Ana", phones=("1",))),
        ("only a number", ["TEL:1"], ContactCard(name="", phones=("1",))),
    ],
)
def test_line_is_read(_case: str, lines: list[str], card: ContactCard) -> None:
    assert read_cards("\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD"])) == [card]


def test_several_cards_stand_in_one_text() -> None:
    assert [card.name for card in read_cards("BEGIN:VCARD\nFN:A\nEND:VCARD\n" * 3)] == ["A", "A", "A"]


@given(text=st.text())
def test_anything_is_cards_or_nothing(text: str) -> None:
    assert all(card.name or card.phones for card in read_cards(text))


def test_flood_is_cut_short() -> None:
    assert len(read_cards("FN:A\nEND:VCARD\n" * 100_000)) == 100
