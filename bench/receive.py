"""Webhook to screen: from the first byte of a signed POST to the frame on open sockets, workers and all.

Floor: insert and NOTIFY, a bare loop that takes the row and stores the message, NOTIFY, a frame.
"""

import asyncio
from collections.abc import Sequence

from bench.figures import Figure, Report, Target, milliseconds
from bench.house import House, Line, floor, ours
from bench.traffic import SCREENS, Bare, Face, Ours, Traffic

PER_SECOND = 20
SECONDS = {"floor": 3, "ours": 7}
P95 = Target(at_most=60)


def figures(name: str, p95: Target = P95) -> list[Figure]:
    """Return p50, p95 and p99 of one way."""
    shares = {"p50": None, "p95": p95, "p99": None}
    return [Figure(name=f"{name} {share}", unit="ms", target=target) for share, target in shares.items()]


def record(into: Sequence[Figure], place: str, taken: Sequence[float]) -> None:
    for figure, share in zip(into, (0.5, 0.95, 0.99), strict=True):
        getattr(figure, place).append(milliseconds(taken, share))


def faces(house: House, bare: Line, line: Line) -> dict[str, tuple[Line, Face]]:
    return {"floor": (bare, Bare()), "ours": (line, Ours(house, line))}


def run(house: House, rounds: int) -> Report:
    """Measure at a steady pace with nothing else going on."""
    way = figures("webhook → screen")
    house.empty()
    with floor(house) as bare, ours(house) as line:
        for _ in range(rounds):
            for place, (where, face) in faces(house, bare, line).items():
                record(way, place, asyncio.run(_round(house, where, face, SECONDS[place])))
    return Report(f"A message comes in, {PER_SECOND}/s, {SCREENS} screens", way)


async def _round(house: House, line: Line, face: Face, seconds: int) -> list[float]:
    async with Traffic(house, line, face) as traffic:
        return await traffic.receive(per_second=PER_SECOND, count=PER_SECOND * seconds)
