"""What happened, drawn once for every screen of this process.

A frame carries finished pieces of the page and the names of their places. It never depends on who looks,
but for the language; whether somebody may see it is asked at each socket.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from django.db import InterfaceError, OperationalError, connections
from django.db.models import Prefetch, QuerySet
from django.template.loader import render_to_string
from django.utils import translation

from apps.assistant.models import Suggestion
from apps.assistant.queries import suggestions_for
from apps.console.queries import ACTS, REACTIONS, shown_suggestion
from apps.console.templatetags.console import day_key, day_name, state
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import ChatFilter, chat_list, conversations_for, messages_for
from apps.core.actors import SYSTEM, Actor
from apps.core.live import Event, LiveKind

KEPT = 512
OF_ONE_PERSON = 20
NO_ACTS = Prefetch("acts", Message.objects.none())
"""Nothing was done yet to what is new: not asking is quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One piece of the page, and the branch it belongs to."""

    branch_id: int
    piece: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event as the sockets send it, written once for all who see the same of it."""

    kind: LiveKind
    targets: tuple[Target, ...]
    cursor: str = ""
    texts: dict[frozenset[int], str] = field(default_factory=dict, compare=False)

    def text_for(self, actor: Actor) -> str | None:
        """Return the JSON for this actor; None when nothing of it exists for them."""
        branches = frozenset(one.branch_id for one in self.targets if actor.sees_branch(one.branch_id))
        if branches and branches not in self.texts:
            self.texts[branches] = self._text(branches)
        return self.texts.get(branches)

    def _text(self, branches: frozenset[int]) -> str:
        visible = [target.piece for target in self.targets if target.branch_id in branches]
        place = {"cursor": self.cursor} if self.cursor else {}
        if self.kind == LiveKind.SUGGESTION_STREAMED:
            told = {"type": "suggestion", **place, **visible[0]}
        else:
            told = {"type": "event", **place, "kind": self.kind, "targets": visible}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def draw(event: Event, language: str) -> Frame:
    """Read once and draw once what an event changed."""
    with translation.override(language):
        return Frame(kind=event.kind, targets=tuple(_targets(event)), cursor=str(event.cursor))


def draw_slot(conversation: int, language: str) -> Frame:
    """Draw what is proposed in a conversation by now, outside of the feed."""
    with translation.override(language):
        return Frame(kind=LiveKind.SUGGESTION_CHANGED, targets=tuple(_slot(conversation)))


def draw_message(message: Message, conversation: Conversation) -> str:
    """Draw one message in its day; thread.js puts it where it belongs."""
    day = {"key": day_key(message.occurred_at), "label": day_name(message.occurred_at)}
    return render_to_string("console/_placed.html", {"c": conversation, "m": message, "day": day})


def draw_suggestion(conversation: Conversation) -> str:
    """Draw what stands above the box."""
    context = {"c": conversation, "s": shown_suggestion(conversation)}
    return render_to_string("console/_suggestion.html", context).strip()


def _targets(event: Event) -> Iterator[Target]:
    match event.kind:
        case LiveKind.MESSAGE_ADDED | LiveKind.MESSAGE_CHANGED:
            is_new = event.kind == LiveKind.MESSAGE_ADDED
            for message in _messages(event.message_id or 0, is_new=is_new):
                message.inbox = message.conversation.inbox
                yield from _conversation_targets(message.conversation)
                html = draw_message(message, message.conversation)
                yield _target(message.conversation, f"m{message.pk}", html)
        case LiveKind.CONVERSATION_CHANGED:
            for conversation in chat_list(SYSTEM, ChatFilter(is_open=None)).filter(pk=event.conversation_id or 0):
                yield from _conversation_targets(conversation)
        case LiveKind.SUGGESTION_CHANGED:
            yield from _slot(event.conversation_id or 0)
        case LiveKind.SUGGESTION_STREAMED:
            yield from _stream(event.conversation_id or 0)
        case LiveKind.PERSON_CHANGED:
            theirs = chat_list(SYSTEM, ChatFilter(is_open=None)).filter(person=event.person_id)
            for conversation in theirs[:OF_ONE_PERSON]:
                yield from _conversation_targets(conversation)


