"""The unified contract, both ways; published as JSON Schema and OpenAPI.

Source: docs/reference/providers/external.md
"""

import base64
import binascii
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from providers.meta import clean_id, clean_text

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
PATH = "/api/messages"
"""Where an adapter posts."""
_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
MOST_FILES = 32


def _clean(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _clean_id(value: Any) -> Any:
    return clean_id(value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("not an ISO 8601 instant")
    return value


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("not text")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


Id = Annotated[str, BeforeValidator(_clean_id), Field(min_length=1, max_length=255)]
Place = Annotated[str, BeforeValidator(_clean_id), Field(min_length=1, max_length=128)]
Words = Annotated[str, BeforeValidator(_clean)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Bytes = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(lambda content: base64.b64encode(content).decode(), return_type=str),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "pattern": _BASE64}),
]
Link = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class Wire(BaseModel):
    """Base of every model here. What we do not know is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Party(Wire):
    """Somebody: a person, a group, or an inbox of ours."""

    address: Place | None = Field(None, description="Who it is; required in a message.")
    group_address: Place | None = Field(None, description="The group it happens in.")
    timeout: Moment | None = Field(None, description="Until when a free answer to this sender is allowed.")
    name: Words | None = Field(None, max_length=200, description="As people see it.")


class KnownParty(Party):
    """Somebody in a message."""

    address: Place = Field(description="Who it is. A sender that is an inbox of ours makes the message an echo.")


class Media(Wire):
    """A file: its bytes, or a link from which we fetch it."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "properties": {"content": {"type": "string"}, "url": {"type": "null"}},
                    "required": ["content"],
                },
                {
                    "properties": {"content": {"type": "null"}, "url": {"type": "string"}},
                    "required": ["url"],
                },
            ]
        }
    )

    mimetype: Annotated[Words, Field(min_length=1, max_length=100)]
    name: Words | None = Field(None, max_length=255)
    content: Bytes | None = Field(None, description="The bytes, in base64.")
    url: Link | None = Field(None, description="Fetched once, from public addresses only.")

    @model_validator(mode="after")
    def _has_one_source(self) -> "Media":
        if (self.content is None) == (self.url is None):
            raise ValueError("either content or url")
        return self


class Written(Wire):
    """What was written."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]},
                {"properties": {"media": {"type": "array", "minItems": 1}}, "required": ["media"]},
            ]
        }
    )

    id: Id = Field(description="The provider's id: the key against duplicates, unique within the account.")
    text: Words | None = None
    timestamp: Moment | None = None
    reply_to: Id | None = Field(None, description="The id of the message that is answered.")
    media: Annotated[list[Media], Field(max_length=MOST_FILES)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Written":
        if not self.text and not self.media:
            raise ValueError("either text or media")
        return self


class Problem(Wire):
    """Why a message failed."""

    code: Annotated[Words, Field(min_length=1, max_length=40)]
    message: Words | None = None


class Progress(Wire):
    """How far a message of ours came."""

    message_id: Id
    status: Literal["sent", "delivered", "read", "failed"]
    timestamp: Moment | None = None
    error: Problem | None = None


class Rewritten(Wire):
    """New words for a message."""

    message_id: Id
    text: Words
    timestamp: Moment | None = None


class Withdrawn(Wire):
    """A message that was taken back."""

    message_id: Id
    timestamp: Moment | None = None


class Incoming(Wire):
    """What every posted thing has."""

    provider: Annotated[Words, Field(min_length=1, max_length=80)] = Field(description="The name of the account.")
    sender: Party | None = None
    recipient: Party | None = None


class Message(Incoming):
    """Somebody wrote."""

    type: Literal["message"]
    sender: KnownParty
    recipient: KnownParty
    message: Written


class Status(Incoming):
    """A message of ours went a step further, or failed."""

    type: Literal["status"]
    status: Progress


class Edit(Incoming):
    """A message got other words."""

    type: Literal["edit"]
    edit: Rewritten


class Deletion(Incoming):
    """A message was taken back."""

    type: Literal["deletion"]
    deletion: Withdrawn


type Posted = Message | Status | Edit | Deletion

POSTED: dict[str, type[Posted]] = {"message": Message, "status": Status, "edit": Edit, "deletion": Deletion}


class Accepted(Wire):
    """It is durably stored."""

    accepted: Literal[True] = True
    event: Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class Fault(Wire):
    """Why it was not taken."""

    code: str
    fields: dict[str, str] = Field(default_factory=dict, description="What is wrong, by field.")


class Refusal(Wire):
    """Every answer that is not 202."""

    error: Fault


class SentParty(Wire):
    """Somebody in a message of ours."""

    address: str
    group_address: str | None


class SentMedia(Wire):
    """A file of ours behind a signed link that expires."""

    mimetype: str
    name: str
    url: str


class SentMessage(Wire):
    """What we write."""

    text: str | None
    reply_to: str | None
    media: list[SentMedia]
    template: None = None


class Send(Wire):
    """What we post to the adapter."""

    type: Literal["message"] = "message"
    provider: str
    idempotency_key: str
    sender: SentParty
    recipient: SentParty
    message: SentMessage


class Taken(Wire):
    """The adapter took it."""

    message_id: Id


class Trouble(Wire):
    """What the adapter says went wrong."""

    code: Annotated[Words, Field(min_length=1)]
    message: Words | None = None
    retryable: bool = False


class NotTaken(Wire):
    """The adapter did not take it."""

    error: Trouble
