"""Who works on a person has the locks of their addresses, whichever room they come from."""

from collections.abc import Collection, Iterable

from django.db import connection

from apps.inboxes.models import ProviderAccount
from apps.people.models import Identity, canonical_address
from providers.types import Address, AddressScope, Group


def lock_names(account: ProviderAccount, addresses: Iterable[Address]) -> list[str]:
    """Return what to lock so that nobody else works on the people behind these addresses meanwhile."""
    return [_name(account.pk, address.scope, address.value) for address in addresses]


def take_locks(names: Iterable[str]) -> None:
    """Wait until nobody else has one of these locks; ours until the transaction ends.

    Always in the same order, so that two who name the same ones crosswise do not wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[*names]])


_LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY key
) keys
"""


def lock_people(people: Collection[int]) -> None:
    """Wait until nobody else works on these people, by any address they have; ours until the transaction ends."""
    taken: set[str] = set()
    while missing := _names_of(people) - taken:  # one may have come while we waited
        take_locks(missing)
        taken |= missing


def address_of(group: Group) -> Address:
    """Return the address of a group itself."""
    return Address(scope=AddressScope.GROUP, value=group.address)


def _names_of(people: Collection[int]) -> set[str]:
    rows = Identity.objects.filter(person__in=people).values_list("account_id", "scope", "address")
    return {_name(*row) for row in rows}


def _name(account_id: int, scope: str, address: str) -> str:
    """Return what is locked for an address. A number is the same person at every account of ours."""
    if scope == AddressScope.PHONE:
        return f"phone:{canonical_address(scope, address)}"
    return f"{account_id}:{scope}:{address}"
