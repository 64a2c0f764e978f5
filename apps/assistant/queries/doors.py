"""The doors of this room."""

from django.db.models import QuerySet

from apps.assistant.models import (
    AIModel,
    AIParam,
    AIProvider,
    AIValue,
    AssistantSettings,
    Completion,
    Respondent,
    Suggestion,
)
from apps.core.actors import Actor, Scope


def providers_for(actor: Actor) -> QuerySet[AIProvider]:
    """Return the AI providers that exist for `actor`; their keys stay sealed."""
    providers = AIProvider.objects.all()
    return providers if actor.can(Scope.ASSISTANT_READ) else providers.none()


def models_for(actor: Actor) -> QuerySet[AIModel]:
    """Return the AI models that exist for `actor`."""
    models = AIModel.objects.all()
    return models if actor.can(Scope.ASSISTANT_READ) else models.none()


def params_for(actor: Actor) -> QuerySet[AIParam]:
    """Return the parameters that exist for `actor`."""
    params = AIParam.objects.all()
    return params if actor.can(Scope.ASSISTANT_READ) else params.none()


def values_for(actor: Actor) -> QuerySet[AIValue]:
    """Return the values that exist for `actor`."""
    values = AIValue.objects.all()
    return values if actor.can(Scope.ASSISTANT_READ) else values.none()


def settings_for(actor: Actor) -> QuerySet[AssistantSettings]:
    """Return the settings of the assistant to whoever may change them."""
    settings = AssistantSettings.objects.all()
    return settings if actor.can(Scope.ASSISTANT_WRITE) else settings.none()


def suggestions_for(actor: Actor) -> QuerySet[Suggestion]:
    """Return what is proposed in the conversations that exist for `actor`."""
    suggestions = Suggestion.objects.all()
    if not actor.can(Scope.CONVERSATIONS_READ):
        return suggestions.none()
    return suggestions if actor.branch_ids is None else suggestions.filter(inbox__branch__in=actor.branch_ids)


def get_suggestion(actor: Actor, pk: int) -> Suggestion:
    """Return one suggestion with its conversation. Raises DoesNotExist for hidden and missing alike."""
    related = ("conversation__inbox__account", "inbox", "trigger", "provider", "model")
    return suggestions_for(actor).select_related(*related).defer("provider__credentials").get(pk=pk)


def completions_for(actor: Actor) -> QuerySet[Completion]:
    """Return the log of the inboxes that exist for `actor`."""
    completions = Completion.objects.all()
    if not actor.can(Scope.ASSISTANT_READ):
        return completions.none()
    return completions if actor.branch_ids is None else completions.filter(inbox__branch__in=actor.branch_ids)


def respondents_for(actor: Actor) -> QuerySet[Respondent]:
    """Return what the assistant was and is like in the conversations of the inboxes that exist for `actor`."""
    respondents = Respondent.objects.all()
    if not actor.can(Scope.ASSISTANT_READ):
        return respondents.none()
    if actor.branch_ids is None:
        return respondents
    return respondents.filter(conversation__inbox__branch__in=actor.branch_ids)
