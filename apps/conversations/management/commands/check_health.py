"""manage.py check_health: is everything alive, and does anything wait for a person?"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone
from redis import Redis, RedisError

from apps.conversations.models import UNSENT, Attachment, Conversation, Message
from apps.core.commands import ScriptCommand
from apps.core.models import Heartbeat
from apps.inboxes.actions.journal import due_events
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookEvent
from apps.inboxes.queries import health_of

HEARTBEAT_SECONDS = 90
EVENT_SECONDS = 60
MESSAGE_SECONDS = 120
FILE_SECONDS = 300
PROPOSAL_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    is_well: bool
    detail: str


class Command(ScriptCommand):
    """Exit code 1 when anything is not well; the last line says what."""

    help = (
        "Look at database, migrations, Redis, clusters, queues, dead letters and accounts; fails when one is not well."
    )

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        findings = [_looked(name, look) for name, look in looks().items()]
        return {"is_well": all(finding.is_well for finding in findings), "findings": [*map(asdict, findings)]}

    def show(self, facts: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(facts))
        else:
            for finding in facts["findings"]:
                self.stdout.write(f"{'ok  ' if finding['is_well'] else 'FAIL'} {finding['name']}: {finding['detail']}")
        if not facts["is_well"]:
            names = ", ".join(finding["name"] for finding in facts["findings"] if not finding["is_well"])
            raise CommandError(f"Not well: {names}.", returncode=1)


Look = Callable[[], tuple[bool, str]]


def looks() -> dict[str, Look]:
    """Return everything to look at, by name."""
    clusters: dict[str, Look] = {f"cluster {name}": _cluster(name) for name in settings.CLUSTERS}
    return {
        "database": _database,
        "migrations": _migrations,
        "redis": _redis,
        **clusters,
        "webhooks due": _webhooks,
        "messages due": _messages,
        "files due": _files,
        "proposals due": _proposals,
        "dead letters": _dead_letters,
        "accounts": _accounts,
        "silence": _silence,
    }


def _looked(name: str, look: Look) -> Finding:
    """Look once; a server that does not answer is a finding, not an accident."""
    try:
        is_well, detail = look()
    except (Error, RedisError, OSError) as error:
        is_well, detail = False, f"no answer ({type(error).__name__})"
    return Finding(name=name, is_well=is_well, detail=detail)


def _database() -> tuple[bool, str]:
    Heartbeat.objects.filter(cluster="").update(finished_at=Now())
    return True, "reads and writes"


def _migrations() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return not missing, f"{missing} to apply" if missing else "all applied"


def _redis() -> tuple[bool, str]:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
        redis.ping()
    return True, "answers"


def _cluster(name: str) -> Look:
    def look() -> tuple[bool, str]:
        last = Heartbeat.objects.filter(cluster=name).values_list("finished_at", flat=True).first()
        if last is None:
            return False, "never finished a task"
        age = _age(last)
        return age <= HEARTBEAT_SECONDS, f"finished a task {age:.0f} s ago"

    return look


def _webhooks() -> tuple[bool, str]:
    oldest = WebhookEvent.objects.filter(due_events()).aggregate(oldest=Min("next_attempt_at"))["oldest"]
    return _waiting(oldest, EVENT_SECONDS)


def _messages() -> tuple[bool, str]:
    due = Message.objects.filter(dispatch__in=UNSENT, next_attempt_at__lte=Now())
    return _waiting(due.aggregate(oldest=Min("next_attempt_at"))["oldest"], MESSAGE_SECONDS)


def _files() -> tuple[bool, str]:
    waiting = Attachment.objects.filter(state=Attachment.State.WAITING, message__isnull=False)
    if unstored := waiting.filter(error_code="storage").count():
        return False, f"{unstored} could not be stored: is the disk full?"
    due = waiting.filter(next_attempt_at__lte=Now())
    return _waiting(due.aggregate(oldest=Min("next_attempt_at"))["oldest"], FILE_SECONDS)


def _proposals() -> tuple[bool, str]:
    """Look whether the assistant looked: whether a model answers then is told in each chat and in the admin."""
    wanted = Conversation.objects.filter(reply_wanted_at__isnull=False)
    return _waiting(wanted.aggregate(oldest=Min("reply_wanted_at"))["oldest"], PROPOSAL_SECONDS)


def _waiting(oldest: datetime | None, limit: int) -> tuple[bool, str]:
    if oldest is None:
        return True, "none waits"
    age = _age(oldest)
    return age <= limit, f"the oldest waits {age:.0f} s"


def _dead_letters() -> tuple[bool, str]:
    count = DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count()
    return not count, f"{count} open"


def _accounts() -> tuple[bool, str]:
    needing = ProviderAccount.objects.filter(is_active=True, state=ProviderAccount.State.NEEDS_AUTH)
    ids = ", ".join(str(pk) for pk in needing.order_by("pk").values_list("pk", flat=True))
    return not ids, f"need credentials: {ids}" if ids else "none needs credentials"


def _silence() -> tuple[bool, str]:
    watched = ProviderAccount.objects.filter(is_active=True).exclude(silence_minutes=None).defer("credentials")
    silent = sorted(pk for pk, health in health_of(watched).items() if health.is_silent)
    return not silent, f"nothing comes from: {', '.join(map(str, silent))}" if silent else "no account is silent"


def _age(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
