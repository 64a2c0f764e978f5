"""The assistant: how soon a model is asked, how soon its words are on a screen, fifty at once, and whether people wait.

Nobody waits for more words of a person here (debounce 0). The model is a server of its own that answers as told.
Floor: a bare loop that stores the message, asks with aiohttp, and writes and tells each piece of the answer; of the
fifty, what the model itself takes; of the sends, the same while the model answers.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import websockets

from bench import talk
from bench.figures import Figure, Report, Target, milliseconds
from bench.house import House, Line, eventually, floor, ours
from bench.load import Poster, connections, steadily
from bench.models import Models, Request, most_open, reply, said, simulated
from bench.receive import SECONDS, figures, record
from bench.traffic import SCREENS, Bare, Face, Ours, Traffic

ASKED_P95 = Target(at_most=80)
SHOWN_P95 = Target(at_most=150)
PER_SECOND = 5
"""Each costs a whole prompt and a stream: what one worker can keep up with on two cores that play everybody."""
WARMING = 5
WIDE = 50
"""Requests at once where the limit is not what is measured."""
NARROW = 5
CHATS = 50
MODEL_SECONDS = 2.0
TOKENS = 60
PIECE_SECONDS = 0.05
HANGING_RATIO = Target(at_most=1.2)
ARRIVE_SECONDS = 60
REST_SECONDS = 40
DEBOUNCE = {"ASSISTANT_DEBOUNCE_SECONDS": "0"}
TOKEN = re.compile(r"tok-(\d+)-")
STREAM = reply(" ".join(f"tok-{number}-" for number in range(TOKENS)))
_numbers = iter(range(1000, 10_000))
"""Of four digits: longer ones might be hidden from the model as somebody's telephone."""


def run(house: House, rounds: int) -> Report:
    """Measure one after the other, floor and ours in turn."""
    asked = figures("webhook → the model is asked", ASKED_P95)
    shown = figures("a token of the model → screen", SHOWN_P95)
    crowd = _crowd_figures()
    send = [
        Figure(name="send → provider p50, the model hangs", unit="ms"),
        Figure(name="send → provider p95, the model hangs", unit="ms", ratio_target=HANGING_RATIO),
    ]
    house.empty()
    with simulated() as models, _equipped(house, models):
        _at_once(house, WIDE)
        with floor(house, more={"BARE_MODEL_URL": models.url}) as bare, ours(house, more=DEBOUNCE) as line:
            places: dict[str, tuple[Line, Face]] = {"floor": (bare, Bare()), "ours": (line, Ours(house, line))}
            for _ in range(rounds):
                for place, (where, face) in places.items():
                    record(asked, place, asyncio.run(_asked(models, where, SECONDS[place])))
                    record(shown, place, asyncio.run(_streamed(house, models, where, face)))
            for _ in range(rounds):
                for figure, value in zip(crowd, asyncio.run(_crowd(house, models, line)), strict=True):
                    figure.ours.append(value)
        with ours(house, more=DEBOUNCE) as line:
            for _ in range(rounds):
                _sends(house, models, line, send)
    return Report(f"The assistant, {PER_SECOND}/s, debounce 0", [*asked, *shown, *crowd, *send])


def _crowd_figures() -> list[Figure]:
    alone = CHATS / NARROW * MODEL_SECONDS
    return [
        Figure(name=f"{CHATS} at once, {NARROW} at a time: all proposed", unit="s", floor=[alone]),
        Figure(name="of them proposed", unit="chats", target=Target(at_least=CHATS)),
        Figure(name="most requests open", unit="at once", target=Target(at_most=NARROW)),
        Figure(name="begun before an older one", unit="chats", target=Target(at_most=0)),
    ]


@contextmanager
def _equipped(house: House, models: Models) -> Iterator[None]:
    """Set up the provider, and switch it off for the benches that follow."""
    house.python("-m", "bench.assistance", "--endpoint", models.url)
    try:
        yield
    finally:
        house.database.execute("UPDATE assistant_aiprovider SET is_enabled = false")
        house.database.execute("DELETE FROM assistant_assistantsettings")


def _sender(number: int) -> str:
    return f"549387{6_000_000 + number}"


def _at_once(house: House, count: int) -> None:
    house.database.execute("UPDATE assistant_aiprovider SET concurrency = %s", [count])


async def _asked(models: Models, line: Line, seconds: int) -> list[float]:
    """Let people write at a steady pace, each of them once: what follows quickly on a question is part of it.

    Return the seconds from each POST to the request about it.
    """
    models.behave(text=reply("Sí, queda lugar."))
    started: dict[int, float] = {}
    async with connections(line.url, SCREENS) as opened:
        poster = Poster(line.url, opened)

        async def one(_place: int) -> None:
            number = next(_numbers)
            request = talk.webhook(line.webhook_url, number, sender=_sender(number))
            started[number] = time.monotonic()
            await poster.post(request)

        await steadily(one, per_second=PER_SECOND, count=WARMING)  # nothing is done for the first time any more
        await _requests(models, started)
        started.clear()
        await steadily(one, per_second=PER_SECOND, count=PER_SECOND * seconds)
    found = await _requests(models, started)
    return [found[number].at - at for number, at in started.items()]


