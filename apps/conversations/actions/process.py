"""One delivery of a provider becomes rows."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import batched, groupby
from typing import assert_never

import psycopg
from django.db import InterfaceError, OperationalError, transaction

from apps.conversations.actions.changes import apply_deletion, apply_edit, apply_reaction
from apps.conversations.actions.crowds import is_plain, receive_messages
from apps.conversations.actions.echoes import receive_echo
from apps.conversations.actions.reads import apply_read_up_to
from apps.conversations.actions.receive import receive_message
from apps.conversations.actions.statuses import apply_statuses, apply_told
from apps.conversations.models import Kind, Message
from apps.core.actors import SYSTEM
from apps.core.secrets import UnreadableSecret
from apps.inboxes.actions.journal import BrokenPart, finish_event, postpone_event, set_aside_event
from apps.inboxes.actions.notices import record_history, record_notice
from apps.inboxes.models import Inbox, WebhookEvent
from apps.people.actions.contacts import (
    apply_addresses_changed,
    apply_contact_synced,
    set_marketing_preference,
)
from providers.contents import Unsupported
from providers.errors import BadCredentials, UnreadablePayload
from providers.types import (
    AccountNotice,
    AddressesChanged,
    BrokenItem,
    ContactSynced,
    EchoMessage,
    Event,
    HistoryProgress,
    Ignored,
    InboundMessage,
    MarketingPreference,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
    ReadUpTo,
    StatusUpdate,
)

logger = logging.getLogger(__name__)

TRIES = 3
IMPORT_SECONDS = 3
"""How long one turn goes on with old messages, of which a delivery may bring thousands: people are waiting."""
TOGETHER = 100
"""How many messages are stored in one transaction: screens see what is done while the rest goes on."""

type InboxEvent = (
    InboundMessage
    | EchoMessage
    | ReadUpTo
    | MessageEdited
    | MessageDeleted
    | ReactionChanged
    | AddressesChanged
    | ContactSynced
    | MarketingPreference
    | HistoryProgress
)
"""What happens at one of our inboxes, but for statuses, which are applied together."""


def process_event(event: WebhookEvent) -> None:
    """Apply everything one delivery says. Safe to run twice.

    Each item has a transaction of its own: a broken one stops only itself, two deliveries never wait for
    each other crosswise, and screens see what is done while the rest goes on.
    """
    try:
        if not Delivery(event).apply():
            set_aside_event(event=event, actor=SYSTEM)
    except Exception as error:
        logger.exception("event.failed event=%s attempt=%s", event.uid, event.attempts)
        postpone_event(event=event, error=error, actor=SYSTEM)


def process_statuses(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Apply in one go what several deliveries say of one inbox, if it is nothing but statuses; return the others.

    Providers tell each status by itself. A burst of them must not keep waiting what people write.
    """
    done: set[int] = set()
    try:
        for inbox, group in _told_together(events):
            told = [(update, event.received_at) for event, updates in group for update in updates]
            apply_told(inbox=inbox, told=told, actor=SYSTEM)
            for event, updates in group:
                said_at = newest_time(updates)
                finish_event(event=event, items=len(updates), ignored=[], broken=[], said_at=said_at, actor=SYSTEM)
                done.add(event.pk)
    except Exception:  # the turn of each will tell what is wrong with it
        logger.exception("event.statuses_failed events=%s", len(events))
    return [event for event in events if event.pk not in done]


type Told = tuple[WebhookEvent, list[StatusUpdate]]


def _told_together(events: Sequence[WebhookEvent]) -> Iterator[tuple[Inbox, list[Told]]]:
    """Give each inbox that several of these deliveries speak of, with those that bring only statuses of it."""
    groups: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for event in events if len(events) > 1 else ():
        updates = _only_statuses(event)
        addresses = {update.inbox_address for update in updates}
        if len(addresses) == 1:
            groups[event.account_id, addresses.pop()].append((event, updates))
    for (account, address), group in groups.items():
        inbox = Inbox.objects.filter(account=account, address=address, group_address="").first()
        if inbox is not None and len(group) > 1:
            yield inbox, group


