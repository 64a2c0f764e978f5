"""Reading for all rows of a page at once what one of them is asked for."""

from collections.abc import Callable, Hashable, Mapping
from typing import cast

from django.db import models


def batched[Row: models.Model, Found](
    row: Row, name: Hashable, read: Callable[[list[Row]], Mapping[int, list[Found]]]
) -> list[Found]:
    """Return what `read` finds for this row, asking once for all rows that came in the same query.

    Why:    a list of fifty messages asks for attachments fifty times, and the database once.
    Shape:  `read` maps keys to what was found; the query of the rows has fetch_mode(FETCH_PEERS).
    """
    known: dict[Hashable, list[Found]] = row.__dict__.setdefault("_batched", {})
    if name not in known:
        peers = [cast("Row", peer) for reference in row._state.peers if (peer := reference()) is not None]
        results = read(peers or [row])
        for peer in peers or [row]:
            peer.__dict__.setdefault("_batched", {})[name] = results.get(peer.pk, [])
    return known[name]
