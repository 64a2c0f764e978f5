"""The socket of the chat page: from the one feed to one screen, rights checked at every event.

Close codes: 4401 not (or no longer) signed in, 4403 no right to see conversations, 4429 too many sockets or
too many frames, 1003 binary frame, 1009 frame too long, 1011 we failed, 1013 too slow to listen.
"""

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error, connection

from apps.accounts.queries import actor_of_session
from apps.console.frames import Frame, drawer
from apps.core import live
from apps.core.actors import Actor, Scope
from apps.core.sockets import FRAME_BYTES, Allowance, Places

BEAT_SECONDS = 30
RECHECK_SECONDS = 60
SEND_SECONDS = 20
LONGEST_GAP = live.PAGE
"""A screen that missed more than this loads afresh: that is quicker than drawing every event."""
BURST = 100
"""How many events a screen may be behind, about a second of drawing, before it does better to ask for what is there."""
QUIET_SECONDS = 0.15
REFRESH_SECONDS = (0.5, 1.0)
"""While a burst goes on a page refreshes once in the longer time; at its end, but not within the shorter, at once."""
OF_AN_OPEN_CHAT = frozenset({live.LiveKind.SUGGESTION_CHANGED, live.LiveKind.SUGGESTION_STREAMED})

logger = logging.getLogger(__name__)
places = Places(10)


