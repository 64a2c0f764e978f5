"""The addresses of people: found, made, and known to be one person's."""

from collections.abc import Iterable, Sequence

import phonenumbers
from django.db import connection, transaction
from django.db.models import Q

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.models import Identity, Person, canonical_address
from providers.types import Address, AddressScope, Group

NAME_LENGTH = Identity._meta.get_field("display_name").max_length
REACH = (AddressScope.GROUP, AddressScope.PHONE, AddressScope.BSUID, AddressScope.LID)
"""Which kind of address an answer goes to when a person has several: the earlier the better."""


def lock_names(account: ProviderAccount, addresses: Iterable[Address]) -> list[str]:
    """Return what to lock so that nobody else works on the people behind these addresses meanwhile.

    A number is the same person at every account of ours, so its lock is the same too.
    """
    return [
        f"phone:{canonical_address(address.scope, address.value)}"
        if address.scope == AddressScope.PHONE
        else f"{account.pk}:{address.scope}:{address.value}"
        for address in addresses
    ]


def lock_addresses(account: ProviderAccount, addresses: Iterable[Address], group: Group | None = None) -> None:
    """Wait until nobody else works on the people behind these addresses; ours until the transaction ends.

    Always in the same order, so that two who name the same addresses crosswise do not wait for each other.
    """
    take_locks(lock_names(account, addresses if group is None else [*addresses, _address_of(group)]))


def take_locks(names: list[str]) -> None:
    """Take advisory locks in their own order."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [names])


_LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY key
) keys
"""


@transaction.atomic(savepoint=False)
def identity_at(
    *,
    account: ProviderAccount,
    sender: Address,
    aliases: tuple[Address, ...],
    display_name: str,
    username: str = "",
    group: Group | None = None,
    actor: Actor,
) -> Identity:
    """Return the main identity behind an address of this account; it and its person are made when new.

    With `group` it is the identity of the group, which has a person of its own; its members are looked up
    without. Other addresses the provider names with the sender become theirs, and people it proves to be one
    are merged. Call it under `lock_addresses` of all: two first messages at once would make two people.
    """
    require(actor, Scope.PEOPLE_WRITE)
    if group is not None:
        sender, aliases, display_name, username = _address_of(group), (), group.name, ""
    addresses = [address for address in dict.fromkeys((sender, *aliases)) if address.value]
    shown = display_name[:NAME_LENGTH]
    known = _known(account, addresses)
    main = _main_of(known, sender) if known else _new_identity(account, sender, shown, username)
    found = {(row.scope, row.address): row for row in known}
    found[main.scope, main.address] = main
    _attach(main, [address for address in addresses if (address.scope, address.value) not in found], found)
    _follow(main, found, sender, addresses, shown, username)
    return main


def best_address(identity: Identity) -> Address:
    """Return where an answer to a person goes, by the number if there is one that still is theirs."""
    reached = identity.reached_by or identity
    return Address(scope=AddressScope(reached.scope), value=reached.address)


def _address_of(group: Group) -> Address:
    return Address(scope=AddressScope.GROUP, value=group.address)


def _known(account: ProviderAccount, addresses: Sequence[Address]) -> list[Identity]:
    """Return all rows these addresses are known by, in whichever form they were written."""
    forms = Q()
    for address in addresses:
        forms |= Q(scope=address.scope, canonical=canonical_address(address.scope, address.value))
    related = ("person", "reached_by", "alias_of__person", "alias_of__reached_by")
    return list(Identity.objects.filter(forms, account=account).select_related(*related).order_by("pk"))


def _main_of(known: Sequence[Identity], sender: Address) -> Identity:
    """Return the main identity; the sender's own where the rows hang on several."""
    form = canonical_address(sender.scope, sender.value)
    first = next((row for row in known if (row.scope, row.canonical) == (sender.scope, form)), known[0])
    return first.alias_of or first


def _new_identity(account: ProviderAccount, sender: Address, shown: str, username: str) -> Identity:
    """Make an identity; a number that is known at another account of ours is the same person."""
    person = _person_with(sender) or Person.objects.create(name=shown, phone=_phone(sender))
    return Identity.objects.create(
        person=person,
        account=account,
        scope=sender.scope,
        address=sender.value,
        display_name=shown,
        username=username[:NAME_LENGTH],
    )


def _person_with(address: Address) -> Person | None:
    if address.scope != AddressScope.PHONE:
        return None
    form = canonical_address(address.scope, address.value)
    same = Identity.objects.filter(scope=address.scope, canonical=form).select_related("person")
    known = same.order_by("alias_of", "pk").first()
    return known.person if known else None


def _attach(main: Identity, addresses: Sequence[Address], found: dict[tuple[str, str], Identity]) -> None:
    """Let new addresses hang on the main identity, each as it was written."""
    fresh = [
        Identity(
            person_id=main.person_id,
            account_id=main.account_id,
            scope=address.scope,
            address=address.value,
            alias_of=main,
            display_name=main.display_name,
        )
        for address in addresses
    ]
    if fresh:
        found.update(((row.scope, row.address), row) for row in Identity.objects.bulk_create(fresh))


def _follow(
    main: Identity,
    found: dict[tuple[str, str], Identity],
    sender: Address,
    addresses: Sequence[Address],
    shown: str,
    username: str,
) -> None:
    """Write what changed of the main identity, and nothing when nothing did."""
    changes: dict[str, object] = {}
    if shown and main.display_name != shown:
        main.display_name = changes["display_name"] = shown
    if username and main.username != username[:NAME_LENGTH]:
        main.username = changes["username"] = username[:NAME_LENGTH]
    reached = main.reached_by_id or main.pk
    best = min(addresses, key=lambda address: (_rank(address.scope), address != sender))
    row = found[best.scope, best.value]
    if row.pk != reached and _rank(best.scope) <= _rank_of(reached, main):
        main.reached_by = changes["reached_by"] = None if row.pk == main.pk else row
    if changes:
        Identity.objects.filter(pk=main.pk).update(**changes)
    if shown and not main.person.name:
        main.person.name = shown
        Person.objects.filter(pk=main.person_id, name="").update(name=shown)


def _rank(scope: str) -> int:
    return REACH.index(AddressScope(scope)) if scope in REACH else len(REACH)


def _rank_of(reached: int, main: Identity) -> int:
    return _rank(main.scope if reached == main.pk or main.reached_by is None else main.reached_by.scope)


def _phone(address: Address) -> str:
    """Return the number in international form, or nothing when the address is none."""
    if address.scope != AddressScope.PHONE:
        return ""
    try:
        number = phonenumbers.parse(f"+{address.value}")
    except phonenumbers.NumberParseException:
        return f"+{address.value}"[:32]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
