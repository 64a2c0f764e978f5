"""WhatsApp's JSON: only what we read, everything optional that may be missing.

A key may be absent, null or "" for the same thing, numbers may come as strings and the other way
round. Unknown keys are ignored; unknown shapes of known keys fail, one item at a time.
Source: docs/reference/providers/whatsapp.md
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from providers.meta import clean_id, clean_text


def _text_or_number(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _id(value: Any) -> Any:
    value = _text_or_number(value)
    return clean_id(value) if isinstance(value, str) else value


def _words(value: Any) -> Any:
    value = _text_or_number(value)
    return clean_text(value) if isinstance(value, str) else value


def _objects(value: Any) -> Any:
    """Take only the objects of a list that decorates its item."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Any) -> Any:
    """Take a missing, null or oddly typed object for an empty one: it only decorates its item."""
    return value if isinstance(value, dict) else {}


Id = Annotated[str, BeforeValidator(_id), Field(max_length=255)]
Word = Annotated[str, BeforeValidator(_id)]
Words = Annotated[str, BeforeValidator(_words)]


class Wire(BaseModel):
    """Base of every model here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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
    button_reply: Annotated[Title, BeforeValidator(_object)] = Title()
    list_reply: Annotated[Title, BeforeValidator(_object)] = Title()


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
    error_data: Annotated[ErrorData, BeforeValidator(_object)] = ErrorData()


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
    context: Annotated[Context, BeforeValidator(_object)] = Context()


class Profile(Wire):
    name: Words = ""


class Contact(Wire):
    wa_id: Id = ""
    user_id: Id = ""
    profile: Annotated[Profile, BeforeValidator(_object)] = Profile()


class Status(Wire):
    id: Id
    status: Word
    timestamp: Word = ""
    recipient_type: Word = ""
    biz_opaque_callback_data: Word = ""
    errors: Annotated[list[Error], BeforeValidator(_objects)] = []


class SentMessage(Wire):
    id: Id
    message_status: Word = ""


class SentContact(Wire):
    wa_id: Id = ""
    user_id: Id = ""


class SendAnswer(Wire):
    """The answer to a send that was taken."""

    messages: list[SentMessage] = Field(min_length=1)
    contacts: Annotated[list[SentContact], BeforeValidator(_objects)] = []
