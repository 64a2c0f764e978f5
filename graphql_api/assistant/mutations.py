"""Mutations about what the assistant may do in a conversation."""

import strawberry

from apps.conversations.actions.assist import hand_back, set_assistant_mode
from apps.conversations.queries import get_conversation
from apps.core.actors import Scope
from apps.inboxes.models import AssistantMode
from graphql_api.context import Info
from graphql_api.conversations.mutations import ConversationPayload
from graphql_api.conversations.sending import conversation_of
from graphql_api.conversations.types import ConversationType
from graphql_api.errors import tells_problems


@strawberry.input
class SetAssistantModeInput:
    conversation_id: strawberry.ID
    mode: AssistantMode


@strawberry.input
class ResumeAssistantInput:
    conversation_id: strawberry.ID


@strawberry.type
class AssistantMutation:
    @strawberry.mutation(
        description="Say what the assistant does in a conversation; a pause is over. An inbox or a house that is OFF "
        "stays OFF. Needs conversations:write."
    )
    @tells_problems
    def set_assistant_mode(self, info: Info, input: SetAssistantModeInput) -> ConversationPayload:  # noqa: A002 – its name
        conversation = conversation_of(info.context, input.conversation_id, Scope.CONVERSATIONS_WRITE)
        set_assistant_mode(conversation=conversation, mode=input.mode, actor=info.context.actor)
        return ConversationType.of(get_conversation(info.context.actor, conversation.pk))

    @strawberry.mutation(
        description="Hand a conversation back to the assistant that was paused. Needs conversations:write."
    )
    @tells_problems
    def resume_assistant(self, info: Info, input: ResumeAssistantInput) -> ConversationPayload:  # noqa: A002 – its name
        conversation = conversation_of(info.context, input.conversation_id, Scope.CONVERSATIONS_WRITE)
        hand_back(conversation=conversation, actor=info.context.actor)
        return ConversationType.of(get_conversation(info.context.actor, conversation.pk))
