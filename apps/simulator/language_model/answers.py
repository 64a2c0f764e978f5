"""What the simulated model says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apps.simulator.language_model import wishes
from apps.simulator.language_model.offer import Course, Edition, House, read_house, simple
from apps.simulator.language_model.wishes import Wish, read_wish

LATEST = date.max
WORKDAYS = {"lunes, martes, miércoles, jueves y viernes": "de lunes a viernes"}
FIRST_SENTENCES = 2
LISTED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer with what goes beside it."""

    reply: str
    needs_human: bool = False
    reason: str = ""
    suggested_tags: tuple[str, ...] = ()


def answer(instructions: str, turns: Sequence[tuple[str, str]]) -> Said:
    """Answer the last words of a conversation: (role, words) of each turn, oldest first."""
    house = read_house(instructions)
    wish = read_wish(house, turns)
    reply, reason = _reply(house, wish)
    if "Terminá con una sola pregunta" in instructions and not reason and not reply.endswith(("?", "por acá.")):
        reply += " ¿Querés que te ayude con algo más?"
    if re.search(r"\b(corta|corto|breve)\b", simple(house.request)):
        reply = " ".join(re.split(r"(?<=[.!?]) ", reply)[:FIRST_SENTENCES])
    if re.search(r"\b(calida|calido|amable)\b", simple(house.request)):
        reply = f"¡Gracias por escribirnos! {reply}"
    said = simple(" ".join(words for role, words in turns if role == "user"))
    tags = tuple(tag for tag in house.tags if simple(tag) in said or (simple(tag) == "hermanos" and len(wish.ages) > 1))
    return Said(reply=reply, needs_human=bool(reason), reason=reason, suggested_tags=tags)


def _reply(house: House, wish: Wish) -> tuple[str, str]:
    """Return the words, and why a person should go on; "" where none needs to."""
    if wishes.HUMAN.search(wish.text):
        return "Claro, te paso con una persona del equipo.", "Pide hablar con una persona."
    if wishes.COMPLAINT.search(wish.text):
        return "Lamento lo que pasó. Te responde una persona del equipo.", "Parece un reclamo."
    if wishes.FILE.search(wish.text):
        return _beside_a_file(house, wish), "Mandó algo que hay que mirar."
    wants_in = bool(wishes.ENROL.search(wish.text))
    if wish.courses and (wish.topics or wants_in or wishes.named(wish.courses, wish.text)):
        told = _about(house, wish)
        return (
            (f"{told} Le aviso al equipo para que te ayude a anotarte.", "Quiere anotarse.") if wants_in else (told, "")
        )
    if wants_in:
        return "Te ayuda una persona del equipo con eso.", "Habla de una inscripción o un pago."
    return _without_course(house, wish)


def _beside_a_file(house: House, wish: Wish) -> str:
    """Answer what was written beside a file, if that can be; nobody has looked into the file."""
    looked = "Lo que mandaste lo mira una persona del equipo."
    if wish.courses and wish.topics and re.search(r"\w", wishes.FILE.sub("", wish.text)):
        return f"{_about(house, wish)} {looked}"
    return f"¡Gracias! {looked}"


def _without_course(house: House, wish: Wish) -> tuple[str, str]:
    if wish.ages or wishes.OFFER.search(wish.text) or wish.topics:
        return _offer(house, wish), ""
    if wishes.GREETING.search(wish.text):
        return f"¡Hola! {_offer(house, wish)}", ""
    if wishes.THANKS.search(wish.text):
        return "¡De nada! Cualquier duda, escribinos por acá.", ""
    return "Eso no lo sé. Lo averigua una persona del equipo y te responde por acá.", "No está en lo que sé."


def _offer(house: House, wish: Wish) -> str:
    """Say what there is, for the ages that were told, and ask what is missing."""
    fitting = [course for course in house.courses if all(course.is_for(age) for age in wish.ages)] or house.courses
    if not fitting:
        return "Por ahora no tenemos cursos con fecha."
    lines = [f"{course.name}{_short(house, course, wish)}" for course in fitting[:LISTED]]
    question = "¿Cuál te interesa?" if wish.ages else "¿Sobre cuál querés saber, y para qué edad?"
    return f"Tenemos {_listed(lines)}. {question}"


def _short(house: House, course: Course, wish: Wish) -> str:
    edition = _next(house, course, wish)
    begins = edition.fields.get("Comienza", "") if edition else ""
    return f" (comienza el {begins})" if edition and edition.begins else ""


