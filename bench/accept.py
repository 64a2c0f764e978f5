"""Webhook accept: a signed POST of 1.2 KB, durable before its 200.

Floor: raw ASGI on the same uvicorn, HMAC, one INSERT into the same table through a psycopg pool, no ring.
Ours runs without workers, since a burst is theirs to process afterwards.
"""

import asyncio
from collections.abc import Sequence

from bench import talk
from bench.figures import Figure, Report, Target, milliseconds
from bench.house import House, floor, ours
from bench.load import Poster, connections, flood, repeated, steadily

AT_ONCE = 32
FLOOD_SECONDS = 2.5
PER_SECOND = 50
STEADY_SECONDS = 2


def run(house: House, rounds: int) -> Report:
    """Measure how many webhooks a second are taken, and how long one takes."""
    rate = Figure(name=f"accepted, {AT_ONCE} at once", unit="1/s", ratio_target=Target(at_least=0.5))
    full = [Figure(name=f"{AT_ONCE} at once {name}", unit="ms") for name in ("p50", "p99")]
    calm = [Figure(name=f"at {PER_SECOND}/s {name}", unit="ms") for name in ("p50", "p99")]
    house.empty()
    with floor(house, with_workers=False) as bare, ours(house, with_workers=False) as line:
        for _ in range(rounds):
            for place, url in (("floor", f"{bare.url}/webhooks/journal-only/"), ("ours", line.webhook_url)):
                requests = talk.padded_webhooks(url, 2000)
                taken, seconds = asyncio.run(flood(url, repeated(requests, seconds=FLOOD_SECONDS), at_once=AT_ONCE))
                getattr(rate, place).append(len(taken) / seconds)
                _percentiles(full, place, taken)
                house.empty()
                _percentiles(calm, place, asyncio.run(_calmly(url, requests)))
                house.empty()
    return Report("Webhook accept", [rate, *full, *calm])


async def _calmly(url: str, requests: Sequence[bytes]) -> list[float]:
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    async with connections(url, AT_ONCE) as opened:
        poster = Poster(url, opened)

        async def one(number: int) -> None:
            asked = loop.time()
            await poster.post(requests[number % len(requests)])
            taken.append(loop.time() - asked)

        await steadily(one, per_second=PER_SECOND, count=PER_SECOND * STEADY_SECONDS)
    return taken


def _percentiles(figures: Sequence[Figure], place: str, taken: Sequence[float]) -> None:
    for figure, share in zip(figures, (0.5, 0.99), strict=True):
        getattr(figure, place).append(milliseconds(taken, share))
