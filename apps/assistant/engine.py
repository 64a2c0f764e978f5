"""All requests to models of one worker process: many at once, in one event loop, beside its tasks.

A task only wakes it. Two more threads do what has to do with the database, one looks for work and one writes what
came of it; the connection of each is closed when it has nothing to do, so that none is held while a model is
waited for. Everything begins at the first call in a process, after its fork, and a loop that died is begun anew.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.util import Finalize
from queue import Empty, SimpleQueue

from django.db import Error, InterfaceError, OperationalError, connections

from apps.assistant.actions import outcomes
from apps.assistant.actions.claims import Claim, claim_due
from apps.assistant.actions.outcomes import Request
from apps.assistant.actions.overtaken import supersede_overtaken
from apps.assistant.actions.turns import TOGETHER, open_turns, seconds_to_next
from apps.assistant.client import Client
from apps.assistant.masks import unmask
from apps.assistant.models import AssistantSettings
from apps.assistant.prompt import build_prompt
from apps.assistant.queries import endpoint_of
from apps.assistant.types import Answer, Endpoint, Failure, ModelError, Prompt
from apps.core.actors import SYSTEM
from apps.core.secrets import UnreadableSecret

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""How long a connection to the database is kept without work for it."""
FLUSH_SECONDS = 0.06
"""How often the text of an answer is written while it grows."""
HELD_SECONDS = 0.05
"""How soon it looks again where somebody writes in a chat just now."""
BLIND_SECONDS = 1.0
"""How soon it looks again after the database could not be asked."""
DATABASE_SECONDS = 30
STOP_SECONDS = 10


class Clerk:
    """A thread that works with the database, one thing after the other; its connection lives while there is work."""

    def __init__(self, name: str) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def do[T](self, work: Callable[[], T]) -> T:
        """Do it, and return what it gives or raise what it raises."""
        done: Future[T] = Future()
        self._work.put(partial(self._settle, done, work))
        return await asyncio.shield(asyncio.wrap_future(done))

    def stop(self) -> None:
        """End when all is done that was asked for."""
        self._work.put(None)
        self._thread.join(STOP_SECONDS)

    def _settle[T](self, done: Future[T], work: Callable[[], T]) -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 – whoever waits for it gets it
            if isinstance(error, OperationalError | InterfaceError):
                connections.close_all()
            done.set_exception(error)

    def _serve(self) -> None:
        is_idle = True
        while True:
            try:
                work = self._work.get(timeout=None if is_idle else IDLE_SECONDS)
            except Empty:
                connections.close_all()
                is_idle = True
                continue
            if work is None:
                connections.close_all()
                return
            work()
            is_idle = False


class Engine:
    """The requests of this process."""

    def __init__(self) -> None:
        self._looker, self._writer = Clerk("assistant-looks"), Clerk("assistant-writes")
        self._scribe = Scribe(self._writer)
        self._under_way: dict[Claim, asyncio.Task[None]] = {}
        self._is_over = False
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._wanted = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="assistant", daemon=True)
        self._thread.start()

    @property
    def lives(self) -> bool:
        """Tell whether it still works."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have it look for work; calls that come together become one look."""
        with suppress(RuntimeError):  # it died in this moment
            self._loop.call_soon_threadsafe(self._wanted.set)

    def stop(self) -> None:
        """End every request; what was being written is asked again by whoever comes next."""
        self._is_over = True
        self.wake()
        self._thread.join(3 * STOP_SECONDS)

    def _run(self) -> None:
        try:
            with self._runner:
                self._runner.run(self._serve())
        except Exception:
            logger.exception("assistant.engine_died")
        finally:
            self._looker.stop()
            self._writer.stop()

    async def _serve(self) -> None:
        async with Client() as client:
            scribing = asyncio.create_task(self._scribe.serve())
            try:
                while not self._is_over:
                    self._wanted.clear()
                    seconds = await self._look(client)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wanted.wait(), seconds)
            finally:
                for request in self._under_way.values():
                    request.cancel()
                await asyncio.gather(*self._under_way.values(), return_exceptions=True)
                scribing.cancel()
                await asyncio.gather(scribing, return_exceptions=True)

    async def _look(self, client: Client) -> float | None:
        """Begin what is due, end what was overtaken, and return in how many seconds something else will be due."""
        try:
            claims, wanted, has_more = await self._looker.do(partial(_look, list(self._under_way)))
            for claim, request in self._under_way.items():
                if claim not in wanted:
                    request.cancel()
            for claim in claims:
                task = asyncio.create_task(self._ask(client, claim))
                self._under_way[claim] = task
                task.add_done_callback(partial(self._ended, claim))
            await asyncio.sleep(0)  # what was claimed is prepared first
            return 0 if has_more else await self._looker.do(_pause)
        except Error as error:
            logger.warning("assistant.no_database error=%s", type(error).__name__)
            return BLIND_SECONDS

    def _ended(self, claim: Claim, task: asyncio.Task[None]) -> None:
        del self._under_way[claim]
        if not task.cancelled() and (fault := task.exception()) is not None:
            logger.error("assistant.request_fault suggestion=%s", claim.suggestion.pk, exc_info=fault)
        self._wanted.set()  # its place is free

    async def _ask(self, client: Client, claim: Claim) -> None:
        """Ask one model, show its answer while it grows, and write what came of it."""
        began = time.monotonic()
        answer, prompt = _Growing(claim, self._scribe), None
        try:
            prompt, endpoint = await self._looker.do(partial(_prepare, claim))
            outcome: Answer | ModelError | None = await answer.follow(client, endpoint, prompt)
        except ModelError as error:
            outcome = error
        except (asyncio.CancelledError, OperationalError, InterfaceError):
            outcome = None
        except Exception as fault:
            logger.exception("assistant.request_failed suggestion=%s", claim.suggestion.pk)
            outcome = ModelError(Failure.INTERNAL, type(fault).__name__)
        request = Request(
            claim=claim, prompt=prompt, text=answer.text, latency_ms=round((time.monotonic() - began) * 1000)
        )
        await self._writer.do(partial(_persist, partial(_record, request, outcome)))


