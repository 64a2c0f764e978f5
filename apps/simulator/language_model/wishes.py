"""What somebody wants to know, by the words they use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from apps.simulator.language_model.offer import Course, House, simple

HUMAN = re.compile(
    r"\b(hablar|hable|atienda|atender|comunicar\w*|contactar\w*|pasame|pasar?|llamar?|llamen)\b.{0,30}"
    r"\b(persona|alguien|humano|asesora?|operadora?|encargad[oa]|responsable|ustedes)\b|\b(humano|asesora?|operadora?)\b"
)
COMPLAINT = re.compile(r"\b(reclam\w+|quej\w+|devol\w+|reembols\w+|estaf\w+|abogad\w+|denunci\w+|baja)\b")
ENROL = re.compile(r"\b(anot\w+|inscrib\w+|reserv\w+|pagar|pague|pago|transfer\w+|comprobante|alias)\b")
THANKS = re.compile(r"\b(gracias|genial|buenisimo|perfecto|dale|listo|joya)\b")
GREETING = re.compile(r"\b(hola|buenas|buen dia|buenos dias|buenas tardes|buenas noches)\b")
OFFER = re.compile(r"\b(cursos?|talleres|taller|algo para|que tienen|que dan|propuestas?|actividades)\b")
FILE = re.compile(r"^\[(imagen|audio|nota de voz|video|documento|archivo|ubicacion|tarjeta|pedido)\b.*", re.MULTILINE)
AGE = re.compile(r"\b(\d{1,2}) anos\b|\b(?:tienen?|tengo|cumplio|de) (\d{1,2})\b|\by (?:\w+ )?(\d{1,2})\b")
TOPICS = {
    "precio": re.compile(
        r"\b(precios?|cuanto(?! dura| tiempo)|sale|cuestan?|cuotas?|vale|costo|valor|matricula|arancel\w*)\b"
    ),
    "fecha": re.compile(r"\b(cuando|empiezan?|fechas?|comienzan?|inicio|arrancan?|proxim[oa]s?)\b"),
    "horario": re.compile(r"\b(horarios?|hora|dias?|turnos?|sabados?|lunes|martes|miercoles|jueves|viernes)\b"),
    "lugares": re.compile(r"\b(lugar|lugares|cupos?|vacantes?|queda|quedan)\b"),
    "sede": re.compile(r"\b(donde|direccion|sedes?|ubicacion|llego)\b"),
    "edades": re.compile(r"\b(edad|edades)\b"),
    "modalidad": re.compile(r"\b(online|virtual|presencial|linea|modalidad|zoom)\b"),
    "duración": re.compile(r"\b(dura|duracion|meses|clases|cuanto tiempo)\b"),
}
USUAL = ("fecha", "horario", "precio", "lugares")
"""What is told of a course when nobody asks for anything in particular."""
COMMON = frozenset({"para", "curso", "taller", "cursos", "desde", "hasta", "sobre"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person wants, as far as their words tell."""

    text: str
    topics: tuple[str, ...]
    courses: tuple[Course, ...]
    ages: tuple[int, ...]
    branch: str


def read_wish(house: House, turns: Sequence[tuple[str, str]]) -> Wish:
    """Return what the turns (role, words) come to: the last words of the person, and what they are about."""
    last = simple("\n".join(_last_words(turns)))
    asked = f"{last}\n{simple(house.request)}"
    topics = tuple(topic for topic, words in TOPICS.items() if words.search(asked))
    courses: tuple[Course, ...] = named(house.courses, asked)
    ages = ages_in(last)
    for role, words in reversed(turns):
        courses = courses or named(house.courses, simple(words))
        ages = ages or (ages_in(simple(words)) if role == "user" else ())
    branches = [fields["Sede"] for fields in house.branches]
    branch = next((name for name in branches if simple(name) in asked), "")
    return Wish(text=last, topics=topics, courses=courses, ages=ages, branch=branch)


def named(courses: Sequence[Course], text: str) -> tuple[Course, ...]:
    """Return the courses that a text names best; several where it does not tell them apart."""
    words = set(re.findall(r"\w{4,}", text)) - COMMON
    scores = [sum(word in words for word in _words_of(course)) for course in courses]
    best = max(scores, default=0)
    return tuple(course for course, score in zip(courses, scores, strict=True) if best and score == best)


def ages_in(text: str) -> tuple[int, ...]:
    """Return the ages a text tells, such as "tiene 10 y Julieta 7"."""
    ages = [int(found[1] or found[2] or found[3]) for found in AGE.finditer(text)]
    return tuple(age for age in dict.fromkeys(ages) if 3 <= age <= 99)


def _words_of(course: Course) -> set[str]:
    return set(re.findall(r"\w{4,}", simple(course.name))) - COMMON


def _last_words(turns: Sequence[tuple[str, str]]) -> list[str]:
    """Return what the person said since our last words."""
    said: list[str] = []
    for role, words in reversed(turns):
        if role != "user":
            break
        said.insert(0, words)
    return said
