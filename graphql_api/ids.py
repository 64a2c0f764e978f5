"""Ids as clients hold them: opaque, and each knows what it is the id of."""

import base64
import binascii

import strawberry
from django.utils.translation import gettext as _

from graphql_api.errors import BadInput

LONGEST = 60


def to_id(kind: str, pk: int) -> strawberry.ID:
    """Return the id of one thing, such as to_id("Conversation", 5)."""
    return strawberry.ID(base64.b64encode(f"{kind}:{pk}".encode()).decode())


def maybe_id(kind: str, pk: int | None) -> strawberry.ID | None:
    """Return the id of something that may not be there."""
    return None if pk is None else to_id(kind, pk)


def pk_of(text: str, kind: str, *, field: str = "id") -> int:
    """Return the key in an id of this kind. Raises BadInput: a message's id is no conversation's."""
    try:
        named, _colon, number = base64.b64decode(text[:LONGEST], validate=True).decode("ascii").partition(":")
        pk = int(number) if number.isdigit() and len(number) < 19 else -1
    except (binascii.Error, UnicodeError, ValueError):
        named, pk = "", -1
    if named != kind or to_id(kind, pk) != text:
        raise BadInput(_("This is not the id of a %(kind)s.") % {"kind": kind}, code="invalid_id", field=field)
    return pk
