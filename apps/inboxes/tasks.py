"""What the background does with accounts and the journal. Every task is safe to run twice and rung too often."""

import asyncio
import logging
import time
from datetime import timedelta

from django.utils import timezone

from apps.core.actors import SYSTEM
from apps.core.jobs import Job, enqueue
from apps.core.models import SiteSettings
from apps.core.secrets import UnreadableSecret
from apps.inboxes.actions import operations
from apps.inboxes.actions.bodies import drop_days, make_days
from apps.inboxes.actions.journal import forget_events
from apps.inboxes.models import AccountOperation
from providers.base import Check, Provider
from providers.errors import AuthFailed, BadCredentials, FetchError, Rejected, SendError, Unreachable
from providers.http import HttpClient

logger = logging.getLogger(__name__)

KEPT_FACTOR = 3
ASK_SECONDS = 35
"""How long one thing asked of a provider may take."""
BEGIN_SECONDS = 15
"""How long one task goes on beginning: with the last question it stays under its timeout."""


def prune_journal() -> str:
    """Make the days to come, drop the bytes of those that are over, and forget what was known of older ones.

    What waits for a person keeps its bytes three times as long; so long is known, too, when a delivery came and
    what became of it. What was not processed yet stays, however old. Safe to run twice.
    """
    days = timedelta(days=(SiteSettings.objects.first() or SiteSettings()).journal_days)
    now = timezone.now()
    made = make_days(actor=SYSTEM)
    dropped = drop_days(before=now - days, dead_before=now - days * KEPT_FACTOR, actor=SYSTEM)
    forgotten = forget_events(before=now - days * KEPT_FACTOR, actor=SYSTEM)
    return f"made {made} days, dropped {dropped}, forgot {forgotten} events"


def check_accounts() -> str:
    """Have accounts checked whose last check is old, and ring for whatever waits to be asked."""
    return f"{operations.request_due_checks(actor=SYSTEM)} checks"


def operate_accounts() -> str:
    """Ask providers what somebody wants to know of them, one thing after the other."""
    until = time.monotonic() + BEGIN_SECONDS
    done = 0
    while operation := operations.claim_operation(actor=SYSTEM):
        perform(operation)
        done += 1
        if time.monotonic() > until:
            enqueue(Job.OPERATE_ACCOUNTS, cluster=operations.CLUSTER)
            break
    return f"{done} operations"


def perform(operation: AccountOperation) -> None:
    """Ask a provider one thing and record what it says; nothing it may answer raises."""
    try:
        provider = operation.account.provider()
        said = asyncio.run(_ask(provider, operation, _addresses(operation)))
    except (UnreadableSecret, BadCredentials) as cause:
        error: SendError | FetchError = AuthFailed("unusable_credentials", type(cause).__name__)
    except KeyError:
        error = Rejected("unknown_operation")
    except TimeoutError:
        error = Unreachable("timeout")
    except (SendError, FetchError) as refusal:
        error = refusal
    except Exception as fault:
        logger.error("operation.fault operation=%s", operation.pk, exc_info=fault)
        error = Rejected("internal_error", type(fault).__name__)
    else:
        if isinstance(said, str):
            operations.record_outcome(operation=operation, outcome=said, actor=SYSTEM)
        else:
            operations.record_checks(operation=operation, checks=said, actor=SYSTEM)
        return
    operations.record_trouble(operation=operation, error=error, actor=SYSTEM)


async def _ask(provider: Provider, operation: AccountOperation, addresses: list[str]) -> str | list[Check]:
    webhook_url = operation.account.webhook_url
    async with asyncio.timeout(ASK_SECONDS), HttpClient() as client:
        if operation.name == AccountOperation.CHECK:
            return await provider.check(client, inbox_addresses=addresses, webhook_url=webhook_url)
        (address,) = addresses if operation.inbox is not None else [""]
        return await provider.operate(client, operation.name, inbox_address=address, webhook_url=webhook_url)


def _addresses(operation: AccountOperation) -> list[str]:
    """Return the addresses an operation is about; each once, since groups share the one of their number."""
    if operation.inbox is not None:
        return [operation.inbox.address]
    active = operation.account.inboxes.filter(is_active=True).order_by("pk").values_list("address", flat=True)
    return list(dict.fromkeys(active))
