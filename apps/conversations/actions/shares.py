"""Who gets the hands that are free: a provider that hangs must not take all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence

CANDIDATES = 200
"""How many that are due are looked at, so that one account with many does not hide the others."""


def share_out(due: Iterable[tuple[int, int]], *, room: int, busy: Sequence[int], most: int) -> list[int]:
    """Return the keys to take of (key, account) pairs that are due, in their order.

    No account gets more than `most` at once; `busy` has the account of each that is under way.
    """
    taken = Counter(busy)
    chosen: list[int] = []
    for pk, account_id in due:
        if len(chosen) == room:
            break
        if taken[account_id] < most:
            taken[account_id] += 1
            chosen.append(pk)
    return chosen
