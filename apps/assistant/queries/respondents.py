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
    return candidates_of([respondent])[respondent.pk if respondent else None]


def candidates_of(respondents: Collection[Respondent | None]) -> dict[int | None, Candidates]:
    """Return whom to ask for each of these, by their keys."""
    keys = {respondent.pk if respondent else None for respondent in respondents}
    rows = RespondentValue.objects.filter(param__is_enabled=True, param__kind=AIParam.Kind.MODEL, respondent__in=keys)
    drawn: dict[int | None, list[AIModel | None]] = {key: [] for key in keys}
    for row in rows.select_related("value__model__provider").order_by("param__position", "param_id"):
        drawn[row.respondent_id].append(row.value.model)
    usable = list(_usable_models())
    return {key: _candidates(models, usable) for key, models in drawn.items()}


def _candidates(drawn: Collection[AIModel | None], usable: Collection[AIModel]) -> Candidates:
    """Return whom to ask, and what is wrong with the first drawn model that cannot be."""
    troubles = [(model, trouble_of_model(model)) for model in drawn]
    asked: dict[int, AIModel] = {}
    for model in [*(model for model, trouble in troubles if model and not trouble), *usable]:
        asked.setdefault(model.provider_id, model)
    return Candidates(models=[*asked.values()], problem=next((trouble for _, trouble in troubles if trouble), ""))


def can_ask() -> bool:
    """Tell whether there is anybody to ask at all."""
    return _usable_models().exists()


def _usable_models() -> QuerySet[AIModel]:
    models = AIModel.objects.filter(is_enabled=True, provider__is_enabled=True).select_related("provider")
    real = models.filter(provider__is_simulated=False)
    models = models.filter(Q(provider__is_simulated=False) | ~Exists(real))
    return models.order_by("provider__priority", "provider_id", "position", "id")


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
