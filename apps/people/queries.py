"""The doors of this room."""

from django.db.models import Exists, OuterRef, QuerySet

from apps.core.actors import Actor, Scope
from apps.inboxes.queries import inboxes_for
from apps.people.models import Identity, Person, Tag


def people_for(actor: Actor) -> QuerySet[Person]:
    """Return the people who wrote to inboxes that exist for `actor`; everybody to whoever sees all."""
    people = Person.objects.all()
    if not actor.can(Scope.PEOPLE_READ):
        return people.none()
    if actor.sees_all:
        return people
    return people.filter(Exists(identities_for(actor).filter(person=OuterRef("pk"))))


def get_person(actor: Actor, pk: int) -> Person:
    """Return one person. Raises Person.DoesNotExist for hidden and missing alike."""
    return people_for(actor).get(pk=pk)


def identities_for(actor: Actor) -> QuerySet[Identity]:
    """Return the addresses that wrote to inboxes that exist for `actor`."""
    identities = Identity.objects.select_related("account", "person")
    if not actor.can(Scope.PEOPLE_READ):
        return identities.none()
    if actor.sees_all:
        return identities
    # The relation is followed by name: conversations live in a room above this one.
    return identities.filter(conversations__inbox__in=inboxes_for(actor)).distinct()


def tags_for(actor: Actor) -> QuerySet[Tag]:
    """Return the tags, which are the same for the whole house."""
    tags = Tag.objects.all()
    return tags if actor.can(Scope.PEOPLE_READ) else tags.none()