async def _requests(models: Models, wanted: dict[int, float]) -> dict[int, Request]:
    """Return the first request about each of these messages, once all are there."""
    deadline = time.monotonic() + ARRIVE_SECONDS
    while True:
        made = await asyncio.to_thread(models.requests)
        found = {request.number: request for request in reversed(made) if request.number in wanted}
        if len(found) == len(wanted):
            return {number: found[number] for number in wanted}
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {len(wanted)} messages reached the model")
        await asyncio.sleep(0.1)


async def _streamed(house: House, models: Models, line: Line, face: Face) -> list[float]:
    """Let a model write slowly; return the seconds from each of its tokens to each screen that looks at the chat."""
    models.behave(text=STREAM, piece_seconds=PIECE_SECONDS)
    number, before = next(_numbers), set(face.chats(house))
    address = line.url.replace("http", "ws", 1) + face.socket_path
    async with asyncio.timeout(ARRIVE_SECONDS), asyncio.TaskGroup() as group:
        async with connections(line.url, 1) as (connection,):
            await connection.ask(talk.webhook(line.webhook_url, number, sender=_sender(number)))
        await asyncio.to_thread(eventually, lambda: set(face.chats(house)) > before, what="the chat")
        (chat,) = set(face.chats(house)) - before
        screens = [group.create_task(_watch(address, face, chat)) for _ in range(SCREENS)]
    request = (await _requests(models, {number: 0.0}))[number]
    spoken = dict(_tokens(request))
    return [at - spoken[token] for screen in screens for token, at in screen.result().items()]


def _tokens(request: Request) -> Iterator[tuple[int, float]]:
    """Yield when each token was said to its end."""
    known = -1
    for text, at in said(request, STREAM):
        newest = _newest_token(text)
        yield from ((token, at) for token in range(known + 1, newest + 1))
        known = max(known, newest)


async def _watch(address: str, face: Face, chat: int) -> dict[int, float]:
    """Look at one chat until the last token is there; return when each was seen. What was there at once counts not."""
    seen: dict[int, float] = {}
    known = -1
    is_first = True
    async with websockets.connect(address, additional_headers=face.headers, max_size=None) as screen:
        await screen.send(json.dumps({"type": "open", "conversation": chat}))
        while known < TOKENS - 1:
            newest = _newest_token(str(await screen.recv()))
            at = time.monotonic()
            if newest > known:
                if not is_first:
                    seen.update((token, at) for token in range(known + 1, newest + 1))
                known, is_first = newest, False
    return seen


def _newest_token(text: str) -> int:
    return max((int(number) for number in TOKEN.findall(text)), default=-1)


async def _crowd(house: House, models: Models, line: Line) -> tuple[float, float, float, float]:
    """Let fifty people write at once; return the seconds until all have an answer, and in what order that went."""
    models.behave(text=reply("Sí, queda lugar."), delay_seconds=MODEL_SECONDS)
    house.empty()
    _at_once(house, NARROW)
    numbers = [next(_numbers) for _ in range(CHATS)]
    posts = [talk.webhook(line.webhook_url, number, sender=_sender(number)) for number in numbers]
    async with connections(line.url, SCREENS) as opened:
        poster = Poster(line.url, opened)
        started = time.monotonic()
        await asyncio.gather(*(poster.post(post) for post in posts))
    shown = "SELECT count(*) FROM assistant_suggestion WHERE state = 'shown'"
    await asyncio.to_thread(eventually, lambda: house.count(shown) >= CHATS, seconds=ARRIVE_SECONDS)
    seconds = time.monotonic() - started
    made = [request for request in models.requests() if request.number in set(numbers)]
    proposed, early = house.count(shown), house.count(EARLY)
    _at_once(house, WIDE)
    return seconds, float(proposed), float(most_open(made)), float(early)


EARLY = """
SELECT count(*) FROM (
    SELECT started_at, max(started_at) OVER (ORDER BY asked_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    AS before FROM assistant_suggestion) AS begun
WHERE started_at < before
"""


def _sends(house: House, models: Models, line: Line, into: Sequence[Figure]) -> None:
    """Let an operator answer while people write, the model answering and then hanging."""
    _at_once(house, NARROW)
    for place, behaviour in (("floor", {"text": reply("Sí, queda lugar.")}), ("ours", {"answer": "hang"})):
        models.behave(**behaviour)
        taken = asyncio.run(_send(house, line))
        for figure, share in zip(into, (0.5, 0.95), strict=True):
            getattr(figure, place).append(milliseconds(taken, share))
    house.empty()
    models.behave(text=reply("Sí, queda lugar."))
    eventually(lambda: all(request.ended_at for request in models.requests()), seconds=REST_SECONDS, what="the model")
    house.database.execute("UPDATE assistant_aiprovider SET failures = 0, resting_until = NULL")


async def _send(house: House, line: Line) -> list[float]:
    count = PER_SECOND * SECONDS["ours"]
    async with Traffic(house, line, Ours(house, line), warming_per_second=PER_SECOND) as traffic:
        sent, _received = await asyncio.gather(
            traffic.send(per_second=PER_SECOND, count=count), traffic.receive(per_second=PER_SECOND, count=count)
        )
    return sent
