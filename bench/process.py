"""Journal to rows: what waits in the journal, processed by one worker; and a thousand messages in one POST.

Floor: a row taken and the four statements a received message needs, by psycopg, in a transaction for each.
"""

import asyncio
import json
import subprocess
import sys
import time

import websockets

from bench import talk
from bench.figures import Figure, Report, Target
from bench.house import ROOT, House, Line, floor, ours
from bench.load import connections, flood, require_ok
from bench.traffic import Ours

EVENTS = 1000
AT_ONCE = 32
ARRIVE_SECONDS = 60
LARGE = Target(at_most=2000)
LOOK_SECONDS = 0.02
MESSAGES = "conversations_message"


def run(house: House, rounds: int) -> Report:
    """Measure how many messages a second one worker makes of webhooks, and how long a large delivery takes."""
    rate = Figure(name="one a webhook, by one worker", unit="1/s")
    stored = Figure(name=f"{EVENTS} in one POST → the last can be read", unit="ms", target=LARGE)
    shown = Figure(name=f"{EVENTS} in one POST → the last on a screen", unit="ms", target=LARGE)
    house.empty()
    with floor(house, with_workers=False) as bare, ours(house, with_workers=False) as line:
        journal = f"{bare.url}/webhooks/journal-only/"
        for _ in range(rounds):
            rate.floor.append(_drained(house, journal, "bench.bare.receive", "bare.message"))
            rate.ours.append(_drained(house, line.webhook_url, "bench.drain", MESSAGES))
    with ours(house) as line:
        for _ in range(rounds):
            house.empty()
            for figure, seconds in zip((stored, shown), asyncio.run(_large(house, line)), strict=True):
                figure.ours.append(seconds * 1000)
    return Report("Journal to rows", [rate, stored, shown])


def _drained(house: House, url: str, module: str, table: str) -> float:
    """Fill a journal, let one process empty it, and return the messages of each second."""
    house.empty()
    asyncio.run(flood(url, talk.padded_webhooks(url, EVENTS), at_once=AT_ONCE))
    command = [sys.executable, "-m", module]
    told = subprocess.run(
        command, check=True, cwd=ROOT, env=house.whole_environment, stdout=subprocess.PIPE, text=True
    ).stdout
    stored = house.count(f"SELECT count(*) FROM {table}")
    if stored != EVENTS:
        raise RuntimeError(f"{stored} of {EVENTS} messages are there")
    seconds: float = json.loads(told)["seconds"]
    return EVENTS / seconds


async def _large(house: House, line: Line) -> tuple[float, float]:
    """Post all in one body; return the seconds until every one of them can be read, and until a screen has shown it."""
    face = Ours(house, line)
    address = line.url.replace("http", "ws", 1) + face.socket_path
    request, numbers = talk.large_webhook(line.webhook_url, EVENTS)
    async with (
        asyncio.timeout(ARRIVE_SECONDS),
        websockets.connect(address, additional_headers=face.headers, max_size=None) as screen,
        connections(line.url, 1) as (connection,),
    ):
        started = time.perf_counter()
        require_ok(await connection.ask(request))
        stored = asyncio.create_task(_stored(house))
        while not await _shows(face, line, str(await screen.recv()), numbers[-1]):
            pass
        return await stored - started, time.perf_counter() - started


async def _shows(face: Ours, line: Line, frame: str, number: int) -> bool:
    """Tell whether a page shows this message after this frame: it asks for its list and its chat when it is told to."""
    if not face.is_refresh(frame):
        return number in face.numbers_in(frame)
    rows = (await asyncio.to_thread(face.fragment, line, "/chat/", "list")).split('id="row-')
    for row in rows:
        if talk.mark(number) in row:
            chat = f"/chat/{row.partition('"')[0]}/"
            return talk.mark(number) in await asyncio.to_thread(face.fragment, line, chat, "chat")
    return False


async def _stored(house: House) -> float:
    """Return when all of them are there."""
    while house.count(f"SELECT count(*) FROM {MESSAGES}") < EVENTS:  # noqa: ASYNC110 – it is another process that writes
        await asyncio.sleep(LOOK_SECONDS)
    return time.perf_counter()
