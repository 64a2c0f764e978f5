"""Mutations about what is proposed: send it, drop it, rate it, ask for another one."""

from typing import Annotated

import strawberry
from strawberry_django.fields.types import OperationInfo

from apps.assistant.actions import decisions
from apps.assistant.models import Suggestion
from apps.assistant.queries import get_suggestion
from apps.core.actors import Scope
from graphql_api.assistant.types import SuggestionType
from graphql_api.context import Context, Info
from graphql_api.conversations.sending import CLIENT_KEY, conversation_of
from graphql_api.errors import tells_problems
from graphql_api.ids import pk_of
from graphql_api.texts import require_storable

SuggestionPayload = Annotated[SuggestionType | OperationInfo, strawberry.union("SuggestionPayload")]


@strawberry.input
class AcceptSuggestionInput:
    suggestion_id: strawberry.ID
    text: str | None = strawberry.field(default=None, description="What is to be sent; left out: as it is proposed.")
    client_key: str = strawberry.field(description=CLIENT_KEY)


@strawberry.input
class DiscardSuggestionInput:
    suggestion_id: strawberry.ID


@strawberry.input
class AnotherSuggestionInput:
    conversation_id: strawberry.ID
    instruction: str | None = strawberry.field(
        default=None, description="What should be different; without one the assistant is drawn anew, unless pinned."
    )


@strawberry.input
class RateSuggestionInput:
    suggestion_id: strawberry.ID
    rating: int = strawberry.field(description="1 to 5.")
    feedback: str | None = None


@strawberry.type
class DecisionMutation:
    @strawberry.mutation(
        description="Send what is proposed, as it is or with other words; its `message` is queued as one of "
        "sendMessage is. Of several who do so at once, one does. Needs messages:send."
    )
    @tells_problems
    def accept_suggestion(self, info: Info, input: AcceptSuggestionInput) -> SuggestionPayload:  # noqa: A002 – its name
        context = info.context
        suggestion = _suggestion(context, input.suggestion_id, Scope.MESSAGES_SEND)
        decisions.accept_suggestion(
            suggestion=suggestion,
            text=suggestion.text if input.text is None else require_storable(input.text, field="text"),
            client_key=input.client_key,
            actor=context.actor,
        )
        return _as_it_is_now(context, suggestion)

    @strawberry.mutation(
        description="Drop what is proposed, is being written or failed; nothing happens to what was overtaken. "
        "Needs conversations:write."
    )
    @tells_problems
    def discard_suggestion(self, info: Info, input: DiscardSuggestionInput) -> SuggestionPayload:  # noqa: A002 – its name
        suggestion = _suggestion(info.context, input.suggestion_id, Scope.CONVERSATIONS_WRITE)
        decisions.discard_suggestion(suggestion=suggestion, actor=info.context.actor)
        return _as_it_is_now(info.context, suggestion)

    @strawberry.mutation(
        description="Have another answer written in place of what is proposed; it arrives by suggestionStream. "
        "Needs messages:send and conversations:write."
    )
    @tells_problems
    def another_suggestion(self, info: Info, input: AnotherSuggestionInput) -> SuggestionPayload:  # noqa: A002 – its name
        context = info.context
        context.require(Scope.CONVERSATIONS_WRITE)
        suggestion = decisions.another_suggestion(
            conversation=conversation_of(context, input.conversation_id, Scope.MESSAGES_SEND),
            instruction=require_storable(input.instruction or "", field="instruction"),
            actor=context.actor,
        )
        return _as_it_is_now(context, suggestion)

    @strawberry.mutation(
        description="Say how good an answer is, also after it was sent; the last word counts. Needs "
        "conversations:write."
    )
    @tells_problems
    def rate_suggestion(self, info: Info, input: RateSuggestionInput) -> SuggestionPayload:  # noqa: A002 – its name
        suggestion = _suggestion(info.context, input.suggestion_id, Scope.CONVERSATIONS_WRITE)
        decisions.rate_suggestion(
            suggestion=suggestion,
            rating=input.rating,
            feedback=require_storable(input.feedback or "", field="feedback"),
            actor=info.context.actor,
        )
        return _as_it_is_now(info.context, suggestion)


def _suggestion(context: Context, suggestion_id: strawberry.ID, scope: Scope) -> Suggestion:
    """Return what a mutation is about. The right is asked first: without it nothing exists and nothing is missing."""
    context.require(Scope.CONVERSATIONS_READ)
    context.require(scope)
    return get_suggestion(context.actor, pk_of(suggestion_id, "Suggestion", field="suggestionId"))


def _as_it_is_now(context: Context, suggestion: Suggestion) -> SuggestionType:
    return SuggestionType.of(get_suggestion(context.actor, suggestion.pk))
