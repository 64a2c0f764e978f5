"""What is proposed, on the screens that have its chat open: as it grows, as it is decided, and to nobody else."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.assistant.actions.announce import announce, announce_growth
from apps.assistant.actions.decisions import discard_suggestion
from apps.assistant.models import Suggestion
from apps.console import consumers
from apps.console.frames import draw
from apps.conversations.models import Conversation
from apps.core import live
from apps.core.actors import SYSTEM, Role
from apps.core.live import Cursor, Event, LiveKind
from apps.core.models import LiveEvent
from tests.assistant.proposing import propose
from tests.console.sockets import Socket, page
from tests.factories import make_branch, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<img src=x onerror=alert(1)>"
write = sync_to_async(receive)


@pytest_asyncio.fixture(autouse=True)
async def close_connections() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def branch(transactional_db):
    return make_branch()


@pytest.fixture
def operator(branch):
    return make_user(Role.OPERATOR, (branch,))


@pytest.fixture
def suggestion(branch) -> Suggestion:
    """A suggestion that is being written."""
    lease = {"state": Suggestion.State.GENERATING, "lease_token": uuid4(), "lease_until": timezone.now()}
    proposed: Suggestion = propose(receive(make_inbox(branch=branch), "¿Hay lugar?"), "", **lease)
    return proposed


@sync_to_async
def grow(suggestion: Suggestion, text: str) -> None:
    """Write how far it has come, as the engine does."""
    with transaction.atomic():
        Suggestion.objects.filter(pk=suggestion.pk).update(text=text)
        announce_growth([suggestion])


@sync_to_async
def finish(suggestion: Suggestion, text: str) -> None:
    done = {"state": Suggestion.State.SHOWN, "lease_token": None, "lease_until": None}
    with transaction.atomic():
        Suggestion.objects.filter(pk=suggestion.pk).update(text=text, **done)
        announce(suggestion)


async def look_at(socket: Socket, conversation: int | None) -> dict[str, Any]:
    """Open a chat, and return what is there."""
    await socket.say(type="open", conversation=conversation)
    return await socket.hear()


async def test_text_grows_on_the_screen_and_is_drawn_when_it_ends(server, operator, suggestion):
    async with page(server, operator, language="en") as socket:
        await socket.hear("ready")
        now = await look_at(socket, suggestion.conversation_id)
        await grow(suggestion, HOSTILE)
        grown = await socket.hear("suggestion")
        await finish(suggestion, HOSTILE + " Sí.")
        done = await socket.hear()

    assert (now["kind"], "cursor" in now) == ("suggestion_changed", False)  # the feed goes on where it was
    assert [piece["id"] for piece in now["targets"]] == [f"suggestion-{suggestion.conversation_id}"]
    assert 'data-state="generating"' in now["targets"][0]["html"]
    cursor = grown.pop("cursor")
    assert live.Cursor.parse(cursor)
    assert grown == {
        "type": "suggestion",
        "conversation": suggestion.conversation_id,
        "suggestion": suggestion.pk,
        "state": "generating",
        "text": HOSTILE,  # modules only ever write it as text
    }
    assert 'data-state="shown"' in done["targets"][0]["html"]
    assert "&lt;img src=x onerror=alert(1)&gt; Sí." in done["targets"][0]["html"]
    assert "<img" not in done["targets"][0]["html"]


async def test_only_who_has_the_chat_open_hears_of_it(server, operator, branch, suggestion):
    colleague = await sync_to_async(make_user)(Role.VIEWER, (branch,))
    stranger = await sync_to_async(make_user)(Role.OPERATOR, (await sync_to_async(make_branch)(),))
    async with page(server, operator) as closed, page(server, colleague) as opened, page(server, stranger) as other:
        for socket in (closed, opened, other):
            await socket.hear("ready")
        await look_at(opened, suggestion.conversation_id)
        await other.say(type="open", conversation=suggestion.conversation_id)
        await closed.say(type="open", conversation=suggestion.conversation_id + 1000)
        await grow(suggestion, "Sí")
        await finish(suggestion, "Sí, claro")
        assert "Sí, claro" in (await opened.hear())["targets"][0]["html"]
        for socket in (closed, other):
            await socket.say(type="ping")
            await socket.hear("pong")
    assert closed.heard == other.heard == ["ready", "pong"]


async def test_chat_that_was_left_is_forgotten(server, operator, branch, suggestion):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await look_at(socket, suggestion.conversation_id)
        await socket.say(type="open", conversation=None)
        await socket.say(type="ping")
        await socket.hear("pong")
        await grow(suggestion, "Sí")
        await write(suggestion.inbox, "Hola", sender="5493875550102")
        assert (await socket.hear())["kind"] == "message_added"
    assert "suggestion" not in socket.heard


async def test_two_pages_follow_and_what_one_decides_changes_the_other(server, operator, suggestion):
    async with page(server, operator) as one, page(server, operator) as other:
        for socket in (one, other):
            await socket.hear("ready")
            await look_at(socket, suggestion.conversation_id)
        await grow(suggestion, "Sí")
        assert await one.hear("suggestion") == await other.hear("suggestion")
        await sync_to_async(discard_suggestion)(suggestion=suggestion, actor=SYSTEM)
        for socket in (one, other):
            assert "<section" not in (await socket.hear())["targets"][0]["html"]


async def test_page_that_comes_back_sees_how_it_is_by_now(server, operator, suggestion, monkeypatch):
    monkeypatch.setattr(consumers, "LONGEST_GAP", 5)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        start = await sync_to_async(live.current_cursor)()
    for text in ("S", "Sí", "Sí,", "Sí, ", "Sí, q", "Sí, que"):
        await grow(suggestion, text)
    async with page(server, operator, after=start) as socket:
        await socket.hear("ready")  # however long its text grew, the page need not load afresh
        assert "Sí, que</p>" in (await look_at(socket, suggestion.conversation_id))["targets"][0]["html"]
        await socket.say(type="ping")
        await socket.hear("pong")
    assert socket.heard == ["ready", "event", "pong"]


async def test_texts_that_grow_make_no_burst(server, operator, branch, suggestion, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 3)

    @sync_to_async
    def grow_everywhere() -> None:
        kinds = (LiveKind.SUGGESTION_STREAMED, LiveKind.SUGGESTION_CHANGED)
        fields = [{"branch_id": branch.pk, "inbox_id": 1, "conversation_id": pk} for pk in range(10**6, 10**6 + 8)]
        with transaction.atomic():
            LiveEvent.objects.bulk_create(LiveEvent(kind=kind, **where) for kind in kinds for where in fields)
            receive(suggestion.inbox, "Hola")

    async with page(server, operator) as socket:
        await socket.hear("ready")
        await grow_everywhere()
        assert (await socket.hear())["kind"] == "message_added"
    assert socket.heard == ["ready", "event"]


@pytest.mark.parametrize("conversation", ['"7"', "7.5", "[7]", "{}"])
async def test_chat_that_is_none_is_answered_and_forgiven(server, operator, conversation):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await socket.line.send('{"type": "open", "conversation": ' + conversation + "}")
        assert (await socket.hear("error"))["code"] == "unknown"


async def test_number_beyond_every_chat_is_no_chat(server, operator):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await socket.say(type="open", conversation=2**70)
        await socket.say(type="ping")
        await socket.hear("pong")
    assert socket.heard == ["ready", "pong"]


def test_drawing_costs_little(suggestion):
    def queries(kind: LiveKind) -> int:
        event = Event(
            cursor=Cursor(1, 1, 1), kind=kind, at=timezone.now(), branch_id=suggestion.inbox.branch_id,
            inbox_id=suggestion.inbox_id, conversation_id=suggestion.conversation_id, message_id=None, person_id=None,
            user_id=None,
        )  # fmt: skip
        with CaptureQueriesContext(connection) as counted:
            draw(event, "es")
        return len(counted)

    assert Conversation.objects.count() == 1
    assert [queries(LiveKind.SUGGESTION_STREAMED), queries(LiveKind.SUGGESTION_CHANGED)] == [1, 2]