def _about(house: House, wish: Wish) -> str:
    """Answer about the courses that were named; where those are several, about what tells them apart."""
    courses = [course for course in wish.courses if not wish.ages or any(course.is_for(age) for age in wish.ages)]
    courses = courses or list(wish.courses)
    if len(courses) > 1 and not wish.ages:
        lines = [
            f"{course.name}{_ages(house, course, wish)}{_short(house, course, wish)}" for course in courses[:LISTED]
        ]
        return f"Tenemos {_listed(lines)}. ¿Para qué edad sería?"
    return " ".join(_course(house, course, wish) for course in courses[:LISTED])


def _ages(house: House, course: Course, wish: Wish) -> str:
    edition = _next(house, course, wish)
    ages = edition.fields.get("Edades", "") if edition else ""
    return f", {ages if ages.startswith(('desde', 'hasta')) else f'de {ages}'}" if ages else ""


def _course(house: House, course: Course, wish: Wish) -> str:
    """Say what was asked about one course, with its next edition."""
    topics = [topic for topic in wish.topics if topic != "sede"] or list(wishes.USUAL)
    edition = _next(house, course, wish)
    if edition is None:
        told = f"{course.name} no tiene una próxima edición prevista por ahora."
        return f"{told} {_price(course)}".strip() if "precio" in topics else told
    parts = [_begins(course, edition), _hours(edition, topics)]
    parts += [_seats(edition)] if "lugares" in topics or edition.is_full else []
    parts += [_price(course)] if "precio" in topics else []
    parts += [_field(edition.fields, "Edades", "Es para {}.")] if "edades" in topics else []
    parts += [_field(course.fields, "Modalidad", "Es {}.")] if "modalidad" in topics else []
    parts += [_field(course.fields, "Duración", "Dura {}.")] if "duración" in topics else []
    parts += [_where(house, edition)] if "sede" in wish.topics else []
    return " ".join(filter(None, parts))


def _next(house: House, course: Course, wish: Wish) -> Edition | None:
    """Return the edition to speak of: the nearest that is not over, with a free place if any has one."""
    here = next((fields["Sede"] for fields in house.branches if "Sede de este chat" in fields), "")

    def order(edition: Edition) -> tuple[bool, bool, date, bool]:
        is_right = not wish.ages or any(edition.is_for(age) for age in wish.ages)
        return not is_right, edition.is_full, edition.begins or LATEST, edition.branch != here

    coming = [edition for edition in course.editions if not _is_over(edition, house.today)]
    there = [edition for edition in coming if edition.branch == wish.branch]
    return min(there or coming, key=order, default=None)


def _is_over(edition: Edition, today: date | None) -> bool:
    return today is not None and edition.begins is not None and edition.begins < today


def _begins(course: Course, edition: Edition) -> str:
    if edition.begins is None:
        return f"{course.name} se prevé en {edition.branch}, todavía sin fecha confirmada."
    return f"La próxima edición de {course.name} comienza el {edition.fields['Comienza']} en {edition.branch}."


def _hours(edition: Edition, topics: Sequence[str]) -> str:
    if not {"fecha", "horario", "lugares"} & set(topics):
        return ""
    days, hours = edition.fields.get("Días", ""), edition.fields.get("Horario", "")
    if not days and not hours:
        return ""
    days = WORKDAYS.get(days, days)
    often = days if days.startswith("de ") else f"los {re.sub(r'(sábado|domingo)', r'\1s', days)}" if days else ""
    return f"Se cursa {', '.join(filter(None, [often, f'de {hours}' if ' a ' in hours else hours]))}."


def _seats(edition: Edition) -> str:
    if edition.is_full:
        return "Ya está completa; si querés, te anotamos en la lista de espera."
    if not edition.is_open:
        return "Todavía no abrió la inscripción."
    seats = edition.fields.get("Lugares libres", "")
    if not seats:
        return "La inscripción está abierta."
    return "Queda 1 lugar." if seats == "1" else f"Quedan {seats} lugares."


def _price(course: Course) -> str:
    return _field(course.fields, "Precio", "Precio: {}.") or "El precio te lo confirma el equipo."


def _where(house: House, edition: Edition) -> str:
    fields = next((fields for fields in house.branches if fields["Sede"] == edition.branch), {})
    return _field(fields, "Dirección", "Queda en {}.")


def _field(fields: dict[str, str], label: str, words: str) -> str:
    told = fields.get(label, "").rstrip(".")
    return words.format(told) if told else ""


def _listed(items: Sequence[str]) -> str:
    return " y ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
