"""Operator to provider: from the first byte of the POST to the request at the Graph-shaped server.

As many messages come in at the same time. Then once more while the provider tells of each message that it is
sent, delivered and read: three more webhooks for each answer, a hundred events a second in all.
Floor: insert and NOTIFY, a bare loop that takes the row, one POST with aiohttp; the same webhooks.
"""

import asyncio

from bench.figures import Figure, Report
from bench.house import House, Line, floor, ours
from bench.receive import PER_SECOND, SECONDS, faces, figures, record
from bench.traffic import Face, Traffic

STATUSES = "sent,delivered,read"


def run(house: House, rounds: int) -> Report:
    """Measure both ways at once, without and with the provider's statuses."""
    measured = [
        *_measured(house, rounds, statuses=""),
        *_measured(house, rounds, statuses=STATUSES, more=" + statuses"),
    ]
    return Report(f"An operator answers, {PER_SECOND}/s, while {PER_SECOND}/s come in", measured)


def _measured(house: House, rounds: int, *, statuses: str, more: str = "") -> list[Figure]:
    out, back = figures(f"send → provider{more}"), figures(f"webhook → screen meanwhile{more}")
    house.empty()
    with floor(house, statuses=statuses) as bare, ours(house, statuses=statuses) as line:
        for _ in range(rounds):
            for place, (where, face) in faces(house, bare, line).items():
                sent, received = asyncio.run(_round(house, where, face, SECONDS[place]))
                record(out, place, sent)
                record(back, place, received)
    return [*out, *back]


async def _round(house: House, line: Line, face: Face, seconds: int) -> tuple[list[float], list[float]]:
    count = PER_SECOND * seconds
    async with Traffic(house, line, face) as traffic:
        return await asyncio.gather(
            traffic.send(per_second=PER_SECOND, count=count), traffic.receive(per_second=PER_SECOND, count=count)
        )
