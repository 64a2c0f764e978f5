"""Lists page by page: a cursor names the row after which the next page begins, so that nothing shifts."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import strawberry
from django.utils.translation import gettext as _
from strawberry.relay import PageInfo

from graphql_api.errors import BadInput
from graphql_api.limits import MAX_PAGE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LONGEST = 100


@strawberry.type(description="One entry of a list, and its place in it.")
class Edge[Node]:
    cursor: str
    node: Node


def to_cursor(order: str, moment: datetime, pk: int) -> str:
    """Return the place of a row in an order."""
    return base64.urlsafe_b64encode(f"{order}:{(moment - EPOCH) // MICROSECOND}:{pk}".encode()).decode()


def read_cursor(text: str, order: str, *, field: str) -> tuple[datetime, int]:
    """Return the moment and the key in a cursor. Raises BadInput when it is not one of this order."""
    try:
        named, *numbers = base64.urlsafe_b64decode(text[:LONGEST]).decode("ascii").split(":")
        micros, pk = (int(number) for number in numbers)
        moment = EPOCH + micros * MICROSECOND
    except (binascii.Error, UnicodeError, ValueError, OverflowError):
        named, moment, pk = "", EPOCH, 0
    if not named or named != order or to_cursor(named, moment, pk) != text:
        raise BadInput(_("This is not a cursor of this list."), code="invalid_cursor", field=field)
    return moment, pk


def page_size(asked: int | None, default: int) -> int:
    """Return how many entries a page has. Raises BadInput above the limit."""
    size = default if asked is None else asked
    if not 1 <= size <= MAX_PAGE:
        raise BadInput(_("A page has 1 to %(limit)s entries.") % {"limit": MAX_PAGE}, code="page_size")
    return size


def edges_of[Row, Node](
    rows: Sequence[Row], node: Callable[[Row], Node], cursor: Callable[[Row], str]
) -> list[Edge[Node]]:
    """Return the entries of a page."""
    return [Edge(cursor=cursor(row), node=node(row)) for row in rows]


def page_info[Node](edges: Sequence[Edge[Node]], *, has_next: bool, has_previous: bool) -> PageInfo:
    """Return where a page begins and ends, and whether there is more."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
