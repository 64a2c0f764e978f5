"""One delivery of a provider becomes rows."""

import logging

from django.core.exceptions import ValidationError
from django.db import DatabaseError, DataError, IntegrityError, transaction

from apps.conversations.actions.receive import receive_message
from apps.conversations.actions.statuses import apply_statuses
from apps.core.actors import SYSTEM
from apps.core.secrets import UnreadableSecret
from apps.inboxes.actions import BrokenPart, finish_event, postpone_event
from apps.inboxes.models import Inbox, WebhookEvent
from providers.errors import BadCredentials, UnreadablePayload
from providers.types import BrokenItem, Event, Ignored, InboundMessage, StatusUpdate

logger = logging.getLogger(__name__)


def process_event(event: WebhookEvent) -> None:
    """Apply everything one delivery says, whole or not at all; a broken item stops only itself."""
    try:
        with transaction.atomic():
            Delivery(event).apply()
    except (
        DatabaseError,
        BadCredentials,
        UnreadableSecret,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        logger.exception("event.failed event=%s attempt=%s", event.uid, event.attempts)
        postpone_event(event=event, error=error, actor=SYSTEM)


class Delivery:
    """The items of one journal row on their way into the database."""

    def __init__(self, event: WebhookEvent) -> None:
        self._event = event
        self._provider = event.account.provider()
        self._inboxes: dict[str, Inbox | None] = {}
        self._ignored: list[str] = []
        self._broken: list[BrokenPart] = []

    def apply(self) -> None:
        """Apply every item and close the journal row."""
        try:
            items = self._provider.parse(bytes(self._event.body))
        except UnreadablePayload as error:
            self._broken.append(BrokenPart(path="", error_class="UnreadablePayload", detail=error.code))
            items = []
        self._apply_statuses([item for item in items if isinstance(item, StatusUpdate)])
        for item in items:
            self._apply(item)
        finish_event(event=self._event, items=len(items), ignored=self._ignored, broken=self._broken, actor=SYSTEM)

    def _apply(self, item: Event) -> None:
        match item:
            case InboundMessage():
                self._receive(item)
            case Ignored(reason=reason):
                self._ignored.append(reason)
            case BrokenItem(path=path, error=error):
                self._broken.append(BrokenPart(path=path, error_class="BrokenItem", detail=error))
            case StatusUpdate():
                pass  # applied together, before

    def _receive(self, item: InboundMessage) -> None:
        inbox = self._inbox(item.inbox_address)
        if inbox is None:
            self._ignored.append("unknown_inbox")
            return
        try:
            with transaction.atomic():
                receive_message(
                    inbox=inbox,
                    inbound=item,
                    received_at=self._event.received_at,
                    window_hours=self._provider.capabilities.window_hours,
                    actor=SYSTEM,
                )
        except (DataError, IntegrityError, ValidationError) as error:
            self._broken.append(BrokenPart(path=item.path, error_class=type(error).__name__))

    def _apply_statuses(self, updates: list[StatusUpdate]) -> None:
        for address in dict.fromkeys(update.inbox_address for update in updates):
            own = [update for update in updates if update.inbox_address == address]
            inbox = self._inbox(address)
            if inbox is None:
                self._ignored += ["unknown_inbox"] * len(own)
            else:
                apply_statuses(inbox=inbox, updates=own, received_at=self._event.received_at, actor=SYSTEM)

    def _inbox(self, address: str) -> Inbox | None:
        if address not in self._inboxes:
            found = Inbox.objects.filter(account=self._event.account, address=address).first()
            if found is not None:
                found.account = self._event.account
            self._inboxes[address] = found
        return self._inboxes[address]
