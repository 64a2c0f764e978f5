"""Reading what a prompt tells of the house: lines of labelled fields, as `- Curso: Robótica | Precio: …`."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
DATE = re.compile(r"(\d{1,2}) de (\w+) de (\d{4})")
AGES = re.compile(r"(\d+)(?: a (\d+))?")
TAGS = "## ETIQUETAS QUE PODÉS SUGERIR"
TODAY = "## HOY"
REQUEST = "# PEDIDO DE QUIEN ATIENDE"

type Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a course, as it was told."""

    fields: Fields

    @property
    def branch(self) -> str:
        return self.fields.get("Edición", "")

    @property
    def begins(self) -> date | None:
        return date_in(self.fields.get("Comienza", ""))

    @property
    def is_full(self) -> bool:
        return self.fields.get("Estado", "").startswith("completa") or self.fields.get("Lugares libres") == "0"

    @property
    def is_open(self) -> bool:
        return self.fields.get("Estado", "").startswith("inscripción abierta") and not self.is_full

    def is_for(self, age: int) -> bool:
        """Tell whether somebody of that age may come."""
        told = self.fields.get("Edades", "")
        found = AGES.search(told)
        if found is None:
            return True
        first, last = int(found[1]), int(found[2]) if found[2] else None
        if told.startswith("hasta"):
            return age <= first
        return first <= age and (last is None or age <= last)


@dataclass(slots=True)
class Course:
    """A course with its editions, as they were told."""

    fields: Fields
    editions: list[Edition] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.fields["Curso"]

    def is_for(self, age: int) -> bool:
        """Tell whether any edition is for that age; one without editions may be for anybody."""
        return not self.editions or any(edition.is_for(age) for edition in self.editions)


@dataclass(slots=True)
class House:
    """All that a prompt tells."""

    courses: list[Course] = field(default_factory=list)
    branches: list[Fields] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    today: date | None = None
    request: str = ""
    instructions: str = ""


def read_house(instructions: str) -> House:
    """Return what the instructions of a prompt tell of the house."""
    house = House(instructions=instructions)
    for line in instructions.splitlines():
        fields = _fields(line)
        if "Curso" in fields:
            house.courses.append(Course(fields))
        elif "Edición" in fields and house.courses:
            house.courses[-1].editions.append(Edition(fields))
        elif name := fields.get("Sede de este chat") or fields.get("Sede"):
            house.branches.append(fields | {"Sede": name})
    house.tags = [name.strip() for name in _below(instructions, TAGS).split(",") if name.strip()]
    house.today = date_in(_below(instructions, TODAY).lower())
    house.request = _below(instructions, REQUEST, skip=1)
    return house


def date_in(text: str) -> date | None:
    """Return the first date of a text such as "lunes 1 de marzo de 2027"."""
    found = DATE.search(text)
    if found is None or found[2] not in MONTHS:
        return None
    try:
        return date(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None


def simple(text: str) -> str:
    """Return a text as it is compared: small letters without accents."""
    letters = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _fields(line: str) -> Fields:
    told = line.strip().removeprefix("-").strip()
    pairs = (part.partition(":") for part in told.split(" | "))
    return {label.strip(): text.strip() for label, colon, text in pairs if colon}


def _below(text: str, heading: str, *, skip: int = 0) -> str:
    """Return the line below a heading, after so many others; "" without it."""
    lines = text.splitlines()
    at = next((index for index, line in enumerate(lines) if line.strip() == heading), None)
    return "" if at is None else "\n".join(lines[at + 1 + skip : at + 2 + skip])
