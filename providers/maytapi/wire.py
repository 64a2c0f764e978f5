"""Maytapi's JSON: only what we read. Source: docs/reference/providers/maytapi.md"""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from providers.wire import Flag, Id, Wire, Word, Words, object_, objects


def _maybe(value: Any) -> Any:
    return value if isinstance(value, dict) else None


def _text_or_nothing(value: Any) -> Any:
    return value if isinstance(value, str) else ""


NEW_WORDS = AliasChoices("newText", "editedText", "newBody", "text", "body", "message")
"""Where an edit may have its words: nobody has written down where."""


class CamelWire(Wire):
    """Base of what is written inCamelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class User(Wire):
    """The author. Blank in groups that hide who writes."""

    id: Id = ""
    name: Words = ""
    phone: Id = ""


class VCard(CamelWire):
    display_name: Words = ""
    vcard: Words = ""


class Option(Wire):
    name: Words = ""


class Message(CamelWire):
    """A message of any type: the fields of a type stand beside those of all."""

    id: Id = ""
    serialized: Annotated[Id, Field(alias="_serialized")] = ""
    type: Word = ""
    from_me: Flag = False
    text: Words = ""
    caption: Words = ""
    url: Words = ""
    mime: Words = ""
    filename: Words = ""
    payload: Words = ""
    name: Words = ""
    address: Words = ""
    display_name: Words = ""
    vcard: Words = ""
    vcard_list: Annotated[list[VCard], BeforeValidator(objects)] = []
    options: Annotated[list[Option], BeforeValidator(objects)] = []
    title: Words = ""
    subtype: Words = ""
    participant: Id = ""
    is_forwarded: Annotated[Flag, Field(validation_alias=AliasChoices("isForwarded", "forwarded"))] = False
    msg_id: Id = ""
    reaction: Words = ""


class Quoted(Wire):
    id: Id = ""


class Delivery(Wire):
    """What every delivery may have around its content."""

    product_id: Id = ""
    other_product_id: Annotated[Id, Field(alias="productId")] = ""
    pid: Id = ""
    phone_id: Id = ""
    other_phone_id: Annotated[Id, Field(alias="phoneId")] = ""

    @property
    def products(self) -> set[str]:
        """Every product the body claims to be of."""
        return {self.product_id, self.other_product_id, self.pid} - {""}

    @property
    def phone(self) -> str:
        return self.phone_id or self.other_phone_id


class MessageDelivery(Wire):
    message: Message
    user: Annotated[User, BeforeValidator(object_)] = User()
    conversation: Id = ""
    conversation_name: Words = ""
    receiver: Id = ""
    timestamp: Word = ""
    quoted: Annotated[Quoted, BeforeValidator(object_)] = Quoted()


class Ack(CamelWire):
    """One row of an ack: a step of a message of ours, a reaction, an edit, a vote."""

    ack_type: Word = ""
    ack_code: Word = ""
    chat_id: Id = ""
    msg_id: Id = ""
    rxid: Id = ""
    time: Word = ""
    reaction: Words = ""
    reaction_id: Id = ""
    reactor_id: Id = ""
    text: Annotated[Words, BeforeValidator(_text_or_nothing), Field(validation_alias=NEW_WORDS)] = ""


class ErrorData(Wire):
    id: Id = ""
    type: Word = ""


class Error(Wire):
    """A send that was queued and failed later."""

    code: Word = ""
    message: Words = ""
    data: Annotated[ErrorData, BeforeValidator(object_)] = ErrorData()


class PhoneStatus(Wire):
    status: Annotated[Word, Field(min_length=1)]


class Queued(CamelWire):
    chat_id: Id = ""
    msg_id: Id = ""


class Answer(Wire):
    """The answer to a call. `success` is what counts, never the HTTP status."""

    success: Any = None
    code: Word = ""
    message: Words = ""
    data: Annotated[Queued, BeforeValidator(object_)] = Queued()


class Phone(Wire):
    id: Id = ""
    number: Id = ""
    status: Annotated[Word, BeforeValidator(_text_or_nothing)] = ""


class Product(Wire):
    """What Maytapi keeps of a product; a setting that is not told is None."""

    webhook: Words | None = None
    ack_delivery: bool | None = None
    data: Annotated["Product | None", BeforeValidator(_maybe)] = None
