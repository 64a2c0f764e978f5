"""The courses and their editions, as a model reads them.

Shape:  a heading, a line for each course, under it one for each edition; a row of fields, each `label: text`, between
        ` | `. A field nobody filled is left out, and no text holds the bar. A course without editions has the line
        NO_EDITIONS. Like this (an edition is one line):

        ## CURSOS Y PRÓXIMAS EDICIONES
        - Curso: Robótica Kids | Modalidad: presencial | Duración: 4 meses | Precio: … | Información: …
          - Edición: Centro | Estado: inscripción abierta | Comienza: lunes 1 de marzo de 2027
             | Días: lunes y miércoles | Horario: 18:00 a 19:30 | Edades: 6 a 8 años | Lugares libres: 5 | Notas: …
"""

from collections.abc import Iterable
from datetime import date, time

from apps.assistant.client.tokens import tokens_of_ours
from apps.assistant.prompt.words import field
from apps.core.actors import SYSTEM
from apps.courses.models import Course, CourseEdition
from apps.courses.queries import courses_for, offered_editions

HEADING = "## CURSOS Y PRÓXIMAS EDICIONES"
NO_EDITIONS = "  - Sin ediciones previstas por ahora."
MORE = "- Hay más cursos que no entran acá: si preguntan por uno que no está, pedí una persona."
NONE = "- Ahora no hay cursos para ofrecer."
LENGTH, LEAST = 600, 100
DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
MODALITIES: dict[str, str] = {
    Course.Modality.IN_PERSON: "presencial",
    Course.Modality.ONLINE: "en línea",
    Course.Modality.HYBRID: "presencial y en línea",
}
STATES: dict[str, str] = {
    CourseEdition.State.PLANNED: "prevista, todavía sin inscripción",
    CourseEdition.State.OPEN: "inscripción abierta",
    CourseEdition.State.FULL: "completa, sin lugares",
}


def told(room: int) -> str:
    """Return the courses and what comes next of each, the nearest first, in about `room` tokens."""
    lines = [HEADING]
    spent = tokens_of_ours(HEADING)
    for course, editions in _courses():
        block = [_course(course), *([_edition(edition) for edition in editions] or [NO_EDITIONS])]
        cost = sum(tokens_of_ours(line) + 1 for line in block)
        if spent + cost > room:
            return "\n".join([*lines, MORE])
        lines += block
        spent += cost
    return "\n".join(lines if len(lines) > 1 else [HEADING, NONE])


def day(when: date) -> str:
    """Return a date as it is said: lunes 1 de marzo de 2027."""
    return f"{DAYS[when.weekday()]} {when.day} de {MONTHS[when.month - 1]} de {when.year}"


def _courses() -> Iterable[tuple[Course, list[CourseEdition]]]:
    """Return every course that is offered with what comes next of it; those without any last."""
    editions: dict[Course, list[CourseEdition]] = {}
    for edition in offered_editions(SYSTEM):
        editions.setdefault(edition.course, []).append(edition)
    others = courses_for(SYSTEM).filter(is_active=True)
    return [*editions.items(), *((course, []) for course in others if course not in editions)]


def _course(course: Course) -> str:
    return "- " + _fields(
        ("Curso", course.name),
        ("Modalidad", MODALITIES.get(course.modality, "")),
        ("Duración", course.duration),
        ("Precio", course.price_scheme),
        ("Información", course.information),
    )


def _edition(edition: CourseEdition) -> str:
    return "  - " + _fields(
        ("Edición", edition.branch.name),
        ("Estado", STATES.get(edition.state, "")),
        ("Comienza", day(edition.estimated_date) if edition.estimated_date else "sin fecha confirmada"),
        ("Días", _listed([DAYS[number - 1] for number in sorted(edition.days)])),
        ("Horario", _hours(edition.starts_at, edition.ends_at)),
        ("Edades", _ages(edition.min_age, edition.max_age)),
        ("Lugares libres", "" if edition.seats is None else str(edition.seats)),
        ("Notas", edition.notes),
    )


def _fields(*fields: tuple[str, str]) -> str:
    return " | ".join(f"{label}: {field(text, LENGTH)}" for label, text in fields if text.strip())


def _listed(words: list[str]) -> str:
    return " y ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _hours(starts_at: time | None, ends_at: time | None) -> str:
    if starts_at and ends_at:
        return f"{starts_at:%H:%M} a {ends_at:%H:%M}"
    if starts_at:
        return f"desde las {starts_at:%H:%M}"
    return f"hasta las {ends_at:%H:%M}" if ends_at else ""


def _ages(youngest: int | None, oldest: int | None) -> str:
    if youngest is not None and oldest is not None:
        return f"{youngest} a {oldest} años"
    if youngest is not None:
        return f"desde {youngest} años"
    return f"hasta {oldest} años" if oldest is not None else ""
