"""The doors of this room."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from apps.core.actors import SYSTEM, Actor, Scope
from apps.people.models import NUMBER_ENDING, Identity, Person, PersonMerge, PersonTag, Tag

MAIN_FIRST = (F("alias_of").asc(nulls_first=True), "pk")
"""An order of identities."""


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
    for identity in identities_for(actor).filter(person__in=people).order_by(*MAIN_FIRST):
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


class Ground(TextChoices):
    """What makes two people look like one, the surest first."""

    PHONE = "phone", _("The same number")
    ADDRESS = "address", _("The same id at a provider")
    NATIONAL_ID = "national_id", _("The same national id")
    EMAIL = "email", _("The same e-mail")
    USERNAME = "username", _("The same username")
    NAME = "name", _("The same name and a similar number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Two people who may be one."""

    ground: Ground
    first: Person
    second: Person


SHARED_BY = 20
"""A number or an e-mail that more people share is a desk's or a school's, and tells nothing of any of them."""


def duplicates_for(actor: Actor, ground: Ground, *, limit: int) -> list[Duplicate]:
    """Return pairs of people who exist for `actor` and look like one, without those somebody told apart."""
    if not actor.can(Scope.PEOPLE_READ):
        return []
    visible, parameters = "true", ()
    if not actor.sees_all:
        own, parameters = people_for(actor).order_by().values("pk").query.sql_with_params()
        visible = f"one.person_id IN ({own}) AND other.person_id IN ({own})"
    with connection.cursor() as cursor:
        query = _PAIRS.format(keys=_KEYS[ground], shared=SHARED_BY, visible=visible)
        cursor.execute(query, [*parameters, *parameters, limit])
        pairs = cursor.fetchall()
    people = people_for(SYSTEM).in_bulk({pk for pair in pairs for pk in pair})
    return [Duplicate(ground=ground, first=people[first], second=people[second]) for first, second in pairs]


# What people are compared by: a key, a person, and the other part of the key.
_KEYS = {
    Ground.PHONE: """
        SELECT phone_key, id, '' FROM people_person WHERE phone_key <> '' AND merged_into_id IS NULL
        UNION SELECT canonical, person_id, '' FROM people_identity WHERE scope = 'phone'
    """,
    Ground.ADDRESS: """
        SELECT DISTINCT canonical, person_id, scope FROM people_identity
        WHERE scope IN ('bsuid', 'lid', 'igsid')
    """,
    Ground.NATIONAL_ID: """
        SELECT regexp_replace(upper(national_id), '[^0-9A-Z]', '', 'g'), id, '' FROM people_person
        WHERE national_id <> '' AND merged_into_id IS NULL
    """,
    Ground.EMAIL: "SELECT lower(email), id, '' FROM people_person WHERE email <> '' AND merged_into_id IS NULL",
    Ground.USERNAME: "SELECT DISTINCT lower(username), person_id, '' FROM people_identity WHERE username <> ''",
    Ground.NAME: f"""
        SELECT search_key(name), id, right(phone_key, {NUMBER_ENDING}) FROM people_person
        WHERE name <> '' AND phone_key <> '' AND merged_into_id IS NULL
    """,  # noqa: S608 – a constant
}
_PAIRS = """
WITH keys (key, person_id, part) AS ({keys}), shared AS MATERIALIZED (
    SELECT key, part, person_id FROM (
        SELECT key, part, person_id, count(*) OVER (PARTITION BY key, part) AS people FROM keys WHERE key <> ''
    ) counted WHERE people BETWEEN 2 AND {shared}
), apart AS MATERIALIZED (
    SELECT coalesce(one.merged_into_id, one.id) AS one_id, coalesce(other.merged_into_id, other.id) AS other_id
    FROM people_differentpeople told
    JOIN people_person one ON one.id = told.first_id JOIN people_person other ON other.id = told.second_id
)
SELECT DISTINCT one.person_id, other.person_id
FROM shared one JOIN shared other USING (key, part)
WHERE one.person_id < other.person_id AND {visible} AND NOT EXISTS (
    SELECT FROM apart WHERE least(one_id, other_id) = one.person_id AND greatest(one_id, other_id) = other.person_id
)
ORDER BY 1, 2 LIMIT %s
"""
