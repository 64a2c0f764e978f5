"""Every background job of the house on one page, and the one way to start them.

A job is a doorbell: it carries ids at most, may be rung twice or late, and finds out by itself what is due.
Actions of a lower room start work of a higher one by name, without importing it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.humanhash import uuid
from django_q.models import OrmQ
from django_q.signing import SignedPackage


class Job(StrEnum):
    """Dotted paths of the task functions; a test resolves each."""

    HEARTBEAT = "apps.core.tasks.heartbeat"
    PRUNE_LIVE_EVENTS = "apps.core.tasks.prune_live_events"
    REFRESH_STATISTICS = "apps.core.tasks.refresh_statistics"
    PROCESS_EVENTS = "apps.conversations.tasks.process_events"
    FOLLOW_IDENTITIES = "apps.conversations.tasks.follow_identities"
    DELIVER_MESSAGES = "apps.conversations.tasks.deliver_messages"
    MARK_READ = "apps.conversations.tasks.mark_read"
    SWEEP = "apps.conversations.tasks.sweep"
    FETCH_MEDIA = "apps.conversations.media_tasks.fetch_media"
    EXAMINE_MEDIA = "apps.conversations.media_tasks.examine_media"
    PREPARE_MESSAGES = "apps.conversations.media_tasks.prepare_messages"
    SWEEP_MEDIA = "apps.conversations.media_tasks.sweep_media"
    PRUNE_MEDIA = "apps.conversations.media_tasks.prune_media"
    PRUNE_DELIVERY = "apps.conversations.tasks.prune_delivery"
    PRUNE_JOURNAL = "apps.inboxes.tasks.prune_journal"
    SUGGEST_REPLY = "apps.assistant.tasks.suggest_reply"
    SWEEP_SUGGESTIONS = "apps.assistant.tasks.sweep_suggestions"
    TRY_PROVIDERS = "apps.assistant.tasks.try_providers"
    PRUNE_COMPLETIONS = "apps.assistant.tasks.prune_completions"
    CHECK_ACCOUNTS = "apps.inboxes.tasks.check_accounts"
    OPERATE_ACCOUNTS = "apps.inboxes.tasks.operate_accounts"


RECURRING: dict[str, dict[Job, int]] = {
    "default": {Job.SWEEP: 10},
    "ai": {Job.SWEEP_SUGGESTIONS: 10},
    "media": {Job.SWEEP_MEDIA: 10},
    "bulk": {
        Job.PRUNE_LIVE_EVENTS: 600,
        Job.PRUNE_JOURNAL: 3600,
        Job.CHECK_ACCOUNTS: 60,
        Job.PRUNE_DELIVERY: 3600,
        Job.PRUNE_MEDIA: 3600,
        Job.PRUNE_COMPLETIONS: 3600,
        Job.REFRESH_STATISTICS: 3600,
    },
}
"""What the supervisor of each cluster rings, and every how many seconds. HEARTBEAT comes on top."""


HOMES = {
    Job.SUGGEST_REPLY: "ai",
    Job.FETCH_MEDIA: "media",
    Job.EXAMINE_MEDIA: "media",
    Job.PREPARE_MESSAGES: "media",
    Job.MARK_READ: "bulk",
    Job.TRY_PROVIDERS: "bulk",
}
"""Which cluster does a job, if it is not the first."""


def package(job: Job, *ids: int | str) -> str:
    """Return the signed queue entry of one ring, as the `payload` column holds it."""
    name, identifier = uuid()
    task = {
        "id": identifier,
        "name": name,
        "func": str(job),
        "args": ids,
        "kwargs": {},
        "started": timezone.now(),
        "ack_failure": True,
    }
    return str(SignedPackage.dumps(task))


def enqueue(job: Job, *ids: int | str, cluster: str | None = None) -> int:
    """Ring for `job`; it is heard when the surrounding transaction commits, and never if it rolls back.

    Returns the number of the ring, for `is_answered`.
    """
    ring: int = get_broker(cluster or HOMES.get(job, settings.CLUSTERS[0])).enqueue(package(job, *ids))
    return ring


def is_answered(ring: int) -> bool:
    """Return whether the task of a ring has finished, well or not."""
    return not OrmQ.objects.filter(pk=ring).exists()


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Tell whether nobody else in any process holds this name; it is ours until the end, or until we die."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [name])
        is_ours = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:  # lost with its session
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [name])
