"""WhatsApp's JSON: only what we read, everything optional that may be missing.

A key may be absent, null or "" for the same thing, numbers may come as strings and the other way
round. Unknown keys are ignored; unknown shapes of known keys fail, one item at a time.
Source: docs/reference/providers/whatsapp.md
"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from providers.wire import Id, Wire, Word, Words, object_, objects


class TextBody(Wire):
    body: Words


class TextMessage(Wire):
    text: TextBody


class Caption(Wire):
    caption: Words = ""


class Title(Wire):
    title: Words = ""


class OrderText(Wire):
    text: Words = ""


class Interactive(Wire):
    button_reply: Annotated[Title, BeforeValidator(object_)] = Title()
    list_reply: Annotated[Title, BeforeValidator(object_)] = Title()


class Button(Wire):
    text: Words = ""


class Context(Wire):
    id: Id = ""


class ErrorData(Wire):
    details: Words = ""


class Error(Wire):
    code: Word = ""
    title: Words = ""
    message: Words = ""
    error_data: Annotated[ErrorData, BeforeValidator(object_)] = ErrorData()


class Metadata(Wire):
    phone_number_id: Annotated[Id, Field(min_length=1)]


class Message(Wire):
    """What every inbound message has, whatever its type; the body of the type is read apart."""

    id: Id
    type: Word
    sender: Annotated[Id, Field(alias="from")] = ""
    from_user_id: Id = ""
    timestamp: Word = ""
    group_id: Id = ""
    context: Annotated[Context, BeforeValidator(object_)] = Context()


class Profile(Wire):
    name: Words = ""


class Contact(Wire):
    wa_id: Id = ""
    user_id: Id = ""
    profile: Annotated[Profile, BeforeValidator(object_)] = Profile()


class Status(Wire):
    id: Id
    status: Word
    timestamp: Word = ""
    recipient_type: Word = ""
    biz_opaque_callback_data: Word = ""
    errors: Annotated[list[Error], BeforeValidator(objects)] = []


class SentMessage(Wire):
    id: Id
    message_status: Word = ""


class SentContact(Wire):
    wa_id: Id = ""
    user_id: Id = ""


class SendAnswer(Wire):
    """The answer to a send that was taken."""

    messages: list[SentMessage] = Field(min_length=1)
    contacts: Annotated[list[SentContact], BeforeValidator(objects)] = []
