"""Memory after 10,000 messages in, some out, with screens open; and how many a second were stored.

No floor: an empty house needs no memory.
"""

import asyncio
import time

from bench import talk
from bench.figures import Figure, Report, Target
from bench.house import House, Line, eventually, memory_of, ours
from bench.load import flood
from bench.traffic import Ours, Traffic

MESSAGES = 10_000
ANSWERS = 100
WEB_MB = 250
WORKER_MB = 150
STORED_SECONDS = 150
STORED = "SELECT count(*) FROM conversations_message WHERE direction = 'in'"


def run(house: House, rounds: int) -> Report:
    """Measure once: memory has no noise that rounds would take out."""
    house.empty()
    with ours(house, statuses="sent,delivered,read") as line:
        seconds = asyncio.run(_exchange(house, line))
        found = memory_of(line)
    processed = Figure(name="messages stored", unit="1/s", ours=[MESSAGES / seconds])
    web = max(one.rss_mb for one in found if one.role == "web")
    worker = max(one.rss_mb for one in found if one.is_worker)
    limits = [
        Figure(name="web", unit="MB RSS", ours=[web], target=Target(at_most=WEB_MB)),
        Figure(name="largest worker", unit="MB RSS", ours=[worker], target=Target(at_most=WORKER_MB)),
    ]
    together = sum(one.pss_mb for one in found)
    notes = [*map(str, found), f"{'all together':24}{'':14}PSS {together:6.1f} MB"]
    return Report(f"Memory after {MESSAGES:,} messages", [processed, *limits], notes)


async def _exchange(house: House, line: Line) -> float:
    """Let people write as fast as they can and an operator answer; return the seconds until all was stored."""
    async with Traffic(house, line, Ours(house, line)) as traffic:
        wanted = house.count(STORED) + MESSAGES
        requests = [talk.webhook(line.webhook_url, -number) for number in range(1, MESSAGES + 1)]
        started = time.monotonic()
        await flood(line.webhook_url, requests, at_once=8)
        await asyncio.to_thread(
            eventually, lambda: house.count(STORED) >= wanted, seconds=STORED_SECONDS, what="every message"
        )
        seconds = time.monotonic() - started
        await traffic.send(per_second=10, count=ANSWERS)
    return seconds
