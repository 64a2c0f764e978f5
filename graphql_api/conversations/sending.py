"""Mutations that send something else than a text, or act on a message that is there."""

import uuid
from typing import Annotated

import strawberry
from strawberry_django.fields.types import OperationInfo

from apps.conversations.actions import acts
from apps.conversations.actions.send import send_attachment, send_content
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import get_conversation, get_message, stored_file
from apps.core.actors import Scope
from graphql_api.context import Context, Info
from graphql_api.conversations.messages import MessageType
from graphql_api.errors import tells_problems
from graphql_api.ids import pk_of
from graphql_api.texts import require_storable
from providers.contents import ContactCard, Contacts, Location, Menu, MenuRow, MenuSection

MessagePayload = Annotated[MessageType | OperationInfo, strawberry.union("MessagePayload")]
CLIENT_KEY = "Your name for this, as for sendMessage."


@strawberry.input
class SendAttachmentInput:
    conversation_id: strawberry.ID
    attachment_id: strawberry.ID = strawberry.field(description="As `POST /media/` answered.")
    caption: str = strawberry.field(
        default="", description="Where the channel knows no captions, it leaves as a message of its own."
    )
    client_key: str = strawberry.field(description=CLIENT_KEY)
    reply_to_id: strawberry.ID | None = None


@strawberry.input
class SendLocationInput:
    conversation_id: strawberry.ID
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""
    client_key: str = strawberry.field(description=CLIENT_KEY)
    reply_to_id: strawberry.ID | None = None

    def content(self) -> Location:
        """Return it in the words of the house. Raises BadInput."""
        return Location(
            latitude=self.latitude,
            longitude=self.longitude,
            name=require_storable(self.name, field="name"),
            address=require_storable(self.address, field="address"),
        )


@strawberry.input
class ContactInput:
    name: str
    phones: list[str] = strawberry.field(default_factory=list)
    emails: list[str] = strawberry.field(default_factory=list)
    organization: str = ""

    def card(self) -> ContactCard:
        """Return it in the words of the house. Raises BadInput."""
        return ContactCard(
            name=require_storable(self.name, field="contacts"),
            phones=tuple(require_storable(phone, field="contacts") for phone in self.phones),
            emails=tuple(require_storable(email, field="contacts") for email in self.emails),
            organization=require_storable(self.organization, field="contacts"),
        )


@strawberry.input
class SendContactsInput:
    conversation_id: strawberry.ID
    contacts: list[ContactInput]
    client_key: str = strawberry.field(description=CLIENT_KEY)
    reply_to_id: strawberry.ID | None = None

    def content(self) -> Contacts:
        """Return it in the words of the house. Raises BadInput."""
        return Contacts(cards=tuple(contact.card() for contact in self.contacts))


@strawberry.input
class MenuRowInput:
    id: str
    title: str
    description: str = ""

    def row(self) -> MenuRow:
        """Return it in the words of the house. Raises BadInput."""
        id_, title, description = (
            require_storable(text, field="menu") for text in (self.id, self.title, self.description)
        )
        return MenuRow(id=id_, title=title, description=description)


@strawberry.input
class MenuSectionInput:
    title: str
    rows: list[MenuRowInput]


@strawberry.input(description="Either buttons, or the sections of a list that `listLabel` opens.")
class SendMenuInput:
    conversation_id: strawberry.ID
    text: str
    header: str = ""
    footer: str = ""
    buttons: list[MenuRowInput] = strawberry.field(default_factory=list)
    list_label: str = ""
    sections: list[MenuSectionInput] = strawberry.field(default_factory=list)
    client_key: str = strawberry.field(description=CLIENT_KEY)
    reply_to_id: strawberry.ID | None = None

    def content(self) -> Menu:
        """Return it in the words of the house. Raises BadInput."""
        return Menu(
            body=require_storable(self.text, field="text"),
            header=require_storable(self.header, field="header"),
            footer=require_storable(self.footer, field="footer"),
            buttons=tuple(button.row() for button in self.buttons),
            list_label=require_storable(self.list_label, field="listLabel"),
            sections=tuple(
                MenuSection(
                    title=require_storable(section.title, field="sections"),
                    rows=tuple(row.row() for row in section.rows),
                )
                for section in self.sections
            ),
        )


@strawberry.input
class ReactInput:
    message_id: strawberry.ID
    emoji: str = strawberry.field(description="One emoji; empty takes ours back.")
    client_key: str | None = strawberry.field(
        default=None, description="As for sendMessage; without it a repeated request is a second reaction."
    )


@strawberry.input
class EditMessageInput:
    message_id: strawberry.ID
    text: str
    client_key: str = strawberry.field(description=CLIENT_KEY)


