"""What is done to people by hand."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.people.models import Person

DETAILS = ("name", "region", "email", "phone", "national_id", "birthday", "notes")


@transaction.atomic
def change_person(*, person: Person, details: Mapping[str, Any], actor: Actor) -> None:
    """Change what we know of somebody; open screens follow.

    Raises: PermissionDenied; ValidationError as the model says.
    """
    require(actor, Scope.PEOPLE_WRITE)
    person = Person.objects.select_for_update().get(pk=person.pk)
    known = [name for name in DETAILS if name in details]
    for name in known:
        setattr(person, name, details[name])
    person.full_clean()
    person.save(update_fields=[*known, "phone_key", "updated_at"])
    announce_person(person)


def announce_person(person: Person) -> None:
    """Tell the open screens that somebody's data or tags changed."""
    live.publish(live.LiveKind.PERSON_CHANGED, person_id=person.pk)
