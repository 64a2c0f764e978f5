"""How sure a share is: the interval it lies in, nineteen times out of twenty."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
WORST, BEST = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A measured value, and between which bounds the true one lies."""

    value: float
    low: float
    high: float

    def is_above(self, other: "Interval") -> bool:
        """Tell whether it is the greater one beyond what chance explains: the intervals do not touch."""
        return self.low > other.high


def wilson(successes: float, count: int) -> Interval | None:
    """Return the share of successes with Wilson's interval; None of nothing.

    Why: unlike the mean plus and minus its error it never leaves 0 to 1, and it is honest where there are few.
    """
    if not count:
        return None
    share, square = successes / count, Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    reach = Z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return Interval(value=share, low=max(middle - reach, 0.0), high=min(middle + reach, 1.0))


def mean_rating(total: int, count: int) -> Interval | None:
    """Return the mean of ratings from 1 to 5 with its interval; None of nothing.

    Why: a mean between bounds never varies more than a share does, so Wilson's interval is wide enough, also where
         all ratings are the same.
    """
    spread = BEST - WORST
    part = wilson((total - WORST * count) / spread, count)
    if part is None:
        return None
    value, low, high = (WORST + spread * bound for bound in (part.value, part.low, part.high))
    return Interval(value=value, low=low, high=high)
