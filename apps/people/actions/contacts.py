"""What providers tell of people besides their messages."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.actions.identities import NAME_LENGTH, gather, identity_at, international
from apps.people.actions.locks import lock_names, take_locks
from apps.people.actions.merge import reach
from apps.people.actions.people import announce_person
from apps.people.models import Identity, Person, canonical_number
from providers.types import Address, AddressesChanged, AddressScope, ContactSynced, MarketingPreference


@transaction.atomic(savepoint=False)
def apply_addresses_changed(*, account: ProviderAccount, change: AddressesChanged, actor: Actor) -> Identity | None:
    """Note that a number or an id of somebody changed, or that another came to light; None when nobody has them.

    What they had stays an address of theirs: what comes late from there is still theirs. Answers go to what
    they have now.
    """
    require(actor, Scope.PEOPLE_WRITE)
    known, now = change.known, change.now
    take_locks(lock_names(account, (known, *now)))
    main = gather(account=account, sender=known, aliases=now, actor=actor)
    if main is None:
        return None
    family = list(Identity.objects.filter(Q(pk=main.pk) | Q(alias_of=main)))
    current = [row for row in family if _is_one_of(row, now)]
    gone = [row for row in family if _is_one_of(row, (known,)) and any(row.scope == new.scope for new in current)]
    _leave(gone, current)
    if current:
        main = Identity.objects.select_related("person", "reached_by").get(pk=main.pk)
        reach(main, sorted(current, key=Identity.reach))
        _follow_number(main.person, known, now)
    announce_person(main.person)
    return main


@transaction.atomic(savepoint=False)
def apply_contact_synced(*, account: ProviderAccount, contact: ContactSynced, actor: Actor) -> Identity | None:
    """Take the name somebody has in the address book of a phone of ours, unless an operator gave them another.

    Whoever is taken out of the address book stays who they are: None.
    """
    require(actor, Scope.PEOPLE_WRITE)
    if contact.is_removed:
        return None
    take_locks(lock_names(account, (contact.address, *contact.aliases)))
    known = gather(account=account, sender=contact.address, aliases=contact.aliases, actor=actor)
    shown, name = (known.display_name if known else ""), contact.name[:NAME_LENGTH]
    identity = known or identity_at(
        account=account, sender=contact.address, aliases=contact.aliases, display_name=name, actor=actor
    )
    if known and name:
        unwritten = Q(name="") | Q(name=shown)
        if Person.objects.filter(unwritten, pk=known.person_id).exclude(name=name).update(name=name, updated_at=Now()):
            announce_person(known.person)
    return identity


@transaction.atomic(savepoint=False)
def set_marketing_preference(*, account: ProviderAccount, preference: MarketingPreference, actor: Actor) -> Identity:
    """Note that somebody wants no more marketing, or takes it again; what was said later stands."""
    require(actor, Scope.PEOPLE_WRITE)
    take_locks(lock_names(account, (preference.person,)))
    identity = identity_at(account=account, sender=preference.person, aliases=(), display_name="", actor=actor)
    said = preference.provider_time or timezone.now()
    family = Identity.objects.filter(Q(pk=identity.pk) | Q(alias_of=identity))
    later = family.filter(Q(marketing_told_at=None) | Q(marketing_told_at__lte=said))
    stopped = None if preference.is_allowed else said
    if later.update(marketing_told_at=said, marketing_stopped_at=stopped):
        announce_person(identity.person)
    return identity


def _is_one_of(row: Identity, addresses: tuple[Address, ...]) -> bool:
    return any((row.scope, row.address) == (address.scope, address.value) for address in addresses)


def _leave(gone: list[Identity], current: list[Identity]) -> None:
    """Note which addresses are no longer theirs; one they came back to is."""
    forms = {(row.scope, row.canonical) for row in current}
    left = [row for row in gone if (row.scope, row.canonical) not in forms]
    Identity.objects.filter(pk__in=[row.pk for row in left], left_at=None).update(left_at=Now())
    Identity.objects.filter(pk__in=[row.pk for row in current]).exclude(left_at=None).update(left_at=None)
    for row in current:
        row.left_at = None


def _follow_number(person: Person, known: Address, now: tuple[Address, ...]) -> None:
    """Let the number in somebody's details follow, if it is the one that changed."""
    new = next((address for address in now if address.scope == AddressScope.PHONE), None)
    if known.scope == AddressScope.PHONE and new and person.phone_key == canonical_number(known.value):
        person.phone = international(new)
        person.save(update_fields=["phone", "phone_key", "updated_at"])