def _only_statuses(event: WebhookEvent) -> list[StatusUpdate]:
    """Return the statuses of a delivery that brings nothing else."""
    try:
        items = event.account.provider().parse(bytes(event.body))
    except (UnreadablePayload, BadCredentials, UnreadableSecret):
        return []
    updates = [item for item in items if isinstance(item, StatusUpdate)]
    return updates if len(updates) == len(items) else []


def newest_time(items: Sequence[Event]) -> datetime | None:
    """Return when the newest of these happened, as the provider says; what is of the past does not count."""
    now = [item for item in items if not getattr(item, "is_imported", False)]
    times = [getattr(item, "provider_time", None) for item in now]
    return max((at for at in times if at is not None), default=None)


def _runs(items: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Give the items in their order: plain messages of one inbox together, not too many, everything else alone."""
    for address, group in groupby(items, key=_plain_address):
        if address is None:
            yield from ([item] for item in group)
        else:
            yield from batched(group, TOGETHER)


def _plain_address(item: Event) -> str | None:
    return item.inbox_address if isinstance(item, InboundMessage) and is_plain(item) else None


class Delivery:
    """The items of one journal row on their way into the database."""

    def __init__(self, event: WebhookEvent) -> None:
        self._event = event
        self._provider = event.account.provider()
        self._inboxes: dict[str, Inbox | None] = {}
        self._ignored: list[str] = []
        self._broken: list[BrokenPart] = []
        self._imported: Counter[str] = Counter()

    def apply(self) -> bool:
        """Apply every item and close the journal row; False if more old messages wait for another turn."""
        try:
            items = self._provider.parse(bytes(self._event.body))
        except UnreadablePayload as error:
            self._broken.append(BrokenPart(path="", error_class="UnreadablePayload", detail=error.code))
            items = []
        self._apply_statuses([item for item in items if isinstance(item, StatusUpdate)])
        old = [item for item in items if isinstance(item, InboundMessage | EchoMessage) and item.is_imported]
        self._imported = Counter(item.inbox_address for item in old)
        until = time.monotonic() + IMPORT_SECONDS
        here = self._here_already(old)
        fresh = [item for item in items if id(item) not in here]
        for together in _runs(fresh):
            for item in self._receive_together(together):
                self._apply_item(item)
            if old and together[-1] is not fresh[-1] and time.monotonic() > until:
                return False
        if not finish_event(
            event=self._event,
            items=len(items),
            ignored=self._ignored,
            broken=self._broken,
            said_at=newest_time(items),
            actor=SYSTEM,
        ):
            logger.warning("event.lease_lost event=%s", self._event.uid)
        return True

    def _here_already(self, old: Sequence[InboundMessage | EchoMessage]) -> set[int]:
        """Return which old messages came in an earlier turn or part, but for placeholders that get their content."""
        if not old:
            return set()
        names = [item.provider_message_id for item in old]
        rows = Message.objects.filter(inbox__account=self._event.account_id, provider_message_id__in=names)
        known = {
            (inbox, name): kind
            for inbox, name, kind in rows.values_list("inbox__address", "provider_message_id", "kind")
        }
        kinds = [(item, known.get((item.inbox_address, item.provider_message_id))) for item in old]
        return {
            id(item)
            for item, kind in kinds
            if kind is not None and (kind != Kind.UNSUPPORTED or isinstance(item.content, Unsupported))
        }

    def _apply_item(self, item: Event) -> None:
        match item:
            case StatusUpdate():
                pass  # applied together, before
            case Ignored(reason=reason):
                self._ignored.append(reason)
            case BrokenItem():
                self._broken.append(BrokenPart(path=item.path, error_class="BrokenItem", detail=item.error))
            case AccountNotice():
                self._try(item.path, self._notice(item))
            case AddressesChanged(inbox_address=""):
                work = partial(apply_addresses_changed, account=self._event.account, change=item, actor=SYSTEM)
                self._try(item.path, work)
            case _:
                if inbox := self._inbox(item.inbox_address):
                    self._try(item.path, self._work(item, inbox))

    def _receive_together(self, items: Sequence[Event]) -> Sequence[Event]:
        """Store what plain messages of one inbox there are at once; return what remains to be done one by one."""
        messages = [item for item in items if isinstance(item, InboundMessage)]
        if len(messages) < 2 or (inbox := self._inbox(messages[0].inbox_address, items=0)) is None:
            return items
        remaining: list[InboundMessage] = []

        def work() -> None:
            remaining[:] = receive_messages(
                inbox=inbox,
                inbound=messages,
                received_at=self._event.received_at,
                window_hours=self._provider.capabilities.window_hours,
                actor=SYSTEM,
            )

        return items if self._fault_of(work) else remaining

    def _work(self, item: InboxEvent, inbox: Inbox) -> Callable[[], object]:
        """Return what is to be done about something that happened at one of our inboxes."""
        when = self._event.received_at
        match item:
            case InboundMessage():
                hours = self._provider.capabilities.window_hours
                return partial(
                    receive_message, inbox=inbox, inbound=item, received_at=when, window_hours=hours, actor=SYSTEM
                )
            case EchoMessage():
                able = self._provider.capabilities
                return partial(receive_echo, inbox=inbox, echo=item, received_at=when, capabilities=able, actor=SYSTEM)
            case ReadUpTo():
                return partial(apply_read_up_to, inbox=inbox, read=item, received_at=when, actor=SYSTEM)
            case MessageEdited():
                return partial(apply_edit, inbox=inbox, edit=item, received_at=when, actor=SYSTEM)
            case MessageDeleted():
                return partial(apply_deletion, inbox=inbox, deletion=item, received_at=when, actor=SYSTEM)
            case ReactionChanged():
                return partial(apply_reaction, inbox=inbox, reaction=item, received_at=when, actor=SYSTEM)
            case HistoryProgress():
                count = self._imported.pop(item.inbox_address, 0)
                return partial(record_history, inbox=inbox, progress=item, messages=count, actor=SYSTEM)
            case AddressesChanged():
                return partial(apply_addresses_changed, account=inbox.account, change=item, actor=SYSTEM)
            case ContactSynced():
                return partial(apply_contact_synced, account=inbox.account, contact=item, actor=SYSTEM)
            case MarketingPreference():
                return partial(set_marketing_preference, account=inbox.account, preference=item, actor=SYSTEM)
            case _:
                assert_never(item)

    def _notice(self, notice: AccountNotice) -> Callable[[], object]:
        inbox = self._inbox(notice.inbox_address) if notice.inbox_address else None
        return partial(
            record_notice,
            account=self._event.account,
            inbox=inbox,
            notice=notice,
            received_at=self._event.received_at,
            actor=SYSTEM,
        )

    def _try(self, path: str, work: Callable[[], object]) -> None:
        if error := self._fault_of(work):
            self._broken.append(BrokenPart(path=path, error_class=error))

    def _apply_statuses(self, updates: Sequence[StatusUpdate]) -> None:
        """Apply the statuses of each inbox together, and one by one where they cannot be together."""
        for address in dict.fromkeys(update.inbox_address for update in updates):
            own = [update for update in updates if update.inbox_address == address]
            if inbox := self._inbox(address, items=len(own)):
                work = partial(apply_statuses, inbox=inbox, received_at=self._event.received_at, actor=SYSTEM)
                error = self._fault_of(partial(work, updates=own))
                for update in own if error else ():
                    if error := self._fault_of(partial(work, updates=[update])):
                        self._broken.append(BrokenPart(path=update.path, error_class=error))

    def _fault_of(self, work: Callable[[], object]) -> str:
        """Do one piece of work in its own transaction; return the class of its fault, "" without one.

        Trouble of the database is no fault of the item: it is raised, and the whole delivery comes again.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    work()
                return ""
            except (OperationalError, InterfaceError) as error:
                if not (tries_left and isinstance(error.__cause__, psycopg.errors.DeadlockDetected)):
                    raise
            except Exception as error:
                logger.exception("event.item_failed event=%s", self._event.uid)
                return type(error).__name__
        raise AssertionError("unreachable")

    def _inbox(self, address: str, *, items: int = 1) -> Inbox | None:
        """Return the inbox of an address; what comes for none of ours is kept as ignored."""
        if address not in self._inboxes:
            found = Inbox.objects.filter(account=self._event.account, address=address, group_address="").first()
            if found is not None:
                found.account = self._event.account
            self._inboxes[address] = found
        if self._inboxes[address] is None:
            self._ignored += ["unknown_inbox"] * items
        return self._inboxes[address]
