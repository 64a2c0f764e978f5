"""The doors of this room."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from apps.core.actors import Actor, Scope
from apps.people.models import Identity, Person, PersonMerge, PersonTag, Tag


def people_for(actor: Actor) -> QuerySet[Person]:
    """Return the people who wrote to inboxes that exist for `actor`; everybody to whoever sees all.

    Whoever was merged into somebody else is that somebody.
    """
    people = Person.objects.filter(merged_into=None)
    if not actor.can(Scope.PEOPLE_READ):
        return people.none()
    if actor.sees_all:
        return people
    return people.filter(Exists(identities_for(actor).filter(person=OuterRef("pk"))))


def identities_for(actor: Actor) -> QuerySet[Identity]:
    """Return the addresses that wrote to inboxes that exist for `actor`, with those that are other names of them."""
    identities = Identity.objects.select_related("account", "person", "alias_of")
    if not actor.can(Scope.PEOPLE_READ):
        return identities.none()
    if actor.sees_all:
        return identities
    # The relation is followed by name: conversations live in a room above this one.
    wrote = Identity.objects.filter(conversations__inbox__branch__in=actor.branch_ids or ())
    itself, main = wrote.filter(pk=OuterRef("pk")), wrote.filter(pk=OuterRef("alias_of"))
    return identities.filter(Exists(itself) | Exists(main))


def merges_for(actor: Actor) -> QuerySet[PersonMerge]:
    """Return the merges into people who exist for `actor`."""
    merges = PersonMerge.objects.select_related("kept", "merged", "user", "undone_by")
    return merges if actor.can(Scope.PEOPLE_READ) and actor.sees_all else merges.filter(kept__in=people_for(actor))


def get_person(actor: Actor, pk: int) -> Person:
    """Return one person. Raises DoesNotExist for hidden, merged and missing alike."""
    return people_for(actor).get(pk=pk)


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


def marketing_stopped_of(people: Iterable[Person]) -> dict[int, list[datetime]]:
    """Return since when several people want no marketing, at whichever address they said so."""
    found: dict[int, list[datetime]] = defaultdict(list)
    stopped = Identity.objects.filter(person__in=people, marketing_stopped_at__isnull=False)
    for identity in stopped.order_by("marketing_stopped_at"):
        if identity.marketing_stopped_at:
            found[identity.person_id].append(identity.marketing_stopped_at)
    return found


def merges_of(actor: Actor, people: Iterable[Person]) -> dict[int, list[PersonMerge]]:
    """Return who was merged into several people, latest first, by the key of the person."""
    found: dict[int, list[PersonMerge]] = defaultdict(list)
    for merge in merges_for(actor).filter(kept__in=people).order_by("-pk"):
        found[merge.kept_id].append(merge)
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
