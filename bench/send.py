"""Operator to provider: from the first byte of the POST to the request at the Graph-shaped server.

As many messages come in at the same time, and every send is reported sent, delivered and read by webhooks.
Floor: insert and NOTIFY, a bare loop that takes the row, one POST with aiohttp; the same webhooks.
"""

import asyncio

from bench.figures import Report
from bench.house import House, Line, floor, ours
from bench.receive import PER_SECOND, SECONDS, faces, figures, record
from bench.traffic import Face, Traffic

STATUSES = "sent,delivered,read"


def run(house: House, rounds: int) -> Report:
    """Measure both ways at once."""
    out, back = figures("send → provider"), figures("webhook → screen meanwhile")
    house.empty()
    with floor(house, statuses=STATUSES) as bare, ours(house, statuses=STATUSES) as line:
        for _ in range(rounds):
            for place, (where, face) in faces(house, bare, line).items():
                sent, received = asyncio.run(_round(house, where, face, SECONDS[place]))
                record(out, place, sent)
                record(back, place, received)
    title = f"An operator answers, {PER_SECOND}/s, with {PER_SECOND}/s coming in and three statuses of each"
    return Report(title, [*out, *back])


async def _round(house: House, line: Line, face: Face, seconds: int) -> tuple[list[float], list[float]]:
    count = PER_SECOND * seconds
    async with Traffic(house, line, face) as traffic:
        return await asyncio.gather(
            traffic.send(per_second=PER_SECOND, count=count), traffic.receive(per_second=PER_SECOND, count=count)
        )
