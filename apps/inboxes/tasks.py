"""Housekeeping of the journal."""

from datetime import timedelta

from django.db.models.functions import Now

from apps.core.models import SiteSettings
from apps.inboxes.models import WebhookEvent

BATCH = 1000
DEAD_FACTOR = 3


def prune_journal() -> str:
    """Delete deliveries older than the settings keep them, dead ones three times later. Safe to run twice."""
    days = (SiteSettings.objects.first() or SiteSettings()).journal_days
    deleted = 0
    for state, kept in ((WebhookEvent.State.DEAD, days * DEAD_FACTOR), (None, days)):
        rows = WebhookEvent.objects.filter(received_at__lt=Now() - timedelta(days=kept))
        rows = rows.filter(state=state) if state else rows.exclude(state=WebhookEvent.State.DEAD)
        while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
            deleted += WebhookEvent.objects.filter(pk__in=ids).delete()[0]
    return f"deleted {deleted}"
