"""Many people at once, where nothing about them needs a second look."""

from collections import Counter
from collections.abc import Collection, Mapping

from django.db.models import Q

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.actions.identities import NAME_LENGTH, international
from apps.people.models import Identity, Person, canonical_address
from providers.types import Address, AddressScope


def identities_at(*, account: ProviderAccount, senders: Mapping[Address, str], actor: Actor) -> dict[Address, Identity]:
    """Return the main identities behind addresses, each with the name that is shown; made when nobody has them.

    Left out are those about whom there is more to say: another name, several addresses, a number known at another
    account of ours. `identity_at` knows what to do about them. Call it under `lock_addresses` of all.
    """
    require(actor, Scope.PEOPLE_WRITE)
    forms = {address: (str(address.scope), canonical_address(address.scope, address.value)) for address in senders}
    rows = _rows(account, forms.values())
    taken = Counter((row.scope, row.canonical) for row in rows)
    taken.update(forms.values())
    found = {
        (row.scope, row.address): row
        for row in rows
        if row.account_id == account.pk and taken[row.scope, row.canonical] == 2 and _is_plain(row)  # it and the asked
    }
    known = {address: found[_key(address)] for address in senders if _key(address) in found}
    new = {address: name[:NAME_LENGTH] for address, name in senders.items() if taken[forms[address]] == 1}
    same = {address: row for address, row in known.items() if _is_called(row, senders[address][:NAME_LENGTH])}
    return {**same, **_make(account, new)}


def _key(address: Address) -> tuple[str, str]:
    return address.scope, address.value


def _rows(account: ProviderAccount, forms: Collection[tuple[str, str]]) -> list[Identity]:
    """Return who is known by these forms: at this account, and numbers anywhere."""
    canonical = [form for _, form in forms]
    here = Q(account=account) | Q(scope=AddressScope.PHONE)
    scopes = {scope for scope, _ in forms}
    return list(Identity.objects.filter(here, scope__in=scopes, canonical__in=canonical).select_related("person"))


def _is_plain(row: Identity) -> bool:
    is_alone = row.alias_of_id is None and row.reached_by_id is None and not row.is_unsettled
    return is_alone and row.left_at is None and not row.group_address


def _is_called(row: Identity, name: str) -> bool:
    return not name or (row.display_name == name and bool(row.person.name))


def _make(account: ProviderAccount, new: Mapping[Address, str]) -> dict[Address, Identity]:
    people = Person.objects.bulk_create(
        [Person(name=name, phone=international(address)) for address, name in new.items()]
    )
    rows = [
        Identity(person=person, account=account, scope=address.scope, address=address.value, display_name=name)
        for person, (address, name) in zip(people, new.items(), strict=True)
    ]
    return dict(zip(new, Identity.objects.bulk_create(rows), strict=True))
