"""What crosses the line between the house and a model: plain data, no rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    """Whose words a model is shown."""

    PERSON = "user"
    OURS = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of a message; `file` is its name in the storage."""

    mime_type: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of the conversation as a model reads it."""

    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Everything a model is told for one answer.

    Shape:  `turns` oldest first. `knowledge` is what an answer may quote: nothing in it comes from the person.
            `masks` gives each mask in it the words it hides, so that an answer can say them.
    """

    instructions: str
    turns: tuple[Turn, ...]
    knowledge: str = ""
    masks: Mapping[str, str] = field(default_factory=dict)
    temperature: float | None = None

    def messages(self) -> list[dict[str, str]]:
        """Return it as it is kept in the log: roles and words, a picture as its kind."""
        told = [{"role": "system", "content": self.instructions}]
        return told + [
            {"role": str(turn.role), "content": turn.text + " [image]" * len(turn.pictures)} for turn in self.turns
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Whom to ask: one model at one provider."""

    provider_id: int
    model_id: int
    base_url: str
    api_key: str = field(repr=False)
    model: str
    takes_schema: bool
    reads_images: bool
    max_output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answers. `text` may be empty when it only asks for a person."""

    text: str
    needs_human: bool = False
    reason: str = ""
    suggested_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a request cost in tokens; estimated where the provider does not say."""

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A request that succeeded. Milliseconds count from the moment it was sent."""

    reply: Reply
    raw: str
    usage: Usage
    request_id: str
    first_text_ms: int
    latency_ms: int


class Change(StrEnum):
    """What became of a piece of a suggestion before it left."""

    KEPT = "kept"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words of a suggestion and of what was sent instead."""

    change: Change
    text: str


class Failure(StrEnum):
    """Why a model gave no answer; stored, shown in words, and what the fallback goes by."""

    UNREACHABLE = "unreachable"  #: no connection
    TOO_SLOW = "too_slow"  #: no word, or not the last one, in time
    BROKEN_OFF = "broken_off"  #: the stream ended in the middle
    LIMITED = "limited"  #: 429
    FAULT = "fault"  #: 5xx
    UNAUTHORIZED = "unauthorized"  #: 401, 403
    NO_MODEL = "no_model"  #: 404: no such model there
    REFUSED_REQUEST = "refused_request"  #: another 4xx
    REFUSED = "refused"  #: the model itself will not answer
    UNREADABLE = "unreadable"  #: html, broken JSON, not the protocol
    EMPTY = "empty"
    LOST = "lost"  #: our worker died meanwhile
    OVERTAKEN = "overtaken"  #: the chat went on, and nobody waited for it any more
    NO_PROVIDER = "no_provider"  #: none is configured or enabled
    RESTING = "resting"  #: all that are left failed a moment ago
    BUDGET = "budget"  #: what may be spent today is spent
    INTERNAL = "internal"  #: a fault of ours


FAILURE_WORDS: dict[Failure, Promise] = {
    Failure.UNREACHABLE: _("The provider of the model could not be reached. Check its endpoint, or wait a little."),
    Failure.TOO_SLOW: _("The model took too long. Ask for another answer, or answer yourself."),
    Failure.BROKEN_OFF: _("The model broke off in the middle of its answer. Ask for another one."),
    Failure.LIMITED: _("The provider takes no more requests for now. It is asked again in a while."),
    Failure.FAULT: _("The provider has a problem of its own. It is asked again in a while."),
    Failure.UNAUTHORIZED: _("The provider does not accept our key. An administrator must renew it."),
    Failure.NO_MODEL: _("The provider does not know this model. An administrator must correct its name."),
    Failure.REFUSED_REQUEST: _("The provider did not accept the request. An administrator should see the log."),
    Failure.REFUSED: _("The model did not want to answer this. Answer yourself."),
    Failure.UNREADABLE: _("What came from the provider was no answer of a model. An administrator should see the log."),
    Failure.EMPTY: _("The model answered nothing. Ask for another answer, or answer yourself."),
    Failure.LOST: _("Our work was interrupted. Ask for another answer."),
    Failure.OVERTAKEN: _("The chat went on meanwhile, and nobody waited for this answer any more."),
    Failure.NO_PROVIDER: _("There is no provider of models that could be asked. An administrator must set one up."),
    Failure.RESTING: _("Every provider failed a moment ago. They are asked again in a while."),
    Failure.BUDGET: _("What may be spent on answers today is spent. Tomorrow it goes on."),
    Failure.INTERNAL: _("Something failed on our side. An administrator should see the log."),
}
"""What an operator reads when no answer came: what happened, and what to do."""


WARNING_WORDS: dict[str, Promise] = {
    "link": _("It holds a link that is not ours."),
    "phone": _("It holds a phone number that is not ours."),
    "email": _("It holds an e-mail address that is not ours."),
    "account": _("It holds an account that is not ours."),
}
"""What an operator reads of an answer that tells what nobody told the model."""


def warning_in_words(code: str) -> str:
    """Return what an operator reads of a stored warning."""
    return str(WARNING_WORDS.get(code, code))


def failure_in_words(code: str) -> str:
    """Return what an operator reads of a stored Failure; nothing when there was none."""
    return str(FAILURE_WORDS[Failure(code) if code in Failure else Failure.INTERNAL]) if code else ""


class ModelError(Exception):
    """A model gave no answer. Its text never holds words of people, nor a key.

    Shape:  `retry_after` in seconds, where told; `usage` what was paid for nothing; `raw` what was said.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str = "",
        *,
        retry_after: float | None = None,
        request_id: str = "",
        raw: str = "",
        usage: Usage | None = None,
    ) -> None:
        super().__init__(failure, detail)
        self.failure = failure
        self.detail = detail
        self.retry_after = retry_after
        self.request_id = request_id
        self.raw = raw
        self.usage = usage