class ChatConsumer(AsyncWebsocketConsumer):
    """One open chat page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor: Actor | None = None
        self.counted_for: int | None = None
        self.is_closed = False
        self.cursor = ""
        self.open_chat: int | None = None
        self.refreshed_at = 0.0
        self.language: str = settings.LANGUAGE_CODE
        self.allowance = Allowance()
        self.tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Accept first, so that the page learns from the close code why it may not stay."""
        await self.accept()
        self.actor = await self._current_actor()
        if refusal := self._refusal():
            await self.close(refusal)
            return
        asked = parse_qs(self.scope["query_string"].decode("latin-1"))
        wanted = asked.get("language", [""])[0]
        self.language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        after = asked.get("after", [None])[0]
        for work in (self._follow(after), self._beat(), self._recheck()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self.tasks.append(task)

    def _refusal(self) -> int:
        """Return why this page may not stay, as a close code; 0 when it may, and then it is counted."""
        if self.actor is None or self.actor.user_id is None:
            return 4401
        if not self.actor.can(Scope.CONVERSATIONS_READ):
            return 4403
        if not places.take(self.actor.user_id):
            return 4429
        self.counted_for = self.actor.user_id
        return 0

    async def disconnect(self, code: int) -> None:
        self.is_closed = True
        for task in self.tasks:
            task.cancel()
        if self.counted_for is not None:
            places.give_back(self.counted_for)
            self.counted_for = None

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close once; whatever is said afterwards is not heard."""
        if not self.is_closed:
            self.is_closed = True
            await super().close(code, reason)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a page; it has little to say, and nobody may say it too fast or too long."""
        if not self.allowance.take():
            await self.close(4429)
        elif text_data is None:
            await self.close(1003)
        elif len(text_data.encode()) > FRAME_BYTES:
            await self.close(1009)
        elif not self.is_closed:
            await self._answer(text_data)

    async def _answer(self, text: str) -> None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            await self._say(type="error", code="malformed")
            return
        match said:
            case {"type": "ping"}:
                await self._say(type="pong", cursor=self.cursor)
            case {"type": "open", "conversation": int() | None as conversation}:
                await self._look_at(conversation)
            case _:
                await self._say(type="error", code="unknown")

    async def _look_at(self, conversation: int | None) -> None:
        """Note which chat is open, and bring what is proposed there by now: of no other chat is that told."""
        self.open_chat = conversation
        if conversation is not None:
            await self._show(await drawer().slot(conversation, self.language))

    async def _follow(self, after: str | None) -> None:
        """Send every event this actor may see, from the page's cursor on."""
        try:
            if after is not None and await _is_long_gap(after):
                await self._say(type="reload")
                return
            async with live.subscribe(after) as feed:
                await self._say(type="ready", cursor=after)
                async for event in feed:
                    await self._pass_all([event, *feed.take(above=BURST)], feed)
        except (live.GapTooOld, live.InvalidCursor):
            await self._say(type="reload")

    async def _pass_all(self, events: list[live.Event], feed: live.Feed) -> None:
        """Send what happened piece by piece; of a burst say only that the page must look."""
        if self._count_visible(events) <= BURST:
            for event in events:
                await self._pass_on(event)
                self.cursor = str(event.cursor)
            return
        events = [*events, *await self._rest_of_burst(feed)]
        if any(event.kind == live.LiveKind.ACCESS_CHANGED for event in events):
            await self._check_access()
        self.cursor = str(events[-1].cursor)
        await self._say(type="refresh", cursor=self.cursor)

    def _count_visible(self, events: list[live.Event]) -> int:
        actor = self.actor
        return 0 if actor is None else sum(self._concerns(event) and event.visible_to(actor) for event in events)

    def _concerns(self, event: live.Event) -> bool:
        """Tell whether this page shows what the event is about: what is proposed stands in an open chat only."""
        return event.kind not in OF_AN_OPEN_CHAT or event.conversation_id == self.open_chat

    async def _rest_of_burst(self, feed: live.Feed) -> list[live.Event]:
        """Let events go by until they cease, or a page has waited long enough for them."""
        shortest, longest = REFRESH_SECONDS
        began, events = time.monotonic(), list[live.Event]()
        while True:
            await asyncio.sleep(QUIET_SECONDS)
            more, now = feed.take(), time.monotonic()
            events += more
            is_over = not more and now - self.refreshed_at >= shortest
            if is_over or now - max(began, self.refreshed_at) >= longest:
                self.refreshed_at = now
                return events

    async def _pass_on(self, event: live.Event) -> None:
        actor = self.actor
        if actor is None:
            return
        if event.kind == live.LiveKind.ACCESS_CHANGED:
            if event.user_id == actor.user_id:
                await self._check_access()
            return
        if self._concerns(event) and event.visible_to(actor):
            await self._show(await drawer().frame(event, self.language))

    async def _show(self, frame: Frame) -> None:
        if self.actor is not None and (text := frame.text_for(self.actor)) is not None:
            await self._send(text)

    async def _beat(self) -> None:
        """Say something now and then, so that a dead line is noticed on both sides."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._say(type="beat", cursor=self.cursor or None)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            await self._check_access()

    async def _check_access(self) -> None:
        """Read the session and the rights again; what changed for the worse takes effect at once."""
        before, now = self.actor, await self._current_actor()
        if now is None or not now.can(Scope.CONVERSATIONS_READ):
            self.actor = None
            await self.close(4401 if now is None else 4403)
            return
        self.actor = now
        if before is not None and (before.branch_ids, before.scopes) != (now.branch_ids, now.scopes):
            await self._say(type="reload")  # what the page shows may not be theirs any more

    @database_sync_to_async
    def _current_actor(self) -> Actor | None:
        """Return who looks at this page by now."""
        session = self.scope.get("session")
        try:
            return actor_of_session(session.session_key) if session is not None else None
        finally:
            connection.close()  # each socket has a thread of its own: it must not keep a connection all day

    async def _say(self, **frame: Any) -> None:
        await self._send(json.dumps({name: value for name, value in frame.items() if value is not None}))

    async def _send(self, text: str) -> None:
        """Send one frame. A page that does not take it in time must come back and catch up."""
        if self.is_closed:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(text_data=text)
        except TimeoutError:
            await self.close(1013)
        except OSError:
            self.is_closed = True  # it left while we spoke

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A socket that stays open but says nothing would be a lie: end it, and the page comes back."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("console.socket_failed", exc_info=error)
        self.tasks.append(asyncio.get_running_loop().create_task(self._give_up(error)))

    async def _give_up(self, error: BaseException) -> None:
        """Let the page come back and catch up; past what cannot be drawn it gets by loading again only."""
        if not isinstance(error, Error):
            await self._say(type="reload")
        await self.close(1011)


@database_sync_to_async
def _is_long_gap(after: str) -> bool:
    try:
        events, _ = live.read_after(live.Cursor.parse(after), live.WORTH_CATCHING_UP)
        return len(events) >= LONGEST_GAP
    finally:
        connection.close()
