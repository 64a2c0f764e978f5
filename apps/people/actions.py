"""What is done to people and their identities."""

import phonenumbers
from django.db import transaction

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.models import Identity, Person
from providers.types import Address, AddressScope

NAME_LENGTH = Identity._meta.get_field("display_name").max_length


@transaction.atomic(savepoint=False)
def identity_at(
    *,
    account: ProviderAccount,
    sender: Address,
    aliases: tuple[Address, ...],
    display_name: str,
    actor: Actor,
) -> Identity:
    """Return the identity behind an address of this account; it and its person are made when new.

    Call it under a lock on the address: two first messages at once would make two people.
    """
    require(actor, Scope.PEOPLE_WRITE)
    shown = display_name[:NAME_LENGTH]
    known = _known(account, sender)
    if known is None:
        person = _person_of(account, aliases) or Person.objects.create(name=shown, phone=_phone(sender))
        known = Identity.objects.create(
            person=person, account=account, scope=sender.scope, address=sender.value, display_name=shown
        )
    elif shown and known.display_name != shown:
        Identity.objects.filter(pk=known.pk).update(display_name=shown)
    if shown and not known.person.name:
        Person.objects.filter(pk=known.person_id, name="").update(name=shown)
    for alias in aliases:
        Identity.objects.bulk_create(
            [
                Identity(
                    person=known.person,
                    account=account,
                    scope=alias.scope,
                    address=alias.value,
                    display_name=shown,
                )
            ],
            ignore_conflicts=True,
        )
    return known


def _known(account: ProviderAccount, address: Address) -> Identity | None:
    return (
        Identity.objects.select_related("person")
        .filter(account=account, scope=address.scope, address=address.value, group_address="")
        .first()
    )


def _person_of(account: ProviderAccount, aliases: tuple[Address, ...]) -> Person | None:
    for alias in aliases:
        if known := _known(account, alias):
            return known.person
    return None


def _phone(address: Address) -> str:
    """Return the number in international form, or nothing when the address is none."""
    if address.scope != AddressScope.PHONE:
        return ""
    try:
        number = phonenumbers.parse(f"+{address.value}")
    except phonenumbers.NumberParseException:
        return f"+{address.value}"[:32]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
