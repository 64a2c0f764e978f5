"""Subscriptions of this room."""

from collections.abc import AsyncGenerator, Iterator

import strawberry

from apps.assistant.models import Suggestion
from apps.assistant.queries import SHOWN_STATES, suggestions_for
from apps.conversations.queries import get_conversation
from apps.core import live
from apps.core.actors import Actor, Scope
from graphql_api.assistant.types import SuggestionStep
from graphql_api.context import Info
from graphql_api.core.subscriptions import is_about_access
from graphql_api.errors import Unauthenticated
from graphql_api.ids import pk_of, to_id
from graphql_api.threads import in_thread

CHANGES = frozenset({live.LiveKind.SUGGESTION_CHANGED, live.LiveKind.SUGGESTION_STREAMED})


@strawberry.type
class SuggestionSubscription:
    @strawberry.subscription(
        description="What is proposed in one conversation while it is written: what is there first, then every step, "
        "one suggestion after the other. Needs conversations:read."
    )
    async def suggestion_stream(self, info: Info, conversation_id: strawberry.ID) -> AsyncGenerator[SuggestionStep]:
        context = info.context
        context.require(Scope.CONVERSATIONS_READ)
        asked = pk_of(conversation_id, "Conversation", field="conversationId")
        told = _Told()
        while True:
            try:
                async with live.subscribe(None) as feed:
                    for step in told.steps(await in_thread(_read, context.actor, asked, told.newest)):
                        yield step
                    async for event in feed:
                        is_ours = event.kind in CHANGES and event.conversation_id == asked
                        if is_about_access(event, context.actor) and not await context.is_welcome():
                            raise Unauthenticated
                        context.require(Scope.CONVERSATIONS_READ)
                        if is_ours:
                            for step in told.steps(await in_thread(_read, context.actor, asked, told.newest)):
                                yield step
            except live.GapTooOld:  # what is there by now is read at once
                continue


class _Told:
    """What one client knows: the newest suggestion it heard of, and how that was."""

    def __init__(self) -> None:
        self.newest: int | None = None
        self._state = ""
        self._text = ""

    def steps(self, rows: list[Suggestion]) -> Iterator[SuggestionStep]:
        """Return what is new in these rows, oldest first."""
        for row in rows:
            before = self._text if row.pk == self.newest else ""
            is_news = (row.pk, row.state, row.text) != (self.newest, self._state, self._text)
            self.newest, self._state, self._text = row.pk, row.state, row.text
            if is_news:
                yield SuggestionStep(
                    suggestion_id=to_id("Suggestion", row.pk),
                    state=Suggestion.State(row.state),
                    delta=row.text.removeprefix(before) if row.text.startswith(before) else row.text,
                    text=row.text,
                )


def _read(actor: Actor, conversation_id: int, newest: int | None) -> list[Suggestion]:
    """Return the suggestions from the newest one that was told on; without one, what is proposed now.

    Raises DoesNotExist for hidden and missing conversations alike.
    """
    conversation = get_conversation(actor, conversation_id)
    rows = suggestions_for(actor).filter(conversation=conversation).only("state", "text", "conversation_id")
    if newest is not None:
        return list(rows.filter(pk__gte=newest).order_by("pk"))
    return [row for row in rows.order_by("-pk")[:1] if row.state in SHOWN_STATES]
