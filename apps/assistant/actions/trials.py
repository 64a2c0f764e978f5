"""Trying a provider: one tiny question that no person of a conversation asked."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.assistant.models import AIModel, AIProvider
from apps.assistant.types import Answer, Failure
from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue

Trial = AIProvider.Trial
LOST_AFTER = timedelta(seconds=90)
"""A worker that was to ask and has not said what came of it by then is gone."""
KEPT = AIProvider._meta.get_field("trial_text").max_length or 0


@transaction.atomic
def request_trial(*, provider: AIProvider, actor: Actor) -> None:
    """Have a provider asked in the background; asked again before it is done, it is the same request.

    Raises PermissionDenied.
    """
    require(actor, Scope.SETUP_WRITE)
    under_way = Q(trial__in=[Trial.ASKED, Trial.RUNNING], trial_at__gt=Now() - LOST_AFTER)
    wanted = AIProvider.objects.filter(pk=provider.pk).exclude(under_way)
    if wanted.update(trial=Trial.ASKED, trial_at=Now(), trial_text="", trial_ms=None):
        enqueue(Job.TRY_PROVIDERS)


@transaction.atomic
def claim_trial(*, actor: Actor) -> AIProvider | None:
    """Return a provider that is to be tried, and is ours to ask; None when there is none left."""
    require(actor, Scope.SETUP_WRITE)
    asked = AIProvider.objects.select_for_update(skip_locked=True).filter(trial=Trial.ASKED)
    provider = asked.order_by("trial_at").first()
    if provider is not None:
        provider.trial = Trial.RUNNING
        provider.save(update_fields=["trial"])
    return provider


def model_to_try(provider: AIProvider) -> AIModel | None:
    """Return the model that is asked first there."""
    return provider.models.filter(is_enabled=True).order_by("position", "id").first()


@transaction.atomic
def record_trial(*, provider: AIProvider, outcome: Answer | Failure, actor: Actor) -> None:
    """Note what came of a trial. A provider that answers is not left to rest any longer."""
    require(actor, Scope.SETUP_WRITE)
    ours = AIProvider.objects.filter(pk=provider.pk, trial=Trial.RUNNING)
    if isinstance(outcome, Failure):
        ours.update(trial=outcome, trial_at=Now())
        return
    ours.update(
        trial=Trial.ANSWERED,
        trial_at=Now(),
        trial_text=outcome.reply.text[:KEPT],
        trial_ms=outcome.latency_ms,
        failures=0,
        resting_until=None,
        last_answer_at=Now(),
    )
