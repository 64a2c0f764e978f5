"""What the background does with conversations. Every task is safe to run twice and rung too often."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, close_old_connections

from apps.conversations.actions import deliver, recover
from apps.conversations.actions.deliver import Claim
from apps.conversations.actions.process import process_event
from apps.core.actors import SYSTEM
from apps.core.jobs import Job, enqueue
from apps.inboxes import actions as inboxes
from apps.inboxes.models import WebhookEvent
from providers.errors import SendError
from providers.http import HttpClient
from providers.types import SendResult

logger = logging.getLogger(__name__)

BATCH = 50
EVENT_SECONDS = 30
CLAIM_SECONDS = 20
"""How long one delivery task goes on claiming: with the 30 s of the last send it stays under its timeout."""
DATABASE_SECONDS = 30


def process_events() -> str:
    """Take journal rows until none is due, or the time of one task is over."""
    until = time.monotonic() + EVENT_SECONDS
    done = 0
    while events := inboxes.claim_events(limit=BATCH, actor=SYSTEM):
        if not done and len(events) == BATCH:
            enqueue(Job.PROCESS_EVENTS)  # there is more than one worker's share
        for number, event in enumerate(events):
            if time.monotonic() > until:
                inboxes.release_events(events=events[number:], actor=SYSTEM)
                enqueue(Job.PROCESS_EVENTS)
                return f"{done} events, more wait"
            process_event(event)
            done += 1
    return f"{done} events"


def deliver_messages() -> str:
    """Send what is due until nothing is, many at once, the messages of one conversation one by one."""
    until = time.monotonic() + CLAIM_SECONDS
    handed = 0
    with Dispatcher() as dispatcher:
        while True:
            late = time.monotonic() > until
            if not late and dispatcher.room:
                dispatcher.start(deliver.claim_due(limit=dispatcher.room, actor=SYSTEM))
            if not dispatcher.under_way:
                break
            handed += dispatcher.record_finished()
    if late and recover.has_due_messages():
        enqueue(Job.DELIVER_MESSAGES)
    return f"{handed} handed over"


def sweep() -> str:
    """Settle what died on the way, and ring for whatever is due: a lost bell costs seconds, never a message."""
    lost = recover.end_lost_leases(actor=SYSTEM)
    expired = recover.expire_unsent(actor=SYSTEM)
    settled = recover.settle_waiting_statuses(actor=SYSTEM)
    recover.wake_authorised(actor=SYSTEM)
    inboxes.bury_events(actor=SYSTEM)
    if WebhookEvent.objects.filter(inboxes.due_events()).exists():
        enqueue(Job.PROCESS_EVENTS)
    if recover.has_due_messages():
        enqueue(Job.DELIVER_MESSAGES)
    return f"{lost} leases, {expired} expired, {settled} statuses"


class Dispatcher:
    """The sends under way in this worker: the loop only talks to providers, this thread only to the database."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._client = HttpClient()
        self._sends: dict[asyncio.Task[SendResult], Claim] = {}

    def __enter__(self) -> Self:
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.run(self._client.__aexit__(None, None, None))
        self._runner.close()

    @property
    def room(self) -> int:
        """How many more sends may be under way."""
        return BATCH - len(self._sends)

    @property
    def under_way(self) -> int:
        """How many sends have no outcome yet."""
        return len(self._sends)

    def start(self, claims: list[Claim]) -> None:
        """Ask for the permits, and write what was permitted."""
        if not claims:
            return
        permitted = deliver.permit(claims=claims, actor=SYSTEM)
        client = self._client.permitted(time.monotonic())
        for claim in claims:
            if claim.token in permitted:
                send = claim.message.inbox.account.provider().send(client, claim.outbound())
                self._sends[self._runner.get_loop().create_task(send)] = claim

    def record_finished(self) -> int:
        """Wait for at least one outcome and write those that are there."""
        done, _ = self._runner.run(_first_of(list(self._sends)))
        for send in done:
            _persist(partial(_record, self._sends.pop(send), send))
        return len(done)


async def _first_of(
    sends: list[asyncio.Task[SendResult]],
) -> tuple[set[asyncio.Task[SendResult]], set[asyncio.Task[SendResult]]]:
    return await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)


def _record(claim: Claim, send: asyncio.Task[SendResult]) -> None:
    error = send.exception()
    if error is None:
        recorded = deliver.record_sent(claim=claim, result=send.result(), actor=SYSTEM)
    elif isinstance(error, SendError):
        recorded = deliver.record_failure(claim=claim, error=error, actor=SYSTEM)
    else:
        raise error
    if not recorded:
        logger.warning("send.fenced message=%s", claim.message.pk)


def _persist(write: Callable[[], None]) -> None:
    """Write an outcome even if the database is away for a moment: what is known must not become unknown."""
    until = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            close_old_connections()
            time.sleep(0.5)
