"""What of the person is told: data, and nothing by which they could be found elsewhere."""

from collections.abc import Callable

from apps.assistant.masks import Personal
from apps.assistant.prompt.instructions import PERSON
from apps.assistant.prompt.words import plain, quoted
from apps.core.actors import SYSTEM
from apps.people.models import Identity, Person
from apps.people.queries import tags_for

NAME, REGION, TAG = 60, 60, 40
TAGS = 20
LEAST_DIGITS = 6


def numbers(person: Person, identity: Identity) -> dict[str, Personal]:
    """Return the numbers this person is known by, digits only, and what each is."""
    written = {
        person.national_id: Personal.DOCUMENT,
        person.phone: Personal.PHONE,
        identity.address: Personal.PHONE,
    }
    known = {"".join(letter for letter in number if letter.isdecimal()): kind for number, kind in written.items()}
    return {number: kind for number, kind in known.items() if len(number) >= LEAST_DIGITS}


def told(person: Person, hide: Callable[[str], str]) -> str:
    """Return the name, the region and the tags of a person, each as data in quotes; what nobody knows is left out."""
    tags = [quoted(name, TAG) for name in tags_for(SYSTEM).filter(people=person).values_list("name", flat=True)[:TAGS]]
    fields = (
        ("Nombre que muestra", quoted(hide(plain(person.name)), NAME) if person.name.strip() else ""),
        ("Zona", quoted(hide(plain(person.region)), REGION) if person.region.strip() else ""),
        ("Etiquetas", ", ".join(tags)),
    )
    lines = [f"- {label}: {text}" for label, text in fields if text]
    return "\n".join([PERSON, *lines]) if lines else ""
