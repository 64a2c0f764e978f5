"""What is hidden from a model, and told again."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from apps.assistant.masks import found_in, mask, unmask

PERSONAL = {
    "teléfono": [
        "387 555-0101", "3875550101", "+54 9 387 555-0101", "(0387) 15-555-0101", "0387-4215555", "11 1234-5678",
        "+1 (212) 555-0199", "421-5555", "4555-1234", "3 8 7 5 5 5 0 1 0 1", "5493875550101", "0054 9 387 555 0101",
    ],
    "correo": ["ana@example.com", "ana.maria+cursos@correo.example.com.ar"],
    "documento": ["30.123.456", "30123456", "30 123 456"],
    "CUIT": ["20-30123456-3", "20301234563", "27 30123456 3"],
    "cuenta": ["2850590940090418135201", "28505909 40090418135201"],
    "alias": ["casa.perro.luna", "JUAN.PEREZ.MP"],
    "tarjeta": ["4509 9535 6623 3704", "4509953566233704", "3782 822463 10005"],
    "dato": ["[teléfono 1]", "[Correo 22]"],
}  # fmt: skip
IN_WORDS = {
    "tel 421555": "tel [teléfono 1]",
    "llamame al 4215555 por favor": "llamame al [teléfono 1] por favor",
    "mi cel es 155123456.": "mi cel es [teléfono 1].",
    "DNI 5.123.456": "DNI [documento 1]",
    "mi documento es el 5123456": "mi documento es el [documento 1]",
    "pasaporte AAB123456": "pasaporte [documento 1]",
    "alias: juanperez": "alias: [alias 1]",
    "mi alias es juan.mp, gracias": "mi alias es [alias 1], gracias",
    "https://wa.me/5493875550101": "https://wa.me/[teléfono 1]",
    "¿3875550101?¡ana@example.com!": "¿[teléfono 1]?¡[correo 1]!",
    "nací el 22/11/2010 3875550101": "nací el 22/11/2010 [teléfono 1]",
    "$38.500 387 555-0101": "$38.500 [teléfono 1]",
    "387 555-0101 387 555-0102": "[teléfono 1] [teléfono 2]",
    "3875550101 3875550102 3875550103": "[teléfono 1] [teléfono 2] [teléfono 3]",
    "ana@example.com 30.123.456 2850590940090418135201": "[correo 1] [documento 1] [cuenta 1]",
    "el 387 555-0101 o el 387 555-0102": "el [teléfono 1] o el [teléfono 2]",
}
HARMLESS = [
    "$38.500", "$ 38500", "38500", "ARS 38.500,00", "150000", "1.250.000", "1.250.000 pesos", "$ 15.000.000",
    "12.500.000", "15000000", "22/11/2026", "22-11-2026", "2026-11-22", "22.11.2026", "22 11 2026", "18:30 a 20:00",
    "18.30 a 20.00 hs", "de 18 a 20 hs", "10 años", "de 6 a 8 años", "ROB-2026-03", "RK-20260301", "ABC123",
    "6 7 8 9 10 11 12", "10 12 14 16 18", "2026-2027", "2025, 2026 y 2027", "3 cuotas de 38500", "hola.como",
    "www.quirquincho.com.ar", "quirquincho.example", "3.5", "20%", "sala 204", "ficha.pdf", "Balcarce 123, Salta",
    "lunes 22 de noviembre de 2026", "30 lucas", "¿cuál es el alias para transferir?", "😀 1️⃣", "4to año", "",
]  # fmt: skip


@pytest.mark.parametrize("kind", PERSONAL)
def test_what_is_personal_gets_a_mask(kind):
    for words in PERSONAL[kind]:
        masks: dict[str, str] = {}
        assert mask(f"Es {words}", masks) == f"Es [{kind} 1]", words
        assert masks == {f"[{kind} 1]": words}


@pytest.mark.parametrize("text", IN_WORDS)
def test_it_is_found_among_words(text):
    masks: dict[str, str] = {}
    assert mask(text, masks) == IN_WORDS[text]
    assert unmask(IN_WORDS[text], masks) == text


def test_amounts_dates_ages_and_codes_are_nobodys():
    assert {text: found_in(text) for text in HARMLESS} == {text: [] for text in HARMLESS}


def test_the_same_number_has_one_mask_however_it_is_written():
    masks: dict[str, str] = {}
    said = ["387 555-0101", "+54 9 387 555 0101", "0387 15-555-0101", "ANA@example.com", "ana@example.com"]
    assert [mask(text, masks) for text in said] == ["[teléfono 1]"] * 3 + ["[correo 1]"] * 2
    assert masks == {"[teléfono 1]": "387 555-0101", "[correo 1]": "ANA@example.com"}


def test_what_the_house_says_is_not_hidden():
    ours = frozenset(found.key for found in found_in("Tel. 0387 421-5555, alias quirquincho.cursos.mp"))
    masks: dict[str, str] = {}
    text = "al +54 387 421 5555 o al 387 555-0101, alias QUIRQUINCHO.cursos.mp"
    assert mask(text, masks, ours=ours) == "al +54 387 421 5555 o al [teléfono 1], alias QUIRQUINCHO.cursos.mp"


def test_a_mask_comes_back_whatever_its_case_and_only_once():
    masks = {"[teléfono 1]": "[correo 1]", "[correo 1]": "ana@example.com"}
    assert unmask("[Teléfono 1], [TELÉFONO 1], [teléfono 2]", masks) == "[correo 1], [correo 1], [teléfono 2]"


_PIECES = [words for several in PERSONAL.values() for words in several] + [*HARMLESS, *IN_WORDS, "\n", "[", "]", "-"]


@given(
    some.lists(some.sampled_from(_PIECES) | some.text(max_size=8), max_size=8), some.sampled_from(["", " ", "\n", "."])
)
def test_every_text_comes_back(pieces, between):
    text = between.join(pieces)
    masks: dict[str, str] = {}
    hidden = mask(text, masks)
    if len(masks) == len(found_in(text)):  # else a number in two spellings comes back as the first
        assert unmask(hidden, masks) == text
    assert [found for found in found_in(hidden) if found.words in masks.values() and found.kind != "dato"] == []


@pytest.mark.parametrize(
    "piece", ["a", "1", "1.", "1 ", "a.", "@", "$1", "a@a.", "dni ", "alias ", " ", "11-", "[teléfono 1] "]
)
def test_a_long_text_takes_no_time(piece):
    text = piece * (20_000 // len(piece))
    began = time.perf_counter()
    mask(text, {})
    assert time.perf_counter() - began < 1
