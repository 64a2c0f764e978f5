"""What is forgotten of the log. Nothing else ever changes in it; the database sees to that."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from apps.assistant.models import Completion
from apps.core.actors import Actor, Scope, require

AT_ONCE = 1000


def forget_words(*, before: datetime, actor: Actor) -> int:
    """Empty what was asked and answered before; figures stay. Returns of how many requests."""
    require(actor, Scope.ASSISTANT_WRITE)
    told = Completion.objects.filter(redacted_at=None, created_at__lt=before)
    return _each_batch(told, lambda rows: rows.update(request=None, response="", redacted_at=Now()))


def forget_completions(*, before: datetime, actor: Actor) -> int:
    """Delete the requests of before, figures and all. Returns how many."""
    require(actor, Scope.ASSISTANT_WRITE)
    old = Completion.objects.filter(created_at__lt=before)
    return _each_batch(old, lambda rows: rows._raw_delete(rows.db))


def _each_batch(rows: QuerySet[Completion], do: Callable[[Any], int]) -> int:
    """Do it to the oldest again and again, each batch by itself: no row is held long, and what is done stays done."""
    total = 0
    while ids := list(rows.order_by("created_at").values_list("pk", flat=True)[:AT_ONCE]):
        total += do(Completion.objects.filter(pk__in=ids))
    return total
