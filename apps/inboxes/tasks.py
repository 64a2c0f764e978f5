"""Housekeeping of the journal."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from apps.core.models import SiteSettings
from apps.inboxes.models import DeadLetter, WebhookEvent

BATCH = 1000
DEAD_FACTOR = 3


def prune_journal() -> str:
    """Delete deliveries older than the settings keep them, those that need a person three times later.

    What was not processed yet stays, however old. Safe to run twice.
    """
    days = (SiteSettings.objects.first() or SiteSettings()).journal_days
    events = WebhookEvent.objects.exclude(state=WebhookEvent.State.NEW)
    open_letters = DeadLetter.objects.filter(event=OuterRef("pk"), state=DeadLetter.State.OPEN)
    needs_somebody = Q(state=WebhookEvent.State.DEAD) | Exists(open_letters)
    deleted = 0
    for kept, rows in ((days, events.exclude(needs_somebody)), (days * DEAD_FACTOR, events)):
        old = rows.filter(received_at__lt=Now() - timedelta(days=kept))
        while ids := list(old.values_list("pk", flat=True)[:BATCH]):
            deleted += WebhookEvent.objects.filter(pk__in=ids).delete()[1].get("inboxes.WebhookEvent", 0)
    return f"deleted {deleted}"
