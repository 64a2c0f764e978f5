"""The simulated phone's JSON, both ways. Source: docs/reference/providers/simulator.md"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from providers.meta import clean_id, clean_text


def _clean(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _clean_id(value: Any) -> Any:
    return clean_id(value) if isinstance(value, str) else value


Id = Annotated[str, BeforeValidator(_clean_id), Field(min_length=1, max_length=255)]
Words = Annotated[str, BeforeValidator(_clean)]


class Wire(BaseModel):
    """Base of every model here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Message(Wire):
    """The person on the phone wrote."""

    type: Literal["message"] = "message"
    id: Id
    sender: Annotated[Id, Field(alias="from")]
    name: Words = ""
    text: Words
    at: AwareDatetime | None = None
    reply_to: Id | None = None


class Status(Wire):
    """The phone did something with a message of ours."""

    type: Literal["status"] = "status"
    id: Id
    status: Words
    at: AwareDatetime | None = None
    token: Id | None = None
    code: Id | None = None


class Send(Wire):
    """What we post to the phone."""

    inbox: Id
    to: Id
    text: Words
    reply_to: Id | None = None
    token: str = ""


class Taken(Wire):
    """The phone's answer to a send."""

    id: Id


class Refused(Wire):
    """The phone's answer when it does not take a send."""

    code: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class Delivery(Wire):
    """A webhook as the phone writes it; reading it goes item by item."""

    object: Literal["simulator"] = "simulator"
    inbox: Id
    items: list[Message | Status]


def encode_delivery(inbox: str, items: list[Message | Status]) -> bytes:
    """Return the body of a webhook, as the phone posts it."""
    return Delivery(inbox=inbox, items=items).model_dump_json(by_alias=True).encode()
