"""The socket of the chat page over a real server: what it brings, to whom, and what it does not put up with."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from apps.accounts.actions import set_access
from apps.accounts.models import User
from apps.console import consumers
from apps.conversations.actions import marks
from apps.conversations.models import Conversation, Message
from apps.core import live
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from apps.organization.models import Branch
from tests.console.sockets import NO_ORIGIN, WAIT, page, session_of
from tests.factories import make_branch, make_conversation, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db(transaction=True)
write = sync_to_async(receive)


@pytest_asyncio.fixture(autouse=True)
async def close_connections() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def branch(transactional_db):
    return make_branch()


@pytest.fixture
def inbox(branch):
    return make_inbox(branch=branch)


@pytest.fixture
def operator(branch):
    return make_user(Role.OPERATOR, (branch,))


@sync_to_async
def grant(user: User, branch: Branch, *, is_active: bool = True) -> None:
    """Let the user work at this branch and at no other."""
    set_access(user=user, role=Role.OPERATOR, is_active=is_active, branches=[branch], actor=SYSTEM)


@sync_to_async
def cursor_now() -> str:
    return live.current_cursor()


async def test_message_comes_as_finished_pieces(server, operator, inbox):
    async with page(server, operator, language="en") as socket:
        await socket.hear("ready")
        message = await write(inbox, "¿Hay <b>lugar</b>?", name="Ana")

        frame = await socket.hear()

        assert frame["kind"] == "message_added"
        row, _, drawn = frame["targets"]
        assert [piece["id"] for piece in frame["targets"]] == [
            f"row-{message.conversation_id}",
            f"window-{message.conversation_id}",
            f"m{message.pk}",
        ]
        assert "¿Hay &lt;b&gt;lugar&lt;/b&gt;?" in drawn["html"]
        assert "Ana" in row["html"]
        assert "today" in drawn["html"]


async def test_one_drawing_does_not_say_who_looks(server, operator, inbox):
    colleague = await sync_to_async(make_user)(Role.ADMINISTRATOR)
    async with page(server, operator) as mine, page(server, colleague) as theirs:
        await mine.hear("ready")
        await theirs.hear("ready")
        await write(inbox, "Hola")
        assert await mine.hear() == await theirs.hear()


async def test_other_branch_hears_nothing(server, operator, inbox):
    stranger = await sync_to_async(make_user)(Role.OPERATOR, (await sync_to_async(make_branch)(),))
    async with page(server, operator) as mine, page(server, stranger) as theirs:
        await mine.hear("ready")
        await theirs.hear("ready")
        await write(inbox, "secreto")
        await mine.hear()
        await theirs.say(type="ping")
        assert (await theirs.next())["type"] == "pong"


async def test_page_that_comes_back_gets_what_it_missed_and_nothing_twice(server, operator, inbox):
    start = await cursor_now()
    texts = [f"mensaje {number}" for number in range(5)]
    for text in texts:
        await write(inbox, text)
    async with page(server, operator, after=start) as socket:
        frames = [await socket.hear() for _ in texts]
    assert [text in frame["targets"][2]["html"] for frame, text in zip(frames, texts, strict=True)] == [True] * 5

    async with page(server, operator, after=frames[2]["cursor"]) as socket:
        again = [await socket.hear() for _ in range(2)]
        await write(inbox, "y uno más")
        new = await socket.hear()
    assert [frame["cursor"] for frame in again] == [frame["cursor"] for frame in frames[3:]]
    assert "y uno más" in new["targets"][2]["html"]


@pytest.mark.parametrize("after", ["no-cursor", "1.1.1", "9" * 40])
async def test_page_that_cannot_catch_up_is_told_to_load_again(server, operator, after):
    async with page(server, operator, after=after) as socket:
        await socket.hear("reload")


async def test_page_that_missed_very_much_loads_again(server, operator, inbox):
    start = await cursor_now()
    await LiveEvent.objects.abulk_create(
        LiveEvent(kind="conversation_changed", branch_id=inbox.branch_id) for _ in range(live.PAGE)
    )
    async with page(server, operator, after=start) as socket:
        await socket.hear("reload")


@sync_to_async
def write_at_once(inbox, texts: list[str]) -> None:
    """Let people write in one transaction, so that everything is there at the same moment."""
    with transaction.atomic():
        for text in texts:
            receive(inbox, text)


async def test_burst_is_one_refresh_and_what_follows_comes_as_before(server, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await write_at_once(inbox, [f"mensaje {number}" for number in range(8)])
        refresh = await socket.hear("refresh")
        await write(inbox, "uno más")
        event = await socket.hear()
    assert socket.heard == ["ready", "refresh", "event"]
    assert "uno más" in event["targets"][2]["html"]

    async with page(server, operator, after=refresh["cursor"]) as socket:
        assert (await socket.hear())["cursor"] == event["cursor"]


async def test_as_many_as_can_be_drawn_soon_are_all_drawn(server, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 8)
    texts = [f"mensaje {number}" for number in range(8)]
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await write_at_once(inbox, texts)
        frames = [await socket.hear() for _ in texts]
    assert socket.heard == ["ready"] + ["event"] * 8
    assert [text in frame["targets"][2]["html"] for frame, text in zip(frames, texts, strict=True)] == [True] * 8


async def test_long_burst_is_at_most_one_refresh_in_its_time(server, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        began = time.monotonic()
        for _ in range(2):
            await write_at_once(inbox, ["uno de muchos"] * 8)
            await socket.hear("refresh")
        assert time.monotonic() - began >= consumers.REFRESH_SECONDS[0]
    assert socket.heard == ["ready", "refresh", "refresh"]


async def test_page_that_comes_back_after_a_burst_refreshes(server, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)
    start = await cursor_now()
    await write_at_once(inbox, ["mientras tanto"] * 8)
    async with page(server, operator, after=start) as socket:
        await socket.hear("refresh")
        await write(inbox, "uno más")
        assert "uno más" in (await socket.hear())["targets"][2]["html"]
    assert socket.heard == ["ready", "refresh", "event"]


async def test_burst_of_others_hides_nothing_and_is_not_told(server, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)
    elsewhere = await sync_to_async(make_inbox)()
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await write_at_once(elsewhere, ["secreto"] * 8)
        await write(inbox, "lo mío")
        assert "lo mío" in (await socket.hear())["targets"][2]["html"]
    assert socket.heard == ["ready", "event"]


async def test_who_loses_access_in_a_burst_is_told_nothing_of_it(server, operator, inbox, branch, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)

    @sync_to_async
    def switch_off_in_a_burst() -> None:
        with transaction.atomic():
            for number in range(8):
                receive(inbox, f"secreto {number}")
            set_access(user=operator, role=Role.OPERATOR, is_active=False, branches=[branch], actor=SYSTEM)

    async with page(server, operator) as socket:
        await socket.hear("ready")
        await switch_off_in_a_burst()
        assert await socket.closing_code() == 4401
    assert socket.heard == ["ready"]


async def test_stranger_is_told_to_sign_in(server):
    async with page(server, None) as socket:
        assert await socket.closing_code() == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", NO_ORIGIN])
async def test_pages_of_others_are_refused(server, operator, origin):
    with pytest.raises(InvalidStatus) as refusal:
        async with page(server, operator, origin=origin):
            pass
    assert refusal.value.response.status_code == 403


async def test_signing_out_closes_at_once(server, operator, inbox):
    client = Client()
    await sync_to_async(client.force_login)(operator)
    async with page(server, operator, session=client.cookies["sessionid"].value) as socket:
        await socket.hear("ready")
        await sync_to_async(client.post)("/logout/")
        await write(inbox, "secreto")
        assert await socket.closing_code() == 4401
        assert not await Session.objects.filter(session_key=client.cookies["sessionid"].value).aexists()


async def test_session_that_ends_without_a_word_is_noticed(server, operator, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.1)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await Session.objects.all().adelete()
        assert await socket.closing_code() == 4401


async def test_new_password_ends_the_old_sessions(server, operator, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.1)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        operator.set_password("something quite different")
        await operator.asave()
        assert await socket.closing_code() == 4401


async def test_other_sessions_of_the_same_user_stay(server, operator, inbox):
    client = Client()
    await sync_to_async(client.force_login)(operator)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await sync_to_async(client.post)("/logout/")
        await write(inbox, "sigo acá")
        assert "sigo acá" in (await socket.hear())["targets"][2]["html"]


async def test_user_who_is_switched_off_hears_nothing_more(server, operator, inbox, branch):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await grant(operator, branch, is_active=False)
        await write(inbox, "secreto")
        assert await socket.closing_code() == 4401
        assert socket.heard == ["ready"]


async def test_user_who_moves_to_another_branch_loads_again_and_hears_that_one(server, operator, inbox):
    elsewhere = await sync_to_async(make_inbox)()
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await grant(operator, elsewhere.branch)
        await socket.hear("reload")
        await write(inbox, "de la vieja")
        await write(elsewhere, "de la nueva")
        assert "de la nueva" in (await socket.hear())["targets"][2]["html"]


@pytest.mark.parametrize(
    "frame", ["{", "[" * 30_000, "null", "[]", '{"type": 7}', '{"type": "subscribe", "id": {}}', ""]
)
async def test_frame_that_makes_no_sense_is_answered_and_forgiven(server, operator, inbox, frame):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await socket.line.send(frame)
        assert (await socket.hear("error"))["code"] in {"malformed", "unknown"}
        await write(inbox, "sigo acá")
        await socket.hear()


@pytest.mark.parametrize(("frame", "code"), [(b"\x00\xff", 1003), ("x" * 70_000, 1009), ("x" * 2_000_000, 1009)])
async def test_frame_of_the_wrong_kind_or_size_ends_the_socket(server, operator, frame, code):
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await socket.line.send(frame)
        assert await socket.closing_code() == code


async def test_flood_ends_its_own_socket_and_disturbs_no_other(server, operator, inbox):
    async with page(server, operator) as flooder, page(server, operator) as other:
        await flooder.hear("ready")
        await other.hear("ready")
        began = time.monotonic()
        with suppress(ConnectionClosed):
            for _ in range(10_000):
                await flooder.say(type="ping")
        assert await flooder.closing_code() == 4429
        assert time.monotonic() - began < WAIT
        await write(inbox, "sigo acá")
        await other.hear()


async def test_eleventh_page_of_a_user_waits_outside(server, operator):
    session = await session_of(operator)
    open_pages = [page(server, operator, session=session) for _ in range(10)]
    try:
        for one in open_pages:
            await (await one.__aenter__()).hear("ready")
        async with page(server, operator, session=session) as late:
            assert await late.closing_code() == 4429
        await open_pages.pop().__aexit__(None, None, None)
        async with page(server, operator, session=session) as late:
            await late.hear("ready")
    finally:
        for one in open_pages:
            await one.__aexit__(None, None, None)


async def test_change_of_a_conversation_brings_its_row(server, operator, inbox):
    conversation: Conversation = await sync_to_async(make_conversation)(inbox)
    async with page(server, operator) as socket:
        await socket.hear("ready")
        await sync_to_async(marks.set_pending)(conversation=conversation, is_pending=True, actor=SYSTEM)
        while (frame := await socket.hear())["kind"] == "message_added":
            pass  # it may be told again: transactions of other tests hold events back
        assert frame["kind"] == "conversation_changed"
        assert "data-pending" in frame["targets"][0]["html"]
        assert await Message.objects.acount() == 1
