"""What the simulated model answers: from its prompt, and from nothing else."""

from datetime import UTC, datetime

import pytest
import time_machine

from apps.assistant.models import AIProvider
from apps.assistant.prompt import preview
from apps.assistant.prompt.instructions import REQUEST
from apps.conversations.models import Conversation, Direction
from apps.courses.models import CourseEdition
from apps.simulator.language_model import Said, answer
from apps.simulator.management import demonstration
from apps.simulator.management.demonstration.courses import COURSES

pytestmark = pytest.mark.django_db

SUNDAY = time_machine.travel(datetime(2026, 11, 22, 16, 5, tzinfo=UTC), tick=False)


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """Return the instructions of a prompt of the demonstration, as the house puts them together."""
    from django.db import transaction

    with django_db_blocker.unblock(), SUNDAY, transaction.atomic():
        demonstration.load("x")
        open_chats = [
            (chat.person.name, preview(chat))
            for chat in Conversation.objects.select_related("person").order_by("pk")
            if chat.last_message_direction == Direction.IN
        ]
        instructions = open_chats[0][1].instructions
        facts = {
            "providers": [*AIProvider.objects.values_list("name", "is_simulated", "models__name")],
            "editions": CourseEdition.objects.count(),
        }
        transaction.set_rollback(True)
    return instructions, open_chats, facts


def says(told, *words: str) -> Said:
    """Return the answer to what the person said, one message after the other."""
    return answer(told[0], [("user", text) for text in words])


def test_demonstration_has_courses_and_a_model_labelled_as_simulated(told):
    _instructions, _chats, facts = told
    assert facts["providers"] == [("Modelo simulado", True, "simulado-1")]
    assert facts["editions"] == sum(len(course.editions) for course in COURSES) == 13


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (
            "¿Cuándo empieza Robótica Kids?",
            "La próxima edición de Robótica Kids comienza el sábado 5 de diciembre de 2026 en Centro. "
            "Se cursa los sábados, de 10:00 a 11:30.",
        ),
        (
            "y robotica con arduino?? hay lugar?",  # the nearest is full
            "La próxima edición de Robótica con Arduino comienza el martes 1 de diciembre de 2026 en Tres Cerritos. "
            "Se cursa los martes y jueves, de 18:00 a 19:30. Quedan 4 lugares.",
        ),
        (
            "¿Robótica con Arduino en Centro, cuándo?",
            "La próxima edición de Robótica con Arduino comienza el lunes 21 de diciembre de 2026 en Centro. "
            "Se cursa los lunes y miércoles, de 18:00 a 19:30.",
        ),
        (
            "¿Cuánto sale Python Teens?",
            "La próxima edición de Python Teens comienza el sábado 5 de diciembre de 2026 en Centro. "
            "Precio: 4 cuotas de $ 36.000, con la matrícula incluida.",
        ),
        (
            "Impresión 3D, ¿dónde es y cuánto dura?",
            "Diseño e impresión 3D se prevé en Centro, todavía sin fecha confirmada. "
            "Dura 2 meses, una clase por semana. Queda en Balcarce 123, Salta.",
        ),
        (
            "¿Qué hay de robótica?",
            "Tenemos Robótica con Arduino, de 9 a 13 años (comienza el martes 1 de diciembre de 2026) y Robótica Kids, "
            "de 6 a 8 años (comienza el sábado 5 de diciembre de 2026). ¿Para qué edad sería?",
        ),
    ],
)
def test_it_speaks_of_the_right_course_and_its_next_edition(told, words, reply):
    assert says(told, words).reply.removesuffix(" ¿Querés que te ayude con algo más?") == reply
    assert not says(told, words).needs_human


def test_it_remembers_what_was_said_before(told):
    turns = [
        ("user", "Hola, ¿qué hay de robótica? Tiene 7 años"),
        ("assistant", "Robótica Kids es de 6 a 8 años."),
        ("user", "¿Y qué días?"),
    ]
    assert answer(told[0], turns).reply.startswith("La próxima edición de Robótica Kids comienza el sábado 5 de dic")


def test_two_children_get_an_answer_each(told):
    said = says(told, "Robótica para mis hijos, uno tiene 10 años y la otra 7 años")
    assert said.reply.count("La próxima edición de Robótica") == 2
    assert said.suggested_tags == ("Hermanos",)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Quiero hablar con una persona", "Pide hablar con una persona."),
        ("Quiero hacer un reclamo", "Parece un reclamo."),
        ("[imagen]\nmirá", "Mandó algo que hay que mirar."),
        ("¿Cuándo empieza Robótica Kids?\n[nota de voz de 0:12]", "Mandó algo que hay que mirar."),
        ("Ya les transferí", "Habla de una inscripción o un pago."),
        ("Quiero anotarlo en Robótica Kids", "Quiere anotarse."),
        ("¿Reparan heladeras?", "No está en lo que sé."),
    ],
)
def test_it_asks_for_a_person_where_it_should(told, words, reason):
    said = says(told, words)
    assert (said.needs_human, said.reason) == (True, reason)
    assert said.reply


@pytest.mark.parametrize(
    ("wish", "reply"),
    [
        ("Hacela más corta.", "{} Se cursa de lunes a viernes, de 09:00 a 12:00."),
        ("Hacela más cálida.", "¡Gracias por escribirnos! {} Se cursa de lunes a viernes, de 09:00 a 12:00. "
            "Quedan 20 lugares. Precio: $ 60.000 por quincena."),
        ("Con los precios.", "{} Precio: $ 60.000 por quincena."),
    ],
)  # fmt: skip
def test_it_follows_the_wish_of_whoever_attends(told, wish, reply):
    begins = "La próxima edición de Taller de verano comienza el lunes 28 de diciembre de 2026 en Centro."
    instructions = f"{told[0]}\n\n{REQUEST}\n{wish}".replace("Terminá con una sola pregunta", "")
    assert answer(instructions, [("user", "Taller de verano")]).reply == reply.format(begins)


def test_it_greets_and_asks_what_is_missing(told):
    said = says(told, "Hola!")
    assert said.reply.startswith("¡Hola! Tenemos ")
    assert said.reply.endswith("¿Sobre cuál querés saber, y para qué edad?")


def test_every_open_chat_of_the_demonstration_gets_an_answer(told):
    replies = {name: answer(prompt.instructions, turns_of(prompt)).reply for name, prompt in told[1]}
    assert replies["Rocío Guaymás"].startswith("La próxima edición de Python Teens comienza el sábado 5 de diciembre")
    assert replies["Mariana Cardozo"].count("La próxima edición de Robótica") == 2
    assert all(replies.values())
    assert len(replies) == 6


def turns_of(prompt):
    return [(str(turn.role), turn.text) for turn in prompt.turns]


def test_without_courses_it_knows_none():
    assert answer("", [("user", "¿Qué cursos tienen?")]) == Said(reply="Por ahora no tenemos cursos con fecha.")
    assert answer("", []).needs_human
