"""What the background does with conversations. Every task is safe to run twice and rung too often."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.db import InterfaceError, OperationalError, close_old_connections

from apps.conversations.actions import deliver, join, receipts, recover
from apps.conversations.actions.deliver import Claim
from apps.conversations.actions.process import process_event, process_statuses
from apps.conversations.actions.receipts import Receipt
from apps.core.actors import SYSTEM
from apps.core.jobs import Job, enqueue, only_one
from apps.core.secrets import UnreadableSecret
from apps.inboxes.actions import journal
from apps.inboxes.models import WebhookEvent
from providers.base import Provider
from providers.errors import AuthFailed, BadCredentials, Rejected, SendError, UncertainSend
from providers.http import HttpClient
from providers.types import OutboundMessage, SendResult

logger = logging.getLogger(__name__)

BATCH = 50
EVENT_SECONDS = 2
"""How long one task goes on with deliveries: after a burst, others are waiting for its worker."""
CLAIM_SECONDS = 20
"""How long one delivery task goes on claiming: with the 30 s of the last send it stays under its timeout."""
PACE_SECONDS = 0.05
"""How soon it looks again when only the pace of a channel holds messages back."""
LOOK_SECONDS = 0.02
"""How soon it looks for new messages while others are under way."""
BEHIND_SECONDS = 5
"""How long a message may be due before a second worker helps to send."""
DATABASE_SECONDS = 30
DELIVERY = "delivery"


def process_events() -> str:
    """Take journal rows until none is due, or the time of one task is over."""
    until = time.monotonic() + EVENT_SECONDS
    done = 0
    while events := journal.claim_events(limit=BATCH, actor=SYSTEM):
        if not done and len(events) == BATCH:
            enqueue(Job.PROCESS_EVENTS)  # there is more than one worker's share
        others = process_statuses(events)
        done += len(events) - len(others)
        for number, event in enumerate(others):
            if time.monotonic() > until:
                journal.release_events(events=others[number:], actor=SYSTEM)
                enqueue(Job.PROCESS_EVENTS)
                return f"{done} events, more wait"
            process_event(event)
            done += 1
        if len(events) < BATCH and events[0].attempts == 1:
            break  # that was all there was, and whatever came since has rung
    return f"{done} events"


def deliver_messages() -> str:
    """Send what is due until nothing is, many at once, the messages of one conversation one by one.

    One worker does it for all as long as it keeps up, so that a provider that hangs leaves hands free for
    what comes in.
    """
    with only_one(DELIVERY) as is_alone:
        if not is_alone and not deliver.can_claim(late_seconds=BEHIND_SECONDS, actor=SYSTEM):
            return "another worker does it"
        handed = dispatch(until=time.monotonic() + CLAIM_SECONDS)
    if deliver.can_claim(actor=SYSTEM):  # somebody may have left it to us in the last moment
        enqueue(Job.DELIVER_MESSAGES)
    return f"{handed} handed over"


def dispatch(*, until: float) -> int:
    """Claim until that time, hand over, and write every outcome; return how many there were.

    Without a database nothing more is claimed, and what is under way still ends as it should.
    """
    handed = 0
    with Dispatcher() as dispatcher:
        while True:
            try:
                if dispatcher.room and time.monotonic() < until:
                    dispatcher.start(deliver.claim_due(limit=dispatcher.room, actor=SYSTEM))
                is_over = not dispatcher.under_way and not (time.monotonic() < until and _waits_for_its_pace())
            except (OperationalError, InterfaceError) as error:
                logger.warning("send.no_database error=%s", type(error).__name__)
                until, is_over = 0, not dispatcher.under_way
            if is_over:
                return handed
            handed += dispatcher.record_finished()


def mark_read(conversation_id: int, is_typing: int = 0) -> str:
    """Tell a person that we have read them, or are writing; once, since nothing is lost if it fails."""
    try:
        receipt = receipts.receipt_for(conversation_id=conversation_id, is_typing=bool(is_typing), actor=SYSTEM)
        if receipt is None:
            return "nothing to tell"
        asyncio.run(_tell(receipt))
    except (SendError, UnreadableSecret, BadCredentials, KeyError) as error:
        logger.info("receipt.failed conversation=%s error=%s", conversation_id, type(error).__name__)
        return f"not told: {type(error).__name__}"
    return "told"


async def _tell(receipt: Receipt) -> None:
    async with HttpClient() as client:
        await receipt.provider.mark_read(
            client,
            inbox_address=receipt.inbox_address,
            recipient=receipt.recipient,
            provider_message_id=receipt.provider_message_id,
            is_typing=receipt.is_typing,
        )


def _waits_for_its_pace() -> bool:
    """Wait a moment if something is due and only the pace of its channel holds it back; tell whether that is so."""
    if not deliver.can_claim(actor=SYSTEM):
        return False
    time.sleep(PACE_SECONDS)
    return True


def follow_identities() -> str:
    """Let conversations follow addresses that became other names of a person, or are on their own again."""
    return f"{join.follow_identities(actor=SYSTEM)} conversations"


def sweep() -> str:
    """Settle what died on the way, and ring for whatever is due: a lost bell costs seconds, never a message."""
    lost = recover.end_lost_leases(actor=SYSTEM)
    expired = recover.expire_unsent(actor=SYSTEM)
    recover.doubt_handed_over(actor=SYSTEM)
    settled = recover.settle_waiting_statuses(actor=SYSTEM)
    changed = recover.settle_waiting_changes(actor=SYSTEM)
    join.follow_identities(actor=SYSTEM)
    join.gather_stragglers(actor=SYSTEM)
    journal.bury_events(actor=SYSTEM)
    if WebhookEvent.objects.filter(journal.due_events()).exists():
        enqueue(Job.PROCESS_EVENTS)
    if deliver.can_claim(actor=SYSTEM):
        enqueue(Job.DELIVER_MESSAGES)
    return f"{lost} leases, {expired} expired, {settled} statuses, {changed} changes"


def prune_delivery() -> str:
    """Delete what is left of deliveries long over."""
    waiting = recover.forget_waiting(actor=SYSTEM)
    attempts = recover.forget_attempts(actor=SYSTEM)
    return f"deleted {waiting} waiting, {attempts} attempts"


class Dispatcher:
    """The sends under way in this worker: one thread talks to providers, this one only to the database.

    So an answer is read in time although the database is away for a moment.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sends", daemon=True)
        self._client = HttpClient()
        self._sends: dict[Future[SendResult], Claim] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._submit(self._client.__aenter__()).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for send in self._sends:
            send.cancel()
        self._submit(self._client.__aexit__(None, None, None)).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

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
        ready = {claim: what for claim in claims if (what := _outbound(claim)) is not None}
        if not ready:
            return
        asked_at = time.monotonic()  # before the permit: a process that sleeps in between must not write
        permitted = deliver.permit(claims=list(ready), actor=SYSTEM)
        client = self._client.permitted(asked_at)
        for claim, (provider, message) in ready.items():
            if claim.token in permitted:
                self._sends[self._submit(provider.send(client, message))] = claim

    def record_finished(self) -> int:
        """Wait a moment for outcomes and write those that are there."""
        done, _ = wait(self._sends, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for send in done:
            _persist(partial(_record, self._sends.pop(send), send))
        return len(done)

    def _submit[T](self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


def _outbound(claim: Claim) -> tuple[Provider, OutboundMessage] | None:
    """Return what is to be sent and by whom; what cannot even be tried is recorded as that."""
    error: SendError
    try:
        return claim.message.inbox.account.provider(), claim.outbound()
    except (UnreadableSecret, BadCredentials, KeyError) as cause:
        error = AuthFailed("unusable_credentials", f"The account cannot speak: {type(cause).__name__}.")
    except Rejected as refusal:
        error = refusal
    except ValueError:
        error = Rejected("wrong_address", "This address is of a kind nobody knows.")
    deliver.record_failure(claim=claim, error=error, actor=SYSTEM)
    return None


def _record(claim: Claim, send: Future[SendResult]) -> None:
    match send.exception():
        case None:
            recorded = deliver.record_sent(claim=claim, result=send.result(), actor=SYSTEM)
        case SendError() as error:
            recorded = deliver.record_failure(claim=claim, error=error, actor=SYSTEM)
        case fault:
            # A fault of ours, at whatever point of the send: it may have left.
            logger.error("send.fault message=%s", claim.message.pk, exc_info=fault)
            error = UncertainSend("internal_error", type(fault).__name__)
            recorded = deliver.record_failure(claim=claim, error=error, actor=SYSTEM)
    if not recorded:
        logger.warning("send.fenced message=%s", claim.message.pk)


def _persist(write: Callable[[], None]) -> None:
    """Write an outcome even if the database is away for a moment: what is known must not become unknown."""
    until = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            logger.warning("send.outcome_waits error=%s", type(error).__name__)
            if time.monotonic() > until:
                raise
            close_old_connections()
            time.sleep(0.5)
