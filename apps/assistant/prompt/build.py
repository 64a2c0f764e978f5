"""The whole prompt, from its parts."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.assistant.client.tokens import tokens_of, tokens_of_ours
from apps.assistant.masks import found_in, mask
from apps.assistant.models import AIParam, AssistantSettings, Respondent, RespondentValue, Suggestion
from apps.assistant.prompt import history, house, instructions, offer, person
from apps.assistant.prompt.words import one_line, paragraphs, plain
from apps.assistant.queries import current_respondent, drawn_values
from apps.assistant.types import Prompt
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.people.models import Identity
from apps.people.queries import tags_for

TEMPERATURE = "temperature"
"""The short name of the parameter whose number is given to the model itself."""
INSTRUCTION, TAG, TAGS = 500, 40, 60


def build_prompt(suggestion: Suggestion, *, with_images: bool) -> Prompt:
    """Return what a model is told so that it answers in the conversation of a suggestion.

    Raises: ValidationError("group").
    """
    return _build(
        suggestion.conversation_id,
        respondent=suggestion.respondent,
        instruction=suggestion.instruction,
        with_images=with_images,
    )


def preview(conversation: Conversation) -> Prompt:
    """Return what a model would be told in a conversation now. Raises ValidationError("group")."""
    return _build(conversation.pk, respondent=None, instruction="", with_images=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """What the house says of itself: the texts by which it answers, and what of them is no instruction."""

    values: str
    knowledge: str
    temperature: float | None


def _build(conversation_id: int, *, respondent: Respondent | None, instruction: str, with_images: bool) -> Prompt:
    related = ("inbox__branch__company", "identity", "person")
    conversation = Conversation.objects.select_related(*related).get(pk=conversation_id)
    if conversation.identity.scope == Identity.Scope.GROUP or conversation.identity.group_address:
        raise ValidationError(_("The assistant takes no part in groups."), code="group")
    settings = AssistantSettings.current()
    ours = _ours(conversation, respondent or current_respondent(conversation), room=settings.context_tokens)
    known = _named_in(f"{ours.values}\n{ours.knowledge}")
    theirs = person.numbers(conversation.person, conversation.identity)
    masks: dict[str, str] = {}

    def hide(text: str) -> str:
        return mask(text, masks, ours=known, theirs=theirs) if settings.masks_personal else text

    wish = one_line(instruction, INSTRUCTION)
    of_ours = paragraphs(ours.values, ours.knowledge, _tags())
    told = paragraphs(
        person.told(conversation.person, hide) if settings.tells_person else "",
        _today(),
        f"{instructions.REQUEST}\n{hide(wish)}" if wish else "",
    )
    turns = history.turns(
        conversation,
        limit=settings.history_messages,
        room=settings.context_tokens - instructions.TOKENS - tokens_of_ours(of_ours) - tokens_of(told),
        with_images=with_images and settings.sends_images,
        notice=settings.notice,
        hide=hide,
    )
    knowledge = paragraphs(ours.values, ours.knowledge, wish)
    return Prompt(
        instructions=paragraphs(instructions.RULES, of_ours, told),
        turns=turns,
        knowledge=knowledge,
        masks=masks,
        temperature=ours.temperature,
    )


@lru_cache(maxsize=32)
def _named_in(knowledge: str) -> frozenset[str]:
    """Return the numbers and addresses that the house itself says."""
    return frozenset(found.key for found in found_in(knowledge))


def _ours(conversation: Conversation, respondent: Respondent | None, *, room: int) -> _Ours:
    """Return what the house says; the courses get at most what half of `room` leaves them."""
    drawn = drawn_values(respondent) if respondent else []
    values = _values(drawn)
    about_us = house.told(conversation.inbox.branch)
    left = room // 2 - tokens_of_ours(about_us) if room else 0
    return _Ours(
        values=values,
        knowledge=paragraphs(instructions.KNOWLEDGE, about_us, offer.told(max(left, offer.LEAST))),
        temperature=_temperature(drawn),
    )


def _values(drawn: Iterable[RespondentValue]) -> str:
    """Return what was drawn: prompts as they stand, strings and numbers by their names."""
    prompts, named = [], []
    for each in drawn:
        match each.param.kind:
            case AIParam.Kind.PROMPT:
                prompts.append(plain(each.value.text))
            case AIParam.Kind.STRING:
                named.append(f"- {each.param.name}: {plain(each.value.text or each.value.name)}")
            case AIParam.Kind.NUMBER if each.param.slug != TEMPERATURE and each.value.number is not None:
                named.append(f"- {each.param.name}: {each.value.number.normalize():f}")
    told = paragraphs(*prompts, "\n".join(named))
    return f"{instructions.VALUES}\n{told}" if told else ""


def _temperature(drawn: Iterable[RespondentValue]) -> float | None:
    numbers = [each.value.number for each in drawn if each.param.slug == TEMPERATURE]
    number = next((number for number in numbers if number is not None), None)
    return None if number is None else float(min(max(number, Decimal(0)), Decimal(2)))


def _tags() -> str:
    names = tags_for(SYSTEM).order_by("name").values_list("name", flat=True)[:TAGS]
    return "\n".join([instructions.TAGS, ", ".join(one_line(name, TAG) for name in names)]) if names else ""


def _today() -> str:
    now = timezone.localtime()
    zone = timezone.get_current_timezone_name()
    return f"{instructions.TODAY}\n{offer.day(now.date()).capitalize()}, {now:%H:%M} ({zone})."
