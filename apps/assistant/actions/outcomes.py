"""What became of a request: its text while it grows, its answer, its failure; all under the lease of its claim.

Every request leaves one row in the log, also one nobody waits for any more: it was paid. Conversation, suggestion and
provider are held in this order.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.assistant.actions.announce import announce, announce_growth
from apps.assistant.actions.automatic import answer_if_allowed
from apps.assistant.actions.claims import Claim, fail, price_of
from apps.assistant.actions.holding import hold_suggestion
from apps.assistant.actions.overtaken import end_proposal
from apps.assistant.masks import unmask
from apps.assistant.models import AIModel, AIProvider, Completion, Suggestion
from apps.assistant.queries import candidates, drawn_values, is_current
from apps.assistant.safety import warnings_in
from apps.assistant.types import Answer, Failure, ModelError, Prompt, Usage
from apps.conversations.actions.assist import ring
from apps.core.actors import Actor, Scope, require
from providers.meta import clean_text

State = Suggestion.State

LOST_AT_MOST = 3
"""How often a suggestion may be begun when its worker died over it."""
REST_SECONDS = (5, 300)
LONGEST_REST_SECONDS = 3600
NOTED_EVERY = timedelta(seconds=10)
LETTERS_OF_A_TOKEN = 4
PAID = {Failure.TOO_SLOW, Failure.BROKEN_OFF, Failure.REFUSED, Failure.EMPTY, Failure.OVERTAKEN, Failure.LOST}
"""What went wrong after the provider had begun, as far as one can tell: it is paid."""
BLAMELESS = {Failure.REFUSED, Failure.REFUSED_REQUEST, Failure.EMPTY, Failure.INTERNAL}
"""What says something about this question, and nothing about the next."""


BATCH = 200
FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}
_AGAIN: dict[str, Any] = {"state": State.QUEUED, "started_at": None, "next_attempt_at": Now(), "text": "", **FREE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it was: what was asked, how far the answer had come, how long it took."""

    claim: Claim
    prompt: Prompt | None
    text: str = ""
    latency_ms: int = 0


def still_wanted(*, claims: list[Claim], actor: Actor) -> set[Claim]:
    """Return those of our claims that nothing has overtaken."""
    require(actor, Scope.MESSAGES_SEND)
    ours = Suggestion.objects.filter(state=State.GENERATING, lease_token__in=[claim.token for claim in claims])
    tokens = set(ours.values_list("lease_token", flat=True)) if claims else set()
    return {claim for claim in claims if claim.token in tokens}


# Whoever decides about a suggestion in this moment is not waited for: it gets its text with the next ones.
_GROW = """
WITH told AS (SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[]) AS told(id, token, text)
), free AS (
    SELECT s.id, told.text FROM assistant_suggestion s JOIN told ON told.id = s.id AND told.token = s.lease_token
    WHERE s.state = 'generating' FOR NO KEY UPDATE OF s SKIP LOCKED
), grown AS (
    UPDATE assistant_suggestion s SET text = free.text FROM free WHERE s.id = free.id RETURNING s.id
)
SELECT told.id, grown.id IS NOT NULL FROM told
JOIN assistant_suggestion s ON s.id = told.id AND s.lease_token = told.token AND s.state = 'generating'
LEFT JOIN grown ON grown.id = told.id
"""


