"""Housekeeping that belongs to no other room. Every task is safe to run twice."""

from datetime import timedelta

from django.db.models.functions import Now

from apps.core import live
from apps.core.models import Heartbeat, LiveEvent


def heartbeat(cluster: str) -> str:
    """Record that this cluster finishes tasks; its supervisor restarts it when the record grows old."""
    Heartbeat.objects.update_or_create(cluster=cluster, defaults={"finished_at": Now()})
    return "alive"


def prune_live_events() -> str:
    """Delete events older than the gap a screen may catch up."""
    deleted, _ = LiveEvent.objects.filter(at__lt=Now() - timedelta(hours=live.KEPT_HOURS)).delete()
    return f"deleted {deleted}"
