"""The doors of this room."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from apps.core.actors import Actor, Scope
from apps.people.models import Identity, Person, PersonTag, Tag


def people_for(actor: Actor) -> QuerySet[Person]:
    """Return the people who wrote to inboxes that exist for `actor`; everybody to whoever sees all."""
    people = Person.objects.all()
    if not actor.can(Scope.PEOPLE_READ):
        return people.none()
    if actor.sees_all:
        return people
    return people.filter(Exists(identities_for(actor).filter(person=OuterRef("pk"))))


def identities_for(actor: Actor) -> QuerySet[Identity]:
    """Return the addresses that wrote to inboxes that exist for `actor`."""
    identities = Identity.objects.select_related("account", "person")
    if not actor.can(Scope.PEOPLE_READ):
        return identities.none()
    if actor.sees_all:
        return identities
    # The relation is followed by name: conversations live in a room above this one.
    return identities.filter(conversations__inbox__branch__in=actor.branch_ids or ()).distinct()


def tags_for(actor: Actor) -> QuerySet[Tag]:
    """Return the tags, which are the same for the whole house."""
    tags = Tag.objects.all()
    return tags if actor.can(Scope.PEOPLE_READ) else tags.none()


def identities_of(actor: Actor, people: Iterable[Person]) -> dict[int, list[Identity]]:
    """Return the addresses of several people that exist for `actor`, by the key of the person."""
    found: dict[int, list[Identity]] = defaultdict(list)
    for identity in identities_for(actor).filter(person__in=people).order_by("pk"):
        found[identity.person_id].append(identity)
    return found


def tags_of(people: Iterable[Person]) -> dict[int, list[Tag]]:
    """Return the tags of several people, by the key of the person."""
    found: dict[int, list[Tag]] = defaultdict(list)
    for person_tag in PersonTag.objects.filter(person__in=people).select_related("tag").order_by("tag__name"):
        found[person_tag.person_id].append(person_tag.tag)
    return found


def person_tags_for(actor: Actor) -> QuerySet[PersonTag]:
    """Return the tags on the people who exist for `actor`."""
    return PersonTag.objects.select_related("tag", "created_by").filter(person__in=people_for(actor))
