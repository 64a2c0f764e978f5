"""Housekeeping that belongs to no other room. Every task is safe to run twice."""

from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from apps.core import live
from apps.core.models import Heartbeat, LiveEvent

SMALL_TABLE_ROWS = 1000


def heartbeat(cluster: str) -> str:
    """Record that this cluster finishes tasks; its supervisor restarts it when the record grows old."""
    Heartbeat.objects.update_or_create(cluster=cluster, defaults={"finished_at": Now()})
    return "alive"


def prune_live_events() -> str:
    """Delete events older than the gap a screen may catch up; much sooner that a text grew."""
    grew = Q(kind=live.LiveKind.SUGGESTION_STREAMED, at__lt=Now() - timedelta(minutes=live.GROWTH_KEPT_MINUTES))
    deleted, _ = LiveEvent.objects.filter(grew | Q(at__lt=Now() - timedelta(hours=live.KEPT_HOURS))).delete()
    return f"deleted {deleted}"


def refresh_statistics() -> str:
    """Let PostgreSQL look at the small tables.

    It does so by itself only after fifty changes, and a handful of branches and inboxes that it knows
    nothing of misleads its plans over the large tables that join them.
    """
    with connection.cursor() as cursor:
        ours = "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND n_live_tup < %s"
        cursor.execute(ours, [SMALL_TABLE_ROWS])
        names = [connection.ops.quote_name(name) for (name,) in cursor.fetchall()]
        if names:
            cursor.execute(f"ANALYZE {', '.join(names)}")
    return f"{len(names)} tables"
