"""What the assistant is like in one conversation: drawn by chance, kept, drawn again, or chosen by hand.

A respondent is never changed once something was drawn for it: another set of values is another respondent, so that
what was proposed earlier still tells what it was proposed with.
"""

import random
import secrets
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.assistant.actions.announce import announce_respondent
from apps.assistant.models import AIParam, AIValue, Respondent, RespondentValue
from apps.assistant.queries import current_respondent, drawable_params, drawn_values, is_drawable
from apps.conversations.models import Conversation
from apps.conversations.permissions import require_handle
from apps.core.actors import Actor

SEEDS = 2**63


def respondent_of(*, conversation: Conversation, actor: Actor) -> Respondent:
    """Return what the assistant is like here, drawn now where nothing stands for a parameter yet.

    Values that were switched off are drawn again, also those of a pinned respondent. Raises PermissionDenied.
    """
    require_handle(actor, conversation)
    params = drawable_params()
    respondent = current_respondent(conversation)
    if respondent is not None and _is_complete(respondent, params):
        return respondent
    with transaction.atomic():
        respondent = _hold(conversation)
        if respondent is None:
            return _make(conversation, params, seed=_new_seed())
        if _is_complete(respondent, params):  # somebody else drew meanwhile
            return respondent
        kept = _standing(respondent, drawn_values(respondent))
        return _replace(respondent, params, seed=respondent.seed, kept=kept, is_pinned=respondent.is_pinned)


@transaction.atomic
def redraw(*, conversation: Conversation, actor: Actor, seed: int | None = None) -> Respondent:
    """Draw everything anew, also where it was pinned; the same seed draws the same from the same values.

    Raises PermissionDenied.
    """
    require_handle(actor, conversation)
    seed = _new_seed() if seed is None else seed
    respondent, params = _hold(conversation), drawable_params()
    if respondent is None:
        respondent = _make(conversation, params, seed=seed)
    else:
        respondent = _replace(respondent, params, seed=seed)
    announce_respondent(conversation)
    return respondent


@transaction.atomic
def pin(*, conversation: Conversation, is_pinned: bool, actor: Actor) -> None:
    """Keep what the assistant is like here whatever is asked of it, or let it be drawn again.

    Raises PermissionDenied.
    """
    respondent = respondent_of(conversation=conversation, actor=actor)
    if Respondent.objects.filter(pk=respondent.pk).exclude(is_pinned=is_pinned).update(is_pinned=is_pinned):
        announce_respondent(conversation)


@transaction.atomic
def choose_value(*, conversation: Conversation, value: AIValue, actor: Actor) -> Respondent:
    """Use this value here instead of the drawn one, and pin it.

    Raises: PermissionDenied; ValidationError code "switched_off".
    """
    require_handle(actor, conversation)
    if not (value.is_enabled and value.param.is_enabled):
        raise ValidationError(_("That value is switched off."), code="switched_off")
    respondent, params = _hold(conversation), drawable_params()
    if respondent is None:
        respondent = _make(conversation, params, seed=_new_seed())
    kept = _standing(respondent, drawn_values(respondent)) | {value.param_id: value}
    respondent = _replace(respondent, params, seed=respondent.seed, kept=kept, is_pinned=True)
    announce_respondent(conversation)
    return respondent


def draw(params: Iterable[AIParam], *, seed: int) -> dict[int, AIValue]:
    """Return one value for each parameter that has any, by the number of the parameter.

    Why:    each parameter has dice of its own, so that a new parameter does not change what the others drew.
    """
    return {param.pk: _draw_one(param, values, seed) for param in params if (values := list(param.values.all()))}


def _draw_one(param: AIParam, values: Sequence[AIValue], seed: int) -> AIValue:
    dice = random.Random(f"{seed}:{param.pk}")  # noqa: S311 – a lot, not a secret
    return dice.choices(values, weights=[value.chance for value in values])[0]


def _new_seed() -> int:
    return secrets.randbelow(SEEDS)


def _hold(conversation: Conversation) -> Respondent | None:
    """Return the respondent while nobody else can draw for this conversation."""
    Conversation.objects.select_for_update(no_key=True).only("pk").get(pk=conversation.pk)
    return current_respondent(conversation)


def _standing(respondent: Respondent, drawn: Iterable[RespondentValue]) -> dict[int, AIValue]:
    """Return what was drawn and still may be used. What is pinned stands though nobody would draw it any more."""
    values = [row.value for row in drawn]
    return {
        value.param_id: value for value in values if is_drawable(value) or (respondent.is_pinned and value.is_enabled)
    }


def _is_complete(respondent: Respondent, params: Iterable[AIParam]) -> bool:
    drawn = drawn_values(respondent)
    standing = _standing(respondent, drawn)
    return len(standing) == len(drawn) and all(param.pk in standing for param in params if param.values.all())


def _replace(
    respondent: Respondent,
    params: Sequence[AIParam],
    *,
    seed: int,
    kept: dict[int, AIValue] | None = None,
    is_pinned: bool = False,
) -> Respondent:
    Respondent.objects.filter(pk=respondent.pk).update(is_current=False)
    return _make(respondent.conversation, params, seed=seed, kept=kept or {}, is_pinned=is_pinned)


def _make(
    conversation: Conversation,
    params: Sequence[AIParam],
    *,
    seed: int,
    kept: dict[int, AIValue] | None = None,
    is_pinned: bool = False,
) -> Respondent:
    respondent = Respondent.objects.create(conversation=conversation, seed=seed, is_pinned=is_pinned)
    values = draw(params, seed=seed) | (kept or {})
    rows = [RespondentValue(respondent=respondent, param_id=param, value=value) for param, value in values.items()]
    RespondentValue.objects.bulk_create(rows)
    return respondent
