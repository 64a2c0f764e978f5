"""What belongs to a person in whatever room, and moves when they turn out to be another.

Rooms above this one are found by their foreign keys. What hangs on an identity goes where the identity goes;
what hangs on the person alone is written down row by row, to find it again.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from django.db.models import Exists, Model, OuterRef, QuerySet, UniqueConstraint

from apps.people.models import DifferentPeople, Identity, Person, PersonMerge

type Moved = dict[str, list[int]]
_KEPT_APART = (Identity, Person, PersonMerge, DifferentPeople)


class Follower(NamedTuple):
    """A foreign key to people."""

    model: type[Model]
    person: str
    identity: str | None  #: the key to the identity beside it

    @property
    def label(self) -> str:
        """The name of the key in the history."""
        return f"{self.model._meta.label_lower}.{self.person}"

    def rows(self, person_id: int) -> QuerySet[Any]:
        """Return what belongs to somebody."""
        return self.model._base_manager.filter(**{self.person: person_id})


def followers() -> Iterator[Follower]:
    """Find every foreign key to people outside of what a merge itself writes."""
    for relation in Person._meta.get_fields(include_hidden=True):
        model = relation.related_model
        if not relation.auto_created or relation.concrete or relation.many_to_many or not isinstance(model, type):
            continue
        if model not in _KEPT_APART:
            keys = (key for key in model._meta.fields if key.related_model is Identity and key.name == "identity")
            yield Follower(model, relation.field.name, next((key.name for key in keys), None))  # type: ignore[union-attr]


def move_identities(identity_ids: Collection[int], person_id: int) -> None:
    """Give addresses to a person, and with them what hangs on them."""
    Identity.objects.filter(pk__in=identity_ids).update(person=person_id)
    for follower in followers():
        if follower.identity:
            rows = follower.model._base_manager.filter(**{f"{follower.identity}__in": identity_ids})
            rows.exclude(**{follower.person: person_id}).update(**{follower.person: person_id})


def move_rows(*, source: int, target: int) -> Moved:
    """Give somebody else's rows to a person, but for those they have the like of; return what moved."""
    moved: Moved = {}
    for follower in followers():
        if follower.identity is None:
            rows = _without_likes(follower, follower.rows(source), target)
            if keys := list(rows.order_by("pk").values_list("pk", flat=True)):
                follower.model._base_manager.filter(pk__in=keys).update(**{follower.person: target})
                moved[follower.label] = keys
    return moved


def move_back(moved: Mapping[str, list[int]], *, source: int, target: int) -> None:
    """Give rows back that are still where they were put."""
    for follower in followers():
        if keys := moved.get(follower.label):
            rows = _without_likes(follower, follower.rows(source).filter(pk__in=keys), target)
            follower.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True))).update(
                **{follower.person: target}
            )


def _without_likes(follower: Follower, rows: QuerySet[Any], target: int) -> QuerySet[Any]:
    """Leave out the rows that the target may not have twice."""
    for constraint in follower.model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and follower.person in constraint.fields:
            others = {name: OuterRef(name) for name in constraint.fields if name != follower.person}
            rows = rows.exclude(Exists(follower.rows(target).filter(**others)))
    return rows
