"""What was spent since midnight of the house."""

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from apps.assistant.models import Completion


def spent_today(provider_ids: Collection[int]) -> dict[int, Decimal]:
    """Return what each of these providers cost today; those that cost nothing are left out."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Completion.objects.filter(provider_id__in=provider_ids, created_at__gte=midnight)
    return dict(rows.order_by().values_list("provider_id").annotate(total=Sum("price")))
