"""The socket of a phone's page: draws the thread again whenever something happened at its inbox.

It only speaks; a page that says anything is sent away. Close codes: 4401 not (or no longer) signed in,
4404 no such phone, 4429 too many sockets, 1003 the page spoke, 1011 we failed.
"""

import asyncio
import json
import logging
from contextlib import suppress
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.utils import translation

from apps.accounts.queries import actor_of_session
from apps.core import live
from apps.core.actors import Actor, Scope
from apps.core.sockets import Places
from apps.simulator.actions.phones import report_status
from apps.simulator.models import Phone
from apps.simulator.queries import get_phone, last_messages

BEAT_SECONDS = 30

logger = logging.getLogger(__name__)
places = Places(10)


class PhoneConsumer(AsyncWebsocketConsumer):
    """One open phone."""

    counted_for: int | None = None
    inbox_id: int | None = None
    drawn = ""

    async def connect(self) -> None:
        """Accept first, so that the page learns from the close code why it may not stay."""
        await self.accept()
        self.news = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        actor = await self._whose()
        if refusal := self._refusal(actor):
            await self.close(refusal)
            return
        asked = parse_qs(self.scope["query_string"].decode("latin-1"))
        wanted = asked.get("language", [""])[0]
        self.language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        for work in (self._listen(), self._show()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self.tasks.append(task)

    def _refusal(self, actor: Actor | None) -> int:
        """Return why this page may not stay, as a close code; 0 when it may, and then it is counted."""
        if actor is None or actor.user_id is None or not actor.can(Scope.SIMULATE):
            return 4401
        if not places.take(actor.user_id):
            return 4429
        self.counted_for = actor.user_id
        return 0

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        if self.counted_for is not None:
            places.give_back(self.counted_for)
            self.counted_for = None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send a page away that speaks: what people do on a phone comes by forms."""
        await self.close(1003)

    async def _listen(self) -> None:
        """Note that there is news whenever something happened at this phone's inbox, or to rights."""
        while True:
            try:
                async with live.subscribe(None) as feed:
                    self.news.set()
                    async for event in feed:
                        if event.inbox_id in (None, self.inbox_id):
                            self.news.set()
            except live.GapTooOld:
                continue  # it fell behind; the thread is drawn whole, so nothing is missed

    async def _show(self) -> None:
        """Draw the thread on news, and now and then look whether this page may still stay."""
        with suppress(OSError):  # it left while we spoke
            await self._show_until_it_ends()

    async def _show_until_it_ends(self) -> None:
        while True:
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await self.news.wait()
            except TimeoutError:
                await self.send(text_data='{"type":"beat"}')
            self.news.clear()
            html = await self._draw()
            if html is None:
                return
            if html != self.drawn:
                self.drawn = html
                await self.send(text_data=json.dumps({"type": "thread", "html": html}))

    async def _draw(self) -> str | None:
        """Return the thread, once more through session and door; None when the page was sent away."""
        drawn: str | int = await self._look()
        if isinstance(drawn, int):
            await self.close(drawn)
            return None
        return drawn

    @database_sync_to_async
    def _look(self) -> str | int:
        """Return the thread, or the close code of a page that may not see it. What is shown is delivered."""
        try:
            actor = self._actor()
            if actor is None or not actor.can(Scope.SIMULATE):
                return 4401
            phone = get_phone(actor, self.scope["url_route"]["kwargs"]["pk"])
            self.inbox_id = phone.inbox_id
            if not phone.is_by_hand:
                report_status(phone=phone, status="delivered", actor=actor)
            with translation.override(self.language):
                return render_to_string("simulator/_thread.html", {"phone": phone, "messages": last_messages(phone)})
        except Phone.DoesNotExist:
            return 4404
        finally:
            connection.close()  # a page may stay open all day, and its thread with it

    @database_sync_to_async
    def _whose(self) -> Actor | None:
        try:
            return self._actor()
        finally:
            connection.close()

    def _actor(self) -> Actor | None:
        session = self.scope.get("session")
        return actor_of_session(session.session_key) if session is not None else None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A socket that stays open but says nothing would be a lie: end it, and the page comes back."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("simulator.socket_failed", exc_info=error)
        self.tasks.append(asyncio.get_running_loop().create_task(self._give_up()))

    async def _give_up(self) -> None:
        with suppress(OSError):
            await self.close(1011)
