"""What an answer may not say by itself."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from apps.assistant.safety import names_word, warnings_in

KNOWLEDGE = """\
Sitio web: https://quirquincho.example | Correo: hola@quirquincho.example | Teléfono: 0387 421-5555
Transferencia al alias quirquincho.cursos.mp. CBU 2850590940090418135201. Somos instagram.com/quirquincho
y https://wa.me/5493874215555. Precio $ 38.500. Enseñamos ASP.NET."""
FOREIGN = {
    "link": [
        "mirá https://evil.example/x", "evil.com", "bit.ly/abc", "wa.me/5493870000000", "![x](https://evil.example/?d=1)",
        "[acá](//evil.com)", "[acá](/x)", "![](x)", "evil punto com", "evil (punto) com", "evil[.]com", "evil . com",
        "hxxp://evil.net", "http://1.2.3.4/a", "1.2.3.4", "https://quirquincho.example@evil.com", "www.evil.zzz",
        "quirquincho.example.evil.com", "https://quirquincho.example.ar", "javascript:alert(1)", "<img src=x>",
        "instagram.com/otro", "instagram.com", "https://instagram.com/quirquincho/../evil", "ｅｖｉｌ．ｃｏｍ",
        "instagram.com/quirquincho2", "ev\u200bil.com", "evil。com", "e v i l . c o m", "t.me/x", "data:text/html,x",
        "mailto:a@evil.com", "https:\\\\evil.com", "evil.com.Después", "xn--80ak6aa92e.xn--p1ai", "evilpuntocom",
        "**evil**.com", "EVIL.COM",
    ],
    "phone": [
        "llamá al 387 555-0199", "+1 212 555 0100", "387-555-01-99", "387 421-5556", "421-5556",
        "tres ocho siete cinco cinco cinco cero uno nueve nueve", "３８７５５５０１９９", "*387*5550199",
        "0800-555-1234",
        "3️⃣8️⃣7️⃣5️⃣5️⃣5️⃣0️⃣1️⃣9️⃣9️⃣", "38.75.55.01.99", "DNI 30.123.456", "[teléfono 3]", "11 421-5555",
    ],
    "email": ["escribí a x@evil.com", "x arroba evil punto com", "x (at) evil.com", "x at evil.com", "[correo 9]"],
    "account": [
        "CBU 2850590940090418135202", "alias: otro.cursos.mp", "juan.perez.mp", "4509 9535 6623 3704",
        "alias juanperez.mp", "CUIT 20-30123456-3", "[cuenta 1]", "[alias 4]",
    ],
}  # fmt: skip
OURS = [
    "Empieza el lunes 1 de marzo de 2027 de 18:00 a 19:30 y cuesta $ 38.500 (4 cuotas de $ 38.500).", "[imagen]",
    "Edades: 6 a 8 años. Quedan 5 lugares.", "La web es https://quirquincho.example/verano?x=1.", "quirquincho.example",
    "https://QUIRQUINCHO.example", "Escribí a hola@quirquincho.example",
    "Tel. 0387 421-5555",
    "+54 387 421 5555", "421-5555", "alias quirquincho.cursos.mp", "CBU: 28505909 40090418135201", "ASP.NET", "3.5",
    "https://www.instagram.com/quirquincho/", "wa.me/5493874215555", "a las 18 en punto es la clase", "22/11/2026",
    "Las clases son a las 18 en punto, com siempre", "2026-11-22", "1 2 3 4 5 6 7 8", "1.250.000 pesos", "2026-2027",
    "Sedes: Centro (Balcarce 123) y Tres Cerritos (Los Ceibos 45).", "Turnos: 18:00/19:30/20:30", "12.500.000", "",
    "¡Hola! 😊 Sí, hay lugar. ¿Querés que te anote?", "de 9 a 12 y de 14 a 18 hs", "Node.js no; Python 3.12 sí",
    "uno, dos, tres", "Balcarce 1234, Salta (4400)", "S.A.",
]  # fmt: skip


@pytest.mark.parametrize("code", FOREIGN)
def test_what_the_house_did_not_name_is_noticed(code):
    assert [text for text in FOREIGN[code] if code not in warnings_in(text, knowledge=KNOWLEDGE)] == []
    assert [text for text in FOREIGN[code] if code not in warnings_in(text, knowledge="")] == []


def test_what_the_house_says_passes_and_so_do_prices_dates_and_hours():
    assert {text: warnings_in(text, knowledge=KNOWLEDGE) for text in OURS} == {text: [] for text in OURS}


def test_several_are_told_in_their_order():
    text = "Pagá en evil.com al alias otro.cursos.mp, o escribí a x@evil.com o al 3875550199"
    assert warnings_in(text, knowledge=KNOWLEDGE) == ["link", "phone", "email", "account"]


@pytest.mark.parametrize("piece", ["a.", "[", " ", "a ", "<a ", "](", "uno ", "1 ", "http:", "a-", "at ", "punto "])
def test_a_long_text_takes_no_time(piece):
    began = time.perf_counter()
    warnings_in(piece * (10_000 // len(piece)), knowledge=KNOWLEDGE)
    assert time.perf_counter() - began < 2


def test_words_are_found_whole_and_whatever_their_case():
    words = "operador\n\n  hablar con una persona \n"
    assert names_word("Quiero HABLAR  con\nuna pérsona ya!", words) == "hablar con una persona"
    assert names_word("un ope\u200brador", words) == "operador"
    assert names_word("los operadores", words) == ""
    assert names_word("", "") == ""


_PIECES = [
    "http://", "//", "@", ":", "..", "/", "\\", "[a](", "<a ", "%2e", "%", "mailto:", "evil.com", "1.2.3.4",
    "[::1]", "?", "#", "xn--", "387", "555-0101", " ", "\n", "punto com", "arroba", "alias ", "uno ", "dos ",
]  # fmt: skip
_TEXTS = some.lists(some.sampled_from(_PIECES) | some.text(max_size=5), max_size=8).map("".join)


@given(_TEXTS, _TEXTS)
def test_no_text_is_too_strange_to_be_looked_at(text, knowledge):
    assert set(warnings_in(text, knowledge=knowledge)) <= {"link", "phone", "email", "account"}
    assert set(warnings_in(f"{text} https://evil.example/x", knowledge=knowledge)) >= {"link"}
