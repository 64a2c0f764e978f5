"""Types of this room."""

from datetime import datetime
from typing import Self

import strawberry

from apps.assistant.models import Respondent, Suggestion
from apps.assistant.queries import current_respondents, current_suggestions, modes_of
from apps.assistant.types import failure_in_words, warning_in_words
from apps.conversations.models import Conversation, Pause
from apps.inboxes.models import AssistantMode
from graphql_api.accounts.types import UserType
from graphql_api.batches import batched
from graphql_api.conversations.messages import MessageType
from graphql_api.ids import to_id

strawberry.enum(
    AssistantMode,
    name="AssistantMode",
    description="AUTO: its answers leave by themselves. SUGGEST: somebody sends them. OFF: no model is asked.",
)
strawberry.enum(Pause, name="AssistantPauseReason", description="Why answers stopped leaving by themselves.")
strawberry.enum(
    Suggestion.State,
    name="SuggestionState",
    description="QUEUED and GENERATING: it is being written. SHOWN: it waits for a decision. ACCEPTED: sent as it was. "
    "EDITED: sent with other words. SENT: left by itself. SUPERSEDED: overtaken by what was said since.",
)


@strawberry.type(description="Something to know of a suggestion, as a code and in words.")
class SuggestionProblem:
    code: str
    message: str


@strawberry.type(name="Suggestion", description="A proposed answer, and what became of it.")
class SuggestionType:
    row: strawberry.Private[Suggestion]
    id: strawberry.ID
    conversation_id: strawberry.ID
    state: Suggestion.State
    text: str = strawberry.field(description="What the model wrote so far.")
    instruction: str = strawberry.field(description="What whoever asked for it wanted of it.")
    needs_human: bool = strawberry.field(description="The model wants a person to answer; `reason` says why.")
    reason: str
    suggested_tags: list[str]
    is_simulated: bool = strawberry.field(description="It comes from the simulated model, which knows nothing.")
    sent_text: str | None = strawberry.field(description="What left in the end.")
    rating: int | None = strawberry.field(description="1 to 5.")
    feedback: str
    created_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Suggestion) -> Self:
        return cls(
            row=row,
            id=to_id("Suggestion", row.pk),
            conversation_id=to_id("Conversation", row.conversation_id),
            state=Suggestion.State(row.state),
            text=row.text,
            instruction=row.instruction,
            needs_human=row.needs_human,
            reason=row.reason,
            suggested_tags=row.suggested_tags,
            is_simulated=row.provider is not None and row.provider.is_simulated,
            sent_text=row.sent_text or None,
            rating=row.rating,
            feedback=row.feedback,
            created_at=row.created_at,
            decided_at=row.decided_at,
        )

    @classmethod
    def current(cls, conversation: Conversation) -> Self | None:
        """Return what is proposed in a conversation, reading it for all conversations of the page at once."""
        found = batched(conversation, "suggestion", lambda rows: _listed(current_suggestions(rows)))
        return cls.of(found[0]) if found else None

    @strawberry.field(description="The message it answers.")
    def trigger(self) -> MessageType:
        return MessageType.of(self.row.trigger)

    @strawberry.field(description="What was sent of it.")
    def message(self) -> MessageType | None:
        return MessageType.maybe(self.row.message)

    @strawberry.field(description="What it holds that nobody told the model: a person should look at it.")
    def warnings(self) -> list[SuggestionProblem]:
        return [SuggestionProblem(code=code, message=warning_in_words(code)) for code in self.row.warnings]

    @strawberry.field(description="Why there is none.")
    def failure(self) -> SuggestionProblem | None:
        code = self.row.failure
        return SuggestionProblem(code=code, message=failure_in_words(code)) if code else None

    @strawberry.field(description="Who sent or discarded it.")
    def decided_by(self) -> UserType | None:
        return UserType.maybe(self.row.decided_by)


@strawberry.type(description="One value that was drawn for a conversation, by the name of its parameter.")
class RespondentValue:
    param: str
    value: str


@strawberry.type(name="Respondent", description="What the assistant is like in one conversation.")
class RespondentType:
    id: strawberry.ID
    is_pinned: bool = strawberry.field(description="It stays when another answer is asked for.")
    values: list[RespondentValue]

    @classmethod
    def of(cls, row: Respondent) -> Self:
        values = [RespondentValue(param=drawn.param.name, value=drawn.value.name) for drawn in row.drawn.all()]
        return cls(id=to_id("Respondent", row.pk), is_pinned=row.is_pinned, values=values)

    @classmethod
    def current(cls, conversation: Conversation) -> Self | None:
        """Return who answers in a conversation, reading it for all conversations of the page at once."""
        found = batched(conversation, "respondent", lambda rows: _listed(current_respondents(rows)))
        return cls.of(found[0]) if found else None


@strawberry.type(description="Answers stopped leaving by themselves until it is handed back.")
class AssistantPause:
    reason: Pause
    message: str = strawberry.field(description="The reason in words.")
    since: datetime

    @classmethod
    def of(cls, row: Conversation) -> Self | None:
        if row.assistant_paused_at is None:
            return None
        reason = Pause(row.assistant_pause)
        return cls(reason=reason, message=str(reason.label), since=row.assistant_paused_at)


@strawberry.type(description="What a suggestion became since the step before.")
class SuggestionStep:
    suggestion_id: strawberry.ID
    state: Suggestion.State
    delta: str = strawberry.field(description="What `text` grew by; all of it when other words took its place.")
    text: str = strawberry.field(description="All that is written so far.")


def mode_in(conversation: Conversation) -> AssistantMode:
    """Return what the assistant does in a conversation, reading it for all conversations of the page at once."""
    return batched(conversation, "mode", lambda rows: _listed(modes_of(rows)))[0]


def _listed[Found](by_key: dict[int, Found]) -> dict[int, list[Found]]:
    return {key: [found] for key, found in by_key.items()}
