"""What the institute teaches, and when it begins: days are counted from today, so that it never gets old."""

from dataclasses import dataclass
from datetime import date, time, timedelta

from django.utils import timezone

from apps.courses.models import Course, CourseEdition, Weekday
from apps.organization.models import Branch

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, _SUNDAY = Weekday
PLANNED, OPEN, FULL, RUNNING, FINISHED, CANCELED = CourseEdition.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One edition: it begins on the first of its days, so many weeks from now; None: nobody knows yet."""

    branch: str
    weeks: int | None
    days: tuple[Weekday, ...]
    hours: tuple[int, int, int, int]
    ages: tuple[int | None, int | None]
    seats: int
    state: CourseEdition.State = OPEN
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A course with its editions."""

    name: str
    duration: str
    information: str
    price: str
    editions: tuple[Given, ...]
    modality: Course.Modality = Course.Modality.IN_PERSON
    is_active: bool = True


COURSES = (
    Taught(
        name="Robótica Kids", duration="4 meses, una clase por semana",
        information="Arman robots con bloques y los mueven con programación por dibujos. No hace falta saber nada "
        "antes. Los kits los pone el instituto y cada grupo tiene hasta 10 chicos.",
        price="Matrícula $ 18.000 y 4 cuotas de $ 32.000. Hermanos: 15 % menos en cada cuota.",
        editions=(
            Given(branch="centro", weeks=-6, days=(WEDNESDAY,), hours=(17, 0, 18, 30), ages=(6, 8), seats=0,
                state=RUNNING),
            Given(branch="centro", weeks=2, days=(SATURDAY,), hours=(10, 0, 11, 30), ages=(6, 8), seats=3),
            Given(branch="tres-cerritos", weeks=3, days=(TUESDAY,), hours=(17, 30, 19, 0), ages=(6, 8), seats=6),
        ),
    ),
    Taught(
        name="Robótica con Arduino", duration="4 meses, dos clases por semana",
        information="Circuitos, sensores y motores con placas Arduino; terminan con un proyecto propio. Se usa la "
        "computadora del instituto. El kit para llevar a casa es opcional.",
        price="Matrícula $ 20.000 y 4 cuotas de $ 38.500. Hermanos: 15 % menos. Kit opcional: $ 38.500.",
        editions=(
            Given(branch="centro", weeks=1, days=(MONDAY, WEDNESDAY), hours=(18, 0, 19, 30), ages=(9, 13), seats=0,
                state=FULL),
            Given(branch="tres-cerritos", weeks=2, days=(TUESDAY, THURSDAY), hours=(18, 0, 19, 30), ages=(9, 13),
                seats=4),
            Given(branch="centro", weeks=5, days=(MONDAY, WEDNESDAY), hours=(18, 0, 19, 30), ages=(9, 13), seats=10),
        ),
    ),
    Taught(
        name="Python Teens", duration="4 meses, una clase por semana",
        information="Programación desde cero con Python: juegos, gráficos y un bot. Cada estudiante necesita una "
        "computadora en casa para practicar.",
        price="4 cuotas de $ 36.000, con la matrícula incluida.",
        modality=Course.Modality.HYBRID,
        editions=(
            Given(branch="centro", weeks=-16, days=(SATURDAY,), hours=(9, 0, 11, 0), ages=(13, 17), seats=0,
                state=FINISHED),
            Given(branch="centro", weeks=2, days=(SATURDAY,), hours=(11, 30, 13, 30), ages=(13, 17), seats=2,
                notes="Una clase por mes es en línea."),
            Given(branch="tres-cerritos", weeks=7, days=(FRIDAY,), hours=(18, 0, 20, 0), ages=(13, 17), seats=12,
                state=PLANNED),
        ),
    ),
    Taught(
        name="Arduino para adultos", duration="3 meses, dos clases por semana",
        information="Electrónica y automatización para el hogar o el trabajo. No hace falta experiencia.",
        price="3 cuotas de $ 42.000. Incluye el kit.",
        editions=(
            Given(branch="tres-cerritos", weeks=1, days=(TUESDAY, THURSDAY), hours=(20, 0, 21, 30), ages=(18, None),
                seats=5),
            Given(branch="centro", weeks=2, days=(MONDAY, FRIDAY), hours=(20, 0, 21, 30), ages=(18, None), seats=8,
                state=CANCELED),
        ),
    ),
    Taught(
        name="Diseño e impresión 3D", duration="2 meses, una clase por semana",
        information="Del dibujo en la computadora a la pieza impresa. Se imprime en el instituto y el material está "
        "incluido.",
        price="2 cuotas de $ 45.000.",
        editions=(
            Given(branch="centro", weeks=None, days=(THURSDAY,), hours=(19, 0, 21, 0), ages=(14, None), seats=10,
                state=PLANNED),
        ),
    ),
    Taught(
        name="Taller de verano", duration="2 semanas, de lunes a viernes",
        information="Juegos, ciencia y robots para las vacaciones, con merienda.",
        price="$ 60.000 por quincena.",
        editions=(
            Given(branch="centro", weeks=6, days=(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), hours=(9, 0, 12, 0),
                ages=(6, 12), seats=20, notes="Traer gorra y botella de agua."),
        ),
    ),
    Taught(
        name="Reparación de celulares", duration="3 meses", information="", price="", is_active=False, editions=(),
    ),
)  # fmt: skip


def load(branches: dict[str, Branch]) -> None:
    """Write the courses and their editions."""
    today = timezone.localdate()
    for taught in COURSES:
        course = Course.objects.create(
            name=taught.name,
            modality=taught.modality,
            duration=taught.duration,
            information=taught.information,
            price_scheme=taught.price,
            is_active=taught.is_active,
        )
        CourseEdition.objects.bulk_create(
            _edition(course, branches[given.branch], given, today) for given in taught.editions
        )


def first_day(today: date, weeks: int, day: Weekday) -> date:
    """Return the first such day of the week that begins so many weeks after today's."""
    return today + timedelta(weeks=weeks, days=day - today.isoweekday())


def _edition(course: Course, branch: Branch, given: Given, today: date) -> CourseEdition:
    from_hour, from_minute, to_hour, to_minute = given.hours
    return CourseEdition(
        course=course,
        branch=branch,
        days=[int(day) for day in given.days],
        starts_at=time(from_hour, from_minute),
        ends_at=time(to_hour, to_minute),
        min_age=given.ages[0],
        max_age=given.ages[1],
        seats=given.seats,
        state=given.state,
        estimated_date=None if given.weeks is None else first_day(today, given.weeks, given.days[0]),
        notes=given.notes,
    )
