"""The addresses of people: found, made, and known to be one person's."""

from collections.abc import Sequence

import phonenumbers
from django.db import transaction
from django.db.models import Q

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.actions.locks import address_of
from apps.people.actions.merge import prove_one, reach
from apps.people.models import Identity, Person, canonical_address
from providers.types import Address, AddressScope, Group

NAME_LENGTH = Identity._meta.get_field("display_name").max_length


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
        sender, aliases, display_name, username = address_of(group), (), group.name, ""
    main = gather(account=account, sender=sender, aliases=aliases, actor=actor)
    name, label = display_name[:NAME_LENGTH], username[:NAME_LENGTH]
    if main is None:
        main = _make(account, sender, name, label)
        main = gather(account=account, sender=sender, aliases=aliases, actor=actor) if aliases else main
    assert main is not None  # noqa: S101 – its own row at least
    _rename(main, name, label)
    return main


def best_address(identity: Identity) -> Address:
    """Return where an answer to a person goes, by the number if there is one that still is theirs."""
    reached = identity.reached_by or identity
    return Address(scope=AddressScope(reached.scope), value=reached.address)


def gather(*, account: ProviderAccount, sender: Address, aliases: tuple[Address, ...], actor: Actor) -> Identity | None:
    """Return the main identity all these addresses are known by, after what is new was added; None if none is known.

    Nothing is written when nothing is new.
    """
    addresses = [address for address in dict.fromkeys((sender, *aliases)) if address.value]
    known = _known(account, addresses)
    if not known:
        return None
    mains = {main.pk: main for row in known for main in (row.alias_of or row,)}
    found = {(row.scope, row.address) for row in known}
    fresh = [address for address in addresses if (address.scope, address.value) not in found]
    people = {row.person_id for row in (*known, *mains.values())} | _people_with(fresh)
    main = _main_of(known, sender)
    if len(mains) > 1 or len(people) > 1:
        proved = prove_one([*mains.values()], people, actor)
        if proved is None:  # somebody told them apart: only what nobody else has is the sender's
            known = [row for row in known if main.pk in (row.pk, row.alias_of_id)]
            fresh = [address for address in fresh if address == sender]
        main = proved or main
    added = _attach(main, fresh)
    if not main.person.phone:
        _note_number(main.person, fresh)
    asked = {address: place for place, address in enumerate(addresses)}
    named = [row for row in (*known, *added) if Address(scope=AddressScope(row.scope), value=row.address) in asked]
    named.sort(key=lambda row: asked[Address(scope=AddressScope(row.scope), value=row.address)])
    current = main.reached_by or main
    reach(main, [*named, current])
    return main


def _known(account: ProviderAccount, addresses: Sequence[Address]) -> list[Identity]:
    """Return all rows these addresses are known by, in whichever form they were written."""
    forms = Q(pk=None)
    for address in addresses:
        forms |= Q(scope=address.scope, canonical=canonical_address(address.scope, address.value))
    related = ("person", "reached_by", "alias_of__person", "alias_of__reached_by")
    return list(Identity.objects.filter(forms, account=account).select_related(*related).order_by("pk"))


def _main_of(known: Sequence[Identity], sender: Address) -> Identity:
    """Return the main identity; the sender's own where the rows hang on several."""
    form = canonical_address(sender.scope, sender.value)
    first = next((row for row in known if (row.scope, row.canonical) == (sender.scope, form)), known[0])
    return first.alias_of or first


def _people_with(addresses: Sequence[Address]) -> set[int]:
    """Return the people who have one of these numbers at whichever account of ours."""
    numbers = [
        canonical_address(address.scope, address.value) for address in addresses if address.scope == AddressScope.PHONE
    ]
    if not numbers:
        return set()
    rows = Identity.objects.filter(scope=AddressScope.PHONE, canonical__in=numbers)
    return set(rows.values_list("person", flat=True))


def _make(account: ProviderAccount, sender: Address, name: str, label: str) -> Identity:
    """Make an identity; a number that is known at another account of ours is the same person."""
    person = Person.objects.filter(pk__in=_people_with([sender])).order_by("pk").first()
    return Identity.objects.create(
        person=person or Person.objects.create(name=name, phone=international(sender)),
        account=account,
        scope=sender.scope,
        address=sender.value,
        display_name=name,
        username=label,
    )


def _attach(main: Identity, addresses: Sequence[Address]) -> list[Identity]:
    """Let new addresses hang on the main identity, each as it was written."""
    rows = [
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
    return Identity.objects.bulk_create(rows) if rows else []


def _note_number(person: Person, addresses: Sequence[Address]) -> None:
    """Write a number that came to light in the details of somebody who had none."""
    number = next((shown for address in addresses if (shown := international(address))), "")
    if number:
        person.phone = number
        person.save(update_fields=["phone", "phone_key", "updated_at"])


def _rename(main: Identity, name: str, label: str) -> None:
    """Follow the names they show; the name of the person stays once there is one."""
    changes = {
        column: shown
        for column, shown in (("display_name", name), ("username", label))
        if shown and getattr(main, column) != shown
    }
    if changes:
        Identity.objects.filter(pk=main.pk).update(**changes)
        for column, shown in changes.items():
            setattr(main, column, shown)
    if name and not main.person.name:
        Person.objects.filter(pk=main.person_id, name="").update(name=name)


def international(address: Address) -> str:
    """Return the number in international form, or nothing when the address is none."""
    if address.scope != AddressScope.PHONE:
        return ""
    try:
        number = phonenumbers.parse(f"+{address.value}")
    except phonenumbers.NumberParseException:
        return f"+{address.value}"[:32]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
