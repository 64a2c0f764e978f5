"""The line breaks and comes back: the page says so, and then shows exactly what the database says."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from playwright.async_api import Route, expect

from apps.accounts.actions import set_access
from apps.console import consumers
from apps.conversations.models import Message
from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import Inbox
from tests.factories import make_branch, make_inbox, make_user, receive
from tests.waiting import eventually_async

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
write = sync_to_async(receive)


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(branch=make_branch("Centro"), name="Centro")


@pytest.fixture
def operator(inbox):
    return make_user(Role.OPERATOR, (inbox.branch,), name="Carla Mamaní")


async def test_offline_page_says_so_keeps_what_is_written_and_catches_up(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()

    # given the line goes down, and both sides write
    await screen.context.set_offline(True)
    await expect(page.locator("[data-banner=offline]")).to_be_visible()
    await page.fill("#text", "escrito sin línea")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread .msg--sending [data-held]")).to_be_visible()
    await write(inbox, "¿seguís ahí?", name="Ana")
    await write(inbox, "otra persona", sender="5493875550199", name="Beto")
    await expect(page.locator("#thread .msg")).to_have_count(2)

    # when it comes back
    await screen.context.set_offline(False)

    # then nothing is missing and nothing is twice
    await expect(page.locator("[data-banner=offline]")).to_be_hidden()
    await expect(page.locator("#thread [data-text]")).to_have_text(["Hola", "¿seguís ahí?", "escrito sin línea"])
    await expect(page.locator("#thread [data-held]")).to_have_count(0)
    await expect(page.locator("#rows .row__name")).to_have_text(["Ana", "Beto"])
    assert await Message.objects.filter(direction="out").acount() == 1


async def test_burst_brings_list_and_chat_up_to_date_and_leaves_what_is_being_written(
    open_screen, operator, inbox, monkeypatch
):
    monkeypatch.setattr(consumers, "BURST", 5)
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await page.evaluate("window.isSame = true")
    await page.fill("#text", "a medio escribir")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.headers.get("x-fragment", request.url)))

    # when more comes at once than is drawn one by one, more than one page of it in this chat
    await write_at_once(inbox, 60, others=3)

    # then all of it is there in its order, by one refresh in place
    texts = ["Hola", *[f"mensaje {number}" for number in range(60)]]
    await expect(page.locator("#thread [data-text]")).to_have_text(texts)
    await expect(page.locator("#rows .row__name")).to_have_text(["Otra 2", "Otra 1", "Otra 0", "Ana"])
    await expect(page.locator("#text")).to_have_value("a medio escribir")
    await expect(page.locator("#text")).to_be_focused()
    assert await page.evaluate("window.isSame")
    assert (loaded.count("list"), loaded.count("chat"), loaded.count("older")) == (1, 1, 1)

    # and what comes next comes by itself
    await write(inbox, "y uno más", name="Ana")
    await expect(page.locator("#thread [data-text]")).to_have_text([*texts, "y uno más"])
    assert loaded.count("list") == 1


@sync_to_async
def write_at_once(inbox: Inbox, count: int, *, others: int) -> None:
    with transaction.atomic():
        for number in range(count):
            receive(inbox, f"mensaje {number}", name="Ana")
        for number in range(others):
            receive(inbox, "Hola", sender=f"549387555020{number}", name=f"Otra {number}")


async def test_refresh_that_fails_is_asked_again(open_screen, operator, inbox, monkeypatch):
    monkeypatch.setattr(consumers, "BURST", 5)
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    asked: list[Route] = []

    async def fail_once(route: Route) -> None:
        if route.request.headers.get("x-fragment") == "list":
            asked.append(route)
        await (route.abort() if asked == [route] else route.continue_())

    await page.route("**/chat/", fail_once)
    await write_at_once(inbox, 8, others=1)
    await expect(page.locator("#rows .row__name")).to_have_text(["Otra 0", "Ana"])
    await expect(page.locator("#thread .msg")).to_have_count(9)


async def test_answer_that_was_lost_on_the_way_back_is_not_sent_twice(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    lost: list[object] = []

    async def lose_the_first_answer(route):
        if lost:
            return await route.continue_()
        lost.append(await route.fetch())
        return await route.abort()

    await page.route("**/messages/", lose_the_first_answer)
    await page.fill("#text", "una sola vez")
    await page.keyboard.press("Enter")

    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text(["una sola vez"])
    await eventually_async(lambda: page.evaluate("Object.values(sessionStorage).includes('[]')"), within=15)
    await expect(page.locator("#thread .msg--out")).to_have_count(1)
    assert len(lost) == 1
    assert await Message.objects.filter(direction="out").acount() == 1


async def test_discarding_what_is_under_way_takes_nothing_else_with_it(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    asked: list[Route] = []
    is_stalled = asyncio.Event()

    async def fail_then_stall(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            await route.abort()
        elif len(asked) == 2:
            is_stalled.set()
        else:
            await route.continue_()

    # given two that wait, the first of them on its way for the second time
    await page.route("**/messages/", fail_then_stall)
    for text in ("primero", "segundo"):
        await page.fill("#text", text)
        await page.keyboard.press("Enter")
    await asyncio.wait_for(is_stalled.wait(), 15)

    # when the first is discarded before its answer
    await page.locator("#thread .msg--sending", has_text="primero").locator("[data-discard]").click()
    await asked[1].continue_()

    # then the second is sent all the same
    await eventually_async(lambda: Message.objects.filter(direction="out", text="segundo").aexists())


async def test_page_loaded_again_still_sends_what_waited(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await page.route("**/messages/", lambda route: route.abort())
    await page.fill("#text", "no se pierde")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread [data-held]")).to_be_visible()
    await page.unroute("**/messages/")

    await page.reload()

    await eventually_async(lambda: Message.objects.filter(direction="out", text="no se pierde").aexists())
    await expect(page.locator("#thread .msg--out")).to_have_count(1)
    await expect(page.locator("#thread [data-held]:visible")).to_have_count(0)


async def test_session_that_ends_is_said_and_nothing_more_arrives(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    other = await screen.context.new_page()
    await other.goto("/chat/")
    await screen.is_live()

    await other.click("form[action='/logout/'] button")

    await expect(screen.page.locator("[data-banner=ended]")).to_be_visible()
    await write(inbox, "secreto", name="Ana")
    await expect(screen.page.locator("#thread .msg")).to_have_count(1)


async def test_branch_that_is_taken_away_disappears_at_once(open_screen, operator, inbox):
    await write(inbox, "Hola", name="Ana")
    screen = await open_screen(operator)
    await screen.is_live()
    await expect(screen.page.locator("#rows .row")).to_have_count(1)

    await sync_to_async(set_access)(user=operator, role=Role.OPERATOR, is_active=True, branches=[], actor=SYSTEM)

    await expect(screen.page.locator("#rows .row")).to_have_count(0)