class Scribe:
    """Writes the answers that grow, all of them together, as often as they change but not too often."""

    def __init__(self, writer: Clerk) -> None:
        self._writer = writer
        self._news = asyncio.Event()
        self._texts: dict[Claim, str] = {}
        self._unwanted: dict[Claim, asyncio.Event] = {}

    @contextmanager
    def watching(self, claim: Claim) -> Iterator[asyncio.Event]:
        """Give what happens when nobody wants the answer any more."""
        self._unwanted[claim] = asyncio.Event()
        try:
            yield self._unwanted[claim]
        finally:
            del self._unwanted[claim]
            self._texts.pop(claim, None)

    def note(self, claim: Claim, text: str) -> None:
        """Take how far an answer has come."""
        self._texts[claim] = text
        self._news.set()

    async def serve(self) -> None:
        """Write for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            texts, self._texts = self._texts, {}
            try:
                wanted = await self._writer.do(partial(outcomes.record_texts, texts=texts, actor=SYSTEM))
            except Error as error:
                logger.warning("assistant.texts_not_written error=%s", type(error).__name__)
            except Exception:
                logger.exception("assistant.texts_failed")
            else:
                for claim in (texts.keys() - wanted) & self._unwanted.keys():
                    self._unwanted[claim].set()
            await asyncio.sleep(FLUSH_SECONDS)


class _Growing:
    """One answer while it is being written."""

    def __init__(self, claim: Claim, scribe: Scribe) -> None:
        self.text = ""
        self._claim, self._scribe = claim, scribe
        self._masks: Mapping[str, str] = {}

    async def follow(self, client: Client, endpoint: Endpoint, prompt: Prompt) -> Answer | None:
        """Ask, and write the answer while it grows; None when nobody waits for it any more. Raises ModelError."""
        self._masks = prompt.masks
        asking = asyncio.create_task(
            client.ask(
                endpoint,
                prompt,
                first_text_seconds=min(self._claim.first_text_seconds, self._claim.seconds),
                deadline_seconds=self._claim.seconds,
                on_text=self._grow,
            )
        )
        with self._scribe.watching(self._claim) as unwanted:
            watching = asyncio.create_task(unwanted.wait())
            try:
                await asyncio.wait({asking, watching}, return_when=asyncio.FIRST_COMPLETED)
                return asking.result() if asking.done() else None
            finally:
                asking.cancel()
                watching.cancel()
                await asyncio.gather(asking, watching, return_exceptions=True)

    def _grow(self, text: str) -> None:
        self.text = text
        self._scribe.note(self._claim, unmask(text, self._masks))


def _look(under_way: list[Claim]) -> tuple[list[Claim], set[Claim], bool]:
    """Return what to begin, what of our requests is still wanted, and whether more people wait."""
    with AssistantSettings.read_once():
        supersede_overtaken(actor=SYSTEM)
        has_more = open_turns(actor=SYSTEM) == TOGETHER
        wanted = outcomes.still_wanted(claims=under_way, actor=SYSTEM)
        return claim_due(actor=SYSTEM), wanted, has_more


def _pause() -> float | None:
    """Return in how many seconds to look again, if nobody rings before."""
    seconds = seconds_to_next()
    return None if seconds is None else max(seconds, HELD_SECONDS)


def _prepare(claim: Claim) -> tuple[Prompt, Endpoint]:
    """Return what to ask, and whom. Raises ModelError where its key cannot be opened."""
    model = claim.model
    try:
        prompt = build_prompt(claim.suggestion, with_images=model.reads_images)
        endpoint = endpoint_of(model)
    except UnreadableSecret:
        raise ModelError(Failure.UNAUTHORIZED, "the key cannot be opened") from None
    return prompt, endpoint


def _record(request: Request, outcome: Answer | ModelError | None) -> None:
    match outcome:
        case Answer():
            try:
                outcomes.record_answer(request=request, answer=outcome, actor=SYSTEM)
            except (OperationalError, InterfaceError):
                raise
            except Exception as fault:
                logger.exception("assistant.answer_not_written suggestion=%s", request.claim.suggestion.pk)
                error = ModelError(Failure.INTERNAL, type(fault).__name__)
                outcomes.record_failure(request=request, error=error, actor=SYSTEM)
        case ModelError():
            outcomes.record_failure(request=request, error=outcome, actor=SYSTEM)
        case None:
            outcomes.abandon(request=request, actor=SYSTEM)


def _persist(write: Callable[[], None]) -> None:
    """Write an outcome even if the database is away for a moment: what was paid must not be lost."""
    until = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            logger.warning("assistant.outcome_waits error=%s", type(error).__name__)
            if time.monotonic() > until:
                raise
            connections.close_all()
            time.sleep(0.5)


_engines: dict[int, Engine] = {}
_starting = threading.Lock()


def current() -> Engine:
    """Return the engine of this process; a fork has another pid, and begins one of its own."""
    pid = os.getpid()
    with _starting:
        engine = _engines.get(pid)
        if engine is None or not engine.lives:
            _engines[pid] = engine = Engine()
            Finalize(None, stop, exitpriority=10)
        return engine


def stop() -> None:
    """End the engine of this process, if it has one."""
    if engine := _engines.pop(os.getpid(), None):
        engine.stop()
