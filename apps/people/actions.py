"""What is done to people and their identities."""

from collections.abc import Mapping
from typing import Any

import phonenumbers
from django.db import transaction

from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import ProviderAccount
from apps.people.models import Identity, Person
from providers.types import Address, AddressScope

DETAILS = ("name", "region", "email", "phone", "national_id", "birthday", "notes")
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

    Call it under a lock on every address given: two first messages at once would make two people.
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
    if aliases:
        also = {"person": known.person, "account": account, "display_name": shown}
        Identity.objects.bulk_create(
            [Identity(scope=alias.scope, address=alias.value, **also) for alias in aliases], ignore_conflicts=True
        )
    return known


@transaction.atomic
def change_person(*, person: Person, details: Mapping[str, Any], actor: Actor) -> None:
    """Change what we know of somebody; open screens follow.

    Raises: PermissionDenied; ValidationError as the model says.
    """
    require(actor, Scope.PEOPLE_WRITE)
    person = Person.objects.select_for_update().get(pk=person.pk)
    known = [name for name in DETAILS if name in details]
    for name in known:
        setattr(person, name, details[name])
    person.full_clean()
    person.save(update_fields=[*known, "updated_at"])
    announce_person(person)


def announce_person(person: Person) -> None:
    """Tell the open screens that somebody's data or tags changed."""
    live.publish(live.LiveKind.PERSON_CHANGED, person_id=person.pk)


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
