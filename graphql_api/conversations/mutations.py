"""Mutations of this room."""

from typing import Annotated

import strawberry
from strawberry_django.fields.types import OperationInfo

from apps.conversations.actions import marks
from apps.conversations.actions.send import send_message
from apps.conversations.queries import get_conversation
from apps.core.actors import Scope
from graphql_api.context import Info
from graphql_api.conversations.messages import MessageType
from graphql_api.conversations.sending import conversation_of, quoted
from graphql_api.conversations.types import ConversationType
from graphql_api.errors import tells_problems
from graphql_api.texts import require_storable

SendMessagePayload = Annotated[MessageType | OperationInfo, strawberry.union("SendMessagePayload")]
ConversationPayload = Annotated[ConversationType | OperationInfo, strawberry.union("ConversationPayload")]


@strawberry.input
class SendMessageInput:
    conversation_id: strawberry.ID
    text: str
    client_key: str = strawberry.field(
        description="Your name for this message, up to 100 characters. The same key with the same words gives the "
        "same message, so a request may be repeated until it is answered."
    )
    reply_to_id: strawberry.ID | None = None


@strawberry.type
class ConversationMutation:
    @strawberry.mutation(description="Queue an answer; its status changes arrive as events. Needs messages:send.")
    @tells_problems
    def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:  # noqa: A002 – its name
        context = info.context
        conversation = conversation_of(context, input.conversation_id, Scope.MESSAGES_SEND)
        message = send_message(
            conversation=conversation,
            text=require_storable(input.text, field="text"),
            client_key=input.client_key,
            reply_to=quoted(context, input.reply_to_id),
            actor=context.actor,
        )
        return MessageType.of(message)

    @strawberry.mutation(description="Set the unread counter to zero. Needs conversations:write.")
    @tells_problems
    def mark_conversation_read(self, info: Info, conversation_id: strawberry.ID) -> ConversationPayload:
        conversation = conversation_of(info.context, conversation_id, Scope.CONVERSATIONS_WRITE)
        marks.mark_read(conversation=conversation, actor=info.context.actor)
        return ConversationType.of(get_conversation(info.context.actor, conversation.pk))

    @strawberry.mutation(description="Mark a conversation as pending, or not. Needs conversations:write.")
    @tells_problems
    def set_conversation_pending(
        self, info: Info, conversation_id: strawberry.ID, is_pending: bool
    ) -> ConversationPayload:
        conversation = conversation_of(info.context, conversation_id, Scope.CONVERSATIONS_WRITE)
        marks.set_pending(conversation=conversation, is_pending=is_pending, actor=info.context.actor)
        return ConversationType.of(get_conversation(info.context.actor, conversation.pk))