def _messages(pk: int, *, is_new: bool) -> QuerySet[Message]:
    """Read one message with what is always shown. What most have not, like a quoted one, is read when there is
    one: joining it all costs more to prepare than to draw.
    """
    always = ("conversation__inbox__account", "conversation__identity", "conversation__person")
    messages = (
        messages_for(SYSTEM).select_related("author", *always).prefetch_related(REACTIONS, NO_ACTS if is_new else ACTS)
    )
    return messages.filter(pk=pk).order_by()


def _conversation_targets(conversation: Conversation) -> Iterator[Target]:
    row = render_to_string("console/_row.html", {"c": conversation})
    yield _target(conversation, f"row-{conversation.pk}", row, state=state(conversation))
    window = render_to_string("console/_window_place.html", {"c": conversation})
    yield _target(conversation, f"window-{conversation.pk}", window)


def _slot(pk: int) -> Iterator[Target]:
    for conversation in conversations_for(SYSTEM).select_related("inbox").filter(pk=pk):
        yield _target(conversation, f"suggestion-{pk}", draw_suggestion(conversation))


def _stream(conversation: int) -> Iterator[Target]:
    """Read how far a text has grown; what is done by now is told by the event of that."""
    growing = suggestions_for(SYSTEM).filter(conversation=conversation, state=Suggestion.State.GENERATING)
    for pk, text, branch_id in growing.values_list("pk", "text", "inbox__branch"):
        piece = {"conversation": conversation, "suggestion": pk, "state": Suggestion.State.GENERATING, "text": text}
        yield Target(branch_id=branch_id, piece=piece)


def _target(conversation: Conversation, name: str, html: str, **more: str) -> Target:
    piece = {"id": name, "conversation": conversation.pk, "html": html.strip(), **more}
    return Target(branch_id=conversation.inbox.branch_id, piece=piece)


class Drawer:
    """Draws each event once for all sockets of one event loop and remembers the last ones."""

    def __init__(self) -> None:
        # A thread of its own: the sockets' threads come and go, and this one keeps its connection.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="frames")
        self._drawn: OrderedDict[tuple[str, str], asyncio.Task[Frame]] = OrderedDict()

    async def frame(self, event: Event, language: str) -> Frame:
        """Return the frame of an event; whoever comes first has it drawn."""
        key = (str(event.cursor), language)
        task = self._drawn.get(key)
        if task is None or task.cancelled() or (task.done() and task.exception()):
            loop = asyncio.get_running_loop()
            # No socket owns the drawing: one that leaves must not end it for the others.
            task = self._drawn[key] = loop.create_task(self._draw(event, language), context=Context())
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return await asyncio.shield(task)

    async def _draw(self, event: Event, language: str) -> Frame:
        return await self._work(lambda: draw(event, language))

    async def slot(self, conversation: int, language: str) -> Frame:
        """Return what is proposed in a conversation by now; in turn with the events, so that it is not older."""
        return await self._work(lambda: draw_slot(conversation, language))

    async def _work(self, work: Callable[[], Frame]) -> Frame:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _with_a_line, work)

    def stop(self) -> None:
        """Close the thread's connection; for the end of a process or of a test."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)


def _with_a_line(work: Callable[[], Frame]) -> Frame:
    """Draw on the connection this thread keeps, and on another one when it was lost."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return work()


_drawers: WeakKeyDictionary[asyncio.AbstractEventLoop, Drawer] = WeakKeyDictionary()


def drawer() -> Drawer:
    """Return the drawer of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _drawers:
        _drawers[loop] = Drawer()
    return _drawers[loop]


def stop() -> None:
    """End the drawer of the running event loop, if it has one."""
    if found := _drawers.pop(asyncio.get_running_loop(), None):
        found.stop()