@strawberry.input
class WithdrawMessageInput:
    message_id: strawberry.ID
    client_key: str = strawberry.field(description=CLIENT_KEY)


type ContentInput = SendLocationInput | SendContactsInput | SendMenuInput


@strawberry.type
class SendingMutation:
    @strawberry.mutation(
        description="Queue a file that was uploaded; it leaves when it is ready for the channel. Needs messages:send."
    )
    @tells_problems
    def send_attachment(self, info: Info, input: SendAttachmentInput) -> MessagePayload:  # noqa: A002 – its name
        context = info.context
        conversation = conversation_of(context, input.conversation_id, Scope.MESSAGES_SEND)
        message = send_attachment(
            conversation=conversation,
            attachment=stored_file(context.actor, pk_of(input.attachment_id, "Attachment", field="attachmentId")),
            caption=require_storable(input.caption, field="caption"),
            client_key=input.client_key,
            reply_to=quoted(context, input.reply_to_id),
            actor=context.actor,
        )
        return MessageType.of(message)

    @strawberry.mutation(description="Queue a place. Needs messages:send.")
    @tells_problems
    def send_location(self, info: Info, input: SendLocationInput) -> MessagePayload:  # noqa: A002 – its name
        return _send(info.context, input)

    @strawberry.mutation(description="Queue cards. Needs messages:send.")
    @tells_problems
    def send_contacts(self, info: Info, input: SendContactsInput) -> MessagePayload:  # noqa: A002 – its name
        return _send(info.context, input)

    @strawberry.mutation(description="Queue a question with buttons or a list to choose from. Needs messages:send.")
    @tells_problems
    def send_menu(self, info: Info, input: SendMenuInput) -> MessagePayload:  # noqa: A002 – its name
        return _send(info.context, input)

    @strawberry.mutation(
        description="Have our emoji put on a message, or taken back; it shows when the provider took it. "
        "Needs messages:send."
    )
    @tells_problems
    def react(self, info: Info, input: ReactInput) -> MessagePayload:  # noqa: A002 – its name
        message = _message(info.context, input.message_id)
        key = uuid.uuid4().hex if input.client_key is None else input.client_key
        emoji = require_storable(input.emoji, field="emoji")
        return MessageType.of(acts.react(message=message, emoji=emoji, client_key=key, actor=info.context.actor))

    @strawberry.mutation(
        description="Have a text of ours corrected; the new words show when the provider took them. "
        "Needs messages:send."
    )
    @tells_problems
    def edit_message(self, info: Info, input: EditMessageInput) -> MessagePayload:  # noqa: A002 – its name
        edited = acts.edit_message(
            message=_message(info.context, input.message_id),
            text=require_storable(input.text, field="text"),
            client_key=input.client_key,
            actor=info.context.actor,
        )
        return MessageType.of(edited)

    @strawberry.mutation(
        description="Have a message of ours taken back at the other side; it shows when the provider did it. "
        "Needs messages:send."
    )
    @tells_problems
    def withdraw_message(self, info: Info, input: WithdrawMessageInput) -> MessagePayload:  # noqa: A002 – its name
        message = _message(info.context, input.message_id)
        withdrawn = acts.withdraw_message(message=message, client_key=input.client_key, actor=info.context.actor)
        return MessageType.of(withdrawn)


def conversation_of(context: Context, conversation_id: strawberry.ID, scope: Scope) -> Conversation:
    """Return what a mutation is about. The right is asked first: without it nothing exists and nothing is missing."""
    context.require(Scope.CONVERSATIONS_READ)
    context.require(scope)
    return get_conversation(context.actor, pk_of(conversation_id, "Conversation", field="conversationId"))


def quoted(context: Context, reply_to_id: strawberry.ID | None) -> Message | None:
    """Return the message that is answered. Raises BadInput, DoesNotExist."""
    if reply_to_id is None:
        return None
    return get_message(context.actor, pk_of(reply_to_id, "Message", field="replyToId"))


def _send(context: Context, given: ContentInput) -> MessageType:
    conversation = conversation_of(context, given.conversation_id, Scope.MESSAGES_SEND)
    message = send_content(
        conversation=conversation,
        content=given.content(),
        client_key=given.client_key,
        reply_to=quoted(context, given.reply_to_id),
        actor=context.actor,
    )
    return MessageType.of(message)


def _message(context: Context, message_id: strawberry.ID) -> Message:
    context.require(Scope.CONVERSATIONS_READ)
    context.require(Scope.MESSAGES_SEND)
    return get_message(context.actor, pk_of(message_id, "Message", field="messageId"))