@transaction.atomic
def record_texts(*, texts: Mapping[Claim, str], actor: Actor) -> set[Claim]:
    """Write how far several answers have come, for those who watch; return those that are still wanted."""
    require(actor, Scope.MESSAGES_SEND)
    claims = {claim.suggestion.pk: claim for claim in texts}
    told: list[Any] = [
        list(claims),
        [claim.token for claim in claims.values()],
        [clean_text(texts[one]) for one in claims.values()],
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # what a crash takes of it is written again
        cursor.execute(_GROW, told)
        found = dict(cursor.fetchall())
    announce_growth([claims[pk].suggestion for pk, has_grown in found.items() if has_grown])
    return {claims[pk] for pk in found}


@transaction.atomic
def record_answer(*, request: Request, answer: Answer, actor: Actor) -> bool:
    """Propose what a model answered, or let it leave by itself; False when the chat went on meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    claim, reply = request.claim, answer.reply
    held = hold_suggestion(claim.suggestion)
    _log(request, outcome=Completion.OK, answer=answer)
    _note_success(claim.model.provider)
    if not _is_ours(held, claim):
        return False
    masks, knowledge = (request.prompt.masks, request.prompt.knowledge) if request.prompt else ({}, "")
    text = clean_text(unmask(reply.text, masks))
    _ours(claim).update(
        state=State.SHOWN,
        text=text,
        needs_human=reply.needs_human,
        reason=clean_text(unmask(reply.reason, masks))[:300],
        suggested_tags=[clean_text(tag)[:60] for tag in reply.suggested_tags],
        warnings=warnings_in(text, knowledge=knowledge),
        failure="",
        finished_at=Now(),
        **FREE,
    )
    announce(held)
    answer_if_allowed(suggestion=held, actor=actor)
    return True


@transaction.atomic
def record_failure(*, request: Request, error: ModelError, actor: Actor) -> bool:
    """Write why a model gave no answer; the next one is asked, if there is one and time for it.

    A provider that limits how much it is asked may be asked again when it has rested. False when nobody waits for it.
    """
    require(actor, Scope.MESSAGES_SEND)
    claim = request.claim
    held = hold_suggestion(claim.suggestion)
    _log(request, outcome=error.failure, error=error)
    if error.failure not in BLAMELESS:
        _note_failure(claim.model.provider, error)
    if not _is_ours(held, claim):
        return False
    tried = [*held.tried] if error.failure == Failure.LIMITED else [*held.tried, claim.model.provider_id]
    left = [model for model in candidates(held.respondent).models if model.provider_id not in tried]
    _ours(claim).update(state=State.QUEUED, tried=tried, failure=error.failure, text="", next_attempt_at=Now(), **FREE)
    if left and claim.seconds > 0:
        announce(held)
    else:
        fail(held, error.failure, actor)
    return True


@transaction.atomic
def abandon(*, request: Request, actor: Actor) -> None:
    """Write that a request was ended before its time: overtaken, or its worker stops and another one asks again."""
    require(actor, Scope.MESSAGES_SEND)
    claim = request.claim
    held = hold_suggestion(claim.suggestion)
    is_ours = _is_ours(held, claim)
    _log(request, outcome=Failure.LOST if is_ours else Failure.OVERTAKEN)
    if is_ours:
        _ours(claim).update(**_AGAIN)
        announce(held)
        ring()


def end_lost_leases(*, actor: Actor) -> int:
    """Have asked again what a worker died over, a few times; return how many there were."""
    require(actor, Scope.MESSAGES_SEND)
    lost = Suggestion.objects.filter(lease_until__lt=Now()).order_by("lease_until")
    return sum(_end_lost_lease(suggestion, actor) for suggestion in lost[:BATCH])


@transaction.atomic
def _end_lost_lease(suggestion: Suggestion, actor: Actor) -> int:
    held = hold_suggestion(suggestion)
    if held.lease_token is None or held.lease_token != suggestion.lease_token:
        return 0
    if held.model is not None:
        _write_log(held, held.model, outcome=Failure.LOST, request=None)
    rows = Suggestion.objects.filter(pk=held.pk)
    if held.state != State.GENERATING:
        rows.update(**FREE)
    elif held.attempts < LOST_AT_MOST:
        rows.update(**_AGAIN)
        announce(held)
    else:
        rows.update(**_AGAIN)
        fail(held, Failure.LOST, actor)
    return 1


def _ours(claim: Claim) -> Any:
    return Suggestion.objects.filter(pk=claim.suggestion.pk, state=State.GENERATING, lease_token=claim.token)


def _is_ours(held: Suggestion, claim: Claim) -> bool:
    """Tell whether a held suggestion still waits for this request; if not, its place is free now."""
    is_ours = held.state == State.GENERATING and held.lease_token == claim.token
    if is_ours and not is_current(held):
        end_proposal(held.conversation)
        is_ours = False
    if not is_ours:
        Suggestion.objects.filter(pk=held.pk, lease_token=claim.token).update(**FREE)
    return is_ours


# The log ---------------------------------------------------------------------------------------------


def _log(request: Request, *, outcome: str, answer: Answer | None = None, error: ModelError | None = None) -> None:
    claim = request.claim
    usage = answer.usage if answer else (error.usage if error else None) or _estimated(request, outcome)
    _write_log(
        claim.suggestion,
        claim.model,
        outcome=outcome,
        detail=error.detail[:200] if error else "",
        request=request.prompt.messages() if request.prompt else None,
        response=clean_text(answer.raw if answer else (error.raw if error else "") or request.text),
        request_id=((answer.request_id if answer else error.request_id if error else "") or "")[:120],
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        is_estimated=usage.is_estimated,
        first_text_ms=answer.first_text_ms if answer else None,
        latency_ms=answer.latency_ms if answer else request.latency_ms,
        attempt=claim.suggestion.attempts,
    )


def _write_log(suggestion: Suggestion, model: AIModel, **told: Any) -> None:
    drawn = drawn_values(suggestion.respondent) if suggestion.respondent else []
    tokens = {name: told.get(name, 0) for name in ("prompt_tokens", "completion_tokens")}
    Completion.objects.create(
        suggestion=suggestion,
        conversation_id=suggestion.conversation_id,
        inbox_id=suggestion.inbox_id,
        provider_id=model.provider_id,
        provider_name=model.provider.name,
        model_name=model.name,
        is_simulated=model.provider.is_simulated,
        values=[{"param": row.param.name, "value": row.value.name, "value_id": row.value_id} for row in drawn],
        price=price_of(model, **tokens),
        currency=model.provider.currency,
        **{"attempt": suggestion.attempts, **told},
    )


def _estimated(request: Request, outcome: str) -> Usage:
    """Return about how many tokens a request cost that nobody counted for us."""
    if request.prompt is None or (outcome not in PAID and not request.text):
        return Usage(prompt_tokens=0, completion_tokens=0, is_estimated=True)
    asked = sum(len(message["content"]) for message in request.prompt.messages())
    return Usage(
        prompt_tokens=math.ceil(asked / LETTERS_OF_A_TOKEN),
        completion_tokens=math.ceil(len(request.text) / LETTERS_OF_A_TOKEN),
        is_estimated=True,
    )


# How a provider does ---------------------------------------------------------------------------------


def _note_success(provider: AIProvider) -> None:
    """Note that it answers; while it goes on doing so only now and then, for others wait for this row."""
    is_old = Q(last_answer_at=None) | Q(last_answer_at__lt=Now() - NOTED_EVERY)
    is_news = Q(failures__gt=0) | Q(resting_until__isnull=False) | is_old
    rows = AIProvider.objects.filter(is_news, pk=provider.pk)
    rows.update(failures=0, resting_until=None, last_answer_at=Now())


def _note_failure(provider: AIProvider, error: ModelError) -> None:
    """Let a provider rest: as long as it says, else longer with each failure in a row."""
    row = AIProvider.objects.select_for_update(no_key=True).filter(pk=provider.pk).first()
    if row is None:
        return
    shortest, longest = REST_SECONDS
    planned = min(shortest * 2 ** min(row.failures, 10), longest)
    rest = planned if error.retry_after is None else min(error.retry_after, LONGEST_REST_SECONDS)
    AIProvider.objects.filter(pk=row.pk).update(
        failures=F("failures") + 1,
        resting_until=timezone.now() + timedelta(seconds=rest),
        last_failure=error.failure,
        last_failure_at=Now(),
    )
