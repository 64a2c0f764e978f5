"""What the assistant is like in a conversation, what may be drawn, and which models that leaves to ask."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, Prefetch, Q, QuerySet

from apps.assistant.models import AIModel, AIParam, AIValue, Respondent, RespondentValue
from apps.assistant.types import Endpoint
from apps.conversations.models import Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Whom to ask, one after the other, each with its provider loaded.

    Shape:  `problem` is empty or the code of what is wrong with the drawn model (see `troubles`).
    """

    models: list[AIModel]
    problem: str = ""


def current_respondent(conversation: Conversation) -> Respondent | None:
    """Return the respondent of a conversation, if one was drawn yet."""
    return Respondent.objects.filter(conversation=conversation, is_current=True).first()


def current_respondents(conversations: Collection[Conversation]) -> dict[int, Respondent]:
    """Return who answers, `drawn.all()` being the values in force, by the key of the conversation.

    Where nobody was drawn yet there is nobody.
    """
    drawn = RespondentValue.objects.filter(param__is_enabled=True).select_related("param", "value")
    keys = [conversation.pk for conversation in conversations]
    rows = Respondent.objects.filter(is_current=True, conversation__in=keys)
    return {row.conversation_id: row for row in rows.prefetch_related(Prefetch("drawn", drawn))}


def drawn_values(respondent: Respondent) -> list[RespondentValue]:
    """Return what was drawn for the parameters in force, in their order, with values and models loaded."""
    drawn = respondent.drawn.filter(param__is_enabled=True)
    return list(drawn.select_related("param", "value__model__provider").order_by("param__position", "param_id"))


def drawable_params() -> list[AIParam]:
    """Return the parameters in force; `values.all()` of each holds what can be drawn, in the order of their making."""
    values = AIValue.objects.filter(is_enabled=True, chance__gt=0).order_by("pk")
    return list(AIParam.objects.filter(is_enabled=True).prefetch_related(Prefetch("values", values)))


def is_drawable(value: AIValue) -> bool:
    """Tell whether a value still stands: one that was switched off, or may not be drawn any more, does not."""
    return value.is_enabled and value.chance > 0


def candidates(respondent: Respondent | None) -> Candidates:
    """Return whom to ask: the model that was drawn, then the first one of every other provider, by their order.

    Why:    what is simulated stands in only while no real provider is on: nobody's question may be answered by a
            toy because the real one is busy.
    """
    drawn, problem = _drawn_models(respondent)
    seen = {model.provider_id for model in drawn}
    others = []
    for model in _usable_models():
        if model.provider_id not in seen:
            seen.add(model.provider_id)
            others.append(model)
    return Candidates(models=[*drawn, *others], problem=problem)


def can_ask() -> bool:
    """Tell whether there is anybody to ask at all."""
    return _usable_models().exists()


def _usable_models() -> QuerySet[AIModel]:
    models = AIModel.objects.filter(is_enabled=True, provider__is_enabled=True).select_related("provider")
    real = models.filter(provider__is_simulated=False)
    models = models.filter(Q(provider__is_simulated=False) | ~Exists(real))
    return models.order_by("provider__priority", "provider_id", "position", "id")


def _drawn_models(respondent: Respondent | None) -> tuple[list[AIModel], str]:
    """Return the drawn models that can be asked, and what is wrong with the first that cannot."""
    found: dict[int, AIModel] = {}
    problem = ""
    for drawn in drawn_values(respondent) if respondent else ():
        if drawn.param.kind != AIParam.Kind.MODEL:
            continue
        model = drawn.value.model
        trouble = trouble_of_model(model)
        if model is not None and not trouble:
            found.setdefault(model.provider_id, model)
        problem = problem or trouble
    return list(found.values()), problem


def trouble_of_model(model: AIModel | None) -> str:
    """Return what keeps a model from being asked: a code, or nothing. Its provider should be loaded."""
    if model is None:
        return "model_missing"
    if not model.is_enabled:
        return "model_disabled"
    return "" if model.provider.is_enabled else "provider_disabled"


def endpoint_of(model: AIModel) -> Endpoint:
    """Return how a model is asked; its provider should be loaded. Raises UnreadableSecret."""
    return Endpoint(
        provider_id=model.provider_id,
        model_id=model.pk,
        base_url=model.provider.base_url,
        api_key=model.provider.api_key(),
        model=model.name,
        takes_schema=model.takes_schema,
        reads_images=model.reads_images,
        max_output_tokens=model.max_output_tokens,
    )
