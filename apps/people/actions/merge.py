"""Two people turn out to be one, or one to be two."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.people.actions.followers import move_back, move_identities, move_rows
from apps.people.actions.locks import lock_people
from apps.people.actions.people import DETAILS, announce_person
from apps.people.models import REACH, DifferentPeople, Identity, Person, PersonMerge
from apps.people.queries import people_for

Reason = PersonMerge.Reason


@transaction.atomic
def merge_persons(*, kept: Person, merged: Person, reason: Reason, actor: Actor) -> PersonMerge:
    """Make one person of two: everything of `merged` becomes `kept`'s, and `merged` exists for no door any more.

    What is blank in `kept` is filled from `merged`. Two addresses of different kinds at one account become one
    identity; two numbers stay two, for each may be answered at its own. `unmerge_persons` takes all of it back.
    Raises: PermissionDenied, also for people who do not exist for the actor; ValidationError code "same_person",
            "merged_already".
    """
    require(actor, Scope.PEOPLE_WRITE)
    if kept.pk == merged.pk:
        raise ValidationError(_("This is the same person already."), code="same_person")
    lock_people({kept.pk, merged.pk})
    found = _both(kept.pk, merged.pk)
    if any(person.merged_into_id for person in found.values()):
        raise ValidationError(_("One of them was merged with somebody meanwhile."), code="merged_already")
    if people_for(actor).filter(pk__in=found).count() < 2:
        raise PermissionDenied(_("You may not do this."))
    DifferentPeople.objects.filter(_pair(kept, merged)).delete()
    return _merge(found[kept.pk], found[merged.pk], reason, actor)


@transaction.atomic
def unmerge_persons(*, merge: PersonMerge, actor: Actor) -> Person:
    """Undo a merge: whatever moved and still is where it was put goes back; return the person who is there again.

    The two count as different people from then on, also for the providers' proofs.
    Raises: PermissionDenied, also when the kept one does not exist for the actor; ValidationError code
            "undone_already".
    """
    require(actor, Scope.PEOPLE_WRITE)
    lock_people(_chain(merge.kept_id))
    merge = PersonMerge.objects.select_for_update(of=["self"]).select_related("kept", "merged").get(pk=merge.pk)
    if merge.undone_at is not None:
        raise ValidationError(_("This merge was undone already."), code="undone_already")
    holder = Person.objects.select_for_update().get(pk=_chain(merge.kept_id)[-1])
    if not people_for(actor).filter(pk=holder.pk).exists():
        raise PermissionDenied(_("You may not do this."))
    back = merge.merged
    _part_identities(merge, holder)
    move_back(merge.moved["rows"], source=holder.pk, target=back.pk)
    _take_details_back(merge, holder)
    Person.objects.filter(pk=back.pk).update(merged_into=None)
    PersonMerge.objects.filter(pk=merge.pk).update(undone_at=Now(), undone_by=actor.user_id)
    tell_apart(first=merge.kept, second=back, actor=actor)
    back.refresh_from_db()
    for person in (holder, back):
        announce_person(person)
    return back


@transaction.atomic
def tell_apart(*, first: Person, second: Person, actor: Actor) -> None:
    """Remember that these are two: the report shows them no more, and no provider joins them."""
    require(actor, Scope.PEOPLE_WRITE)
    low, high = sorted((first.pk, second.pk))
    row = DifferentPeople(first_id=low, second_id=high, user_id=actor.user_id)
    DifferentPeople.objects.bulk_create([row], ignore_conflicts=True)


def prove_one(mains: Sequence[Identity], people: set[int], actor: Actor) -> Identity | None:
    """Make one of the identities a provider says are one person's, and of their people; return the main one.

    None when somebody told these people apart: a person's word counts more. Call it under the locks of the
    addresses.
    """
    lock_people(people)
    main = min(mains, key=lambda identity: identity.pk)
    kept = main.person
    found = _both(*people)
    others = [found[pk] for pk in sorted(people - {kept.pk})]
    if any(_told_apart(kept, other) for other in others):
        return None
    for other in others:
        theirs = [identity for identity in mains if identity.person_id == other.pk]
        _merge(found[kept.pk], other, Reason.PROVED, actor, proved=[(identity, main) for identity in theirs])
    same = [identity for identity in mains if identity.person_id == kept.pk and identity.pk != main.pk]
    for identity in same:
        _hang(identity, main)
    main.person = found[kept.pk]
    return main


def _merge(
    kept: Person,
    merged: Person,
    reason: Reason,
    actor: Actor,
    *,
    proved: Sequence[tuple[Identity, Identity]] = (),
) -> PersonMerge:
    identities = list(Identity.objects.filter(person=merged).order_by("pk").values_list("pk", flat=True))
    pairs = [*proved, *_complements(kept, merged, but={identity.account_id for identity, _main in proved})]
    move_identities(identities, kept.pk)
    if (
        Identity.objects.filter(pk__in=identities, alias_of__person=kept)
        .exclude(alias_of__in=identities)
        .update(is_unsettled=True)
    ):
        enqueue(Job.FOLLOW_IDENTITIES)  # other forms of a number of the kept one, from before forms were known
    hung = {pk: before for identity, main in pairs for pk, before in _hang(identity, main).items()}
    rows = move_rows(source=merged.pk, target=kept.pk)
    filled = _fill(kept, merged)
    Person.objects.filter(pk=merged.pk).update(merged_into=kept)
    merge = PersonMerge.objects.create(
        kept=kept,
        merged=merged,
        reason=reason,
        user_id=actor.user_id,
        moved={"identities": identities, "aliases": hung, "rows": rows},
        filled=filled,
    )
    for person in (kept, merged):
        announce_person(person)
    return merge


def _both(*people: int) -> dict[int, Person]:
    return {person.pk: person for person in Person.objects.select_for_update().filter(pk__in=people).order_by("pk")}


def _pair(one: Person, other: Person) -> Q:
    low, high = sorted((one.pk, other.pk))
    return Q(first=low, second=high)


def _told_apart(one: Person, other: Person) -> bool:
    """Tell whether somebody said that these are two, of themselves or of whom was merged into them."""
    roots = {"one": Coalesce("first__merged_into", "first"), "other": Coalesce("second__merged_into", "second")}
    pairs = DifferentPeople.objects.annotate(**roots)
    return pairs.filter(Q(one=one.pk, other=other.pk) | Q(one=other.pk, other=one.pk)).exists()


def _chain(person_id: int) -> list[int]:
    """Return somebody and those they were merged into, one after the other."""
    chain = [person_id]
    while following := Person.objects.filter(pk=chain[-1]).values_list("merged_into", flat=True).get():
        chain.append(following)
    return chain


def _complements(kept: Person, merged: Person, but: set[int]) -> list[tuple[Identity, Identity]]:
    """Pair what at one account can only be two names of one: a number here, an id without a number there."""
    found: dict[int, list[Identity]] = {}
    rows = Identity.objects.filter(person__in=[kept, merged]).exclude(account__in=but)
    for row in rows.select_related("reached_by").order_by("pk"):
        found.setdefault(row.account_id, []).append(row)
    pairs = []
    for family in found.values():
        sides = [[row for row in family if row.person_id == person.pk] for person in (merged, kept)]
        mains = [[row for row in side if row.alias_of_id is None] for side in sides]
        scopes = [{row.scope for row in side} for side in sides]
        if len(mains[0]) == len(mains[1]) == 1 and scopes[0] | scopes[1] <= {*REACH} and not scopes[0] & scopes[1]:
            pairs.append((mains[0][0], mains[1][0]))
    return pairs


def _hang(identity: Identity, main: Identity) -> dict[str, int | None]:
    """Make a main identity and what hangs on it other addresses of `main`; return what each hung on before."""
    rows = Identity.objects.filter(Q(pk=identity.pk) | Q(alias_of=identity))
    before = {str(pk): hung_on for pk, hung_on in rows.values_list("pk", "alias_of")}
    rows.update(alias_of=main, is_unsettled=True)
    enqueue(Job.FOLLOW_IDENTITIES)
    reach(main, [main.reached_by or main, identity.reached_by or identity])
    return before


def reach(main: Identity, among: Sequence[Identity]) -> None:
    """Let answers go to the best of these addresses, the first of equals."""
    best = min(among, key=Identity.reach)
    if best.pk != (main.reached_by_id or main.pk):
        main.reached_by = None if best.pk == main.pk else best
        Identity.objects.filter(pk=main.pk).update(reached_by=main.reached_by)


def _part_identities(merge: PersonMerge, holder: Person) -> None:
    """Give the addresses back that moved, with those that were found of them since."""
    mine = Identity.objects.filter(person=holder)
    hung = {int(pk): before for pk, before in merge.moved["aliases"].items()}
    own = Q(alias_of=None) | Q(alias_of__in=merge.moved["identities"]) | Q(pk__in=hung)  # no form of another's number
    moved = list(mine.filter(own, pk__in=merge.moved["identities"]))
    forms = Q()
    for row in moved:
        forms |= Q(account=row.account_id, scope=row.scope, canonical=row.canonical)
    keys = {row.pk for row in moved}
    later = set(mine.filter(Q(alias_of__in=keys) | forms).values_list("pk", flat=True)) if moved else set()
    left = set(Identity.objects.filter(aliases__in=[pk for pk in hung if pk in keys]).values_list("pk", flat=True))
    for row in moved:
        if row.pk in hung:
            Identity.objects.filter(pk=row.pk).update(alias_of=hung[row.pk], is_unsettled=True)
    for row in mine.filter(pk__in=later - keys, alias_of__in=left):  # other forms of a number that goes back
        main = next(own for own in moved if (own.scope, own.canonical) == (row.scope, row.canonical))
        Identity.objects.filter(pk=row.pk).update(alias_of=hung.get(main.pk, main.alias_of_id) or main.pk)
    move_identities(keys | later, merge.merged_id)
    if hung:
        enqueue(Job.FOLLOW_IDENTITIES)
    for main in Identity.objects.filter(pk__in=left, reached_by__person=merge.merged_id):
        reach(main, [main, *main.aliases.order_by("-pk")])


def _fill(kept: Person, merged: Person) -> dict[str, Any]:
    """Fill what is blank in `kept`; return what was filled."""
    filled = {name: getattr(merged, name) for name in DETAILS if not getattr(kept, name) and getattr(merged, name)}
    for name, value in filled.items():
        setattr(kept, name, value)
    if filled:
        kept.save(update_fields=[*filled, "phone_key", "updated_at"])
    return {name: value if isinstance(value, str) else value.isoformat() for name, value in filled.items()}


def _take_details_back(merge: PersonMerge, holder: Person) -> None:
    """Blank again what the merge filled and nobody changed."""
    blanked = []
    for name, text in merge.filled.items():
        is_date = name == "birthday"
        if getattr(holder, name) == (parse_date(text) if is_date else text):
            setattr(holder, name, None if is_date else "")
            blanked.append(name)
    if blanked:
        holder.save(update_fields=[*blanked, "phone_key", "updated_at"])
