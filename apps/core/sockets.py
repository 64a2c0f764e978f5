"""How much a socket may say, and how many one user or application may hold open in this process."""

import time
from collections import Counter

FRAME_BYTES = 64 * 1024
FRAMES_PER_SECOND = 20
FRAME_BURST = 50


class Allowance:
    """A bucket of frames that refills with time."""

    def __init__(self) -> None:
        self._left = float(FRAME_BURST)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take one frame; False when the bucket is empty."""
        now = time.monotonic()
        self._left = min(FRAME_BURST, self._left + (now - self._at) * FRAMES_PER_SECOND) - 1
        self._at = now
        return self._left >= 0


class Places:
    """The sockets that are open, counted by whose they are."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[int] = Counter()

    def take(self, owner: int) -> bool:
        """Take a place; False when this owner has none left."""
        if self._taken[owner] >= self.most:
            return False
        self._taken[owner] += 1
        return True

    def give_back(self, owner: int) -> None:
        """Free a place that was taken."""
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]

    def count(self) -> int:
        """Return how many are taken."""
        return self._taken.total()
