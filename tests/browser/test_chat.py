"""An operator before the chat page: what arrives, what is answered, what is shown of it."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import expect

from apps.accounts.queries import actor_for_user
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Dispatch, Message
from apps.core.actors import Role
from tests.browser.conftest import PHONE
from tests.factories import APP_SECRET, make_account, make_branch, make_inbox, make_user, receive
from tests.providers.graph_server import GraphServer
from tests.providers.meta_webhooks import WebhookSender, text_message
from tests.waiting import eventually_async

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(make_account(name="WhatsApp"), make_branch("Centro"), name="Centro")


@pytest.fixture
def operator(inbox):
    return make_user(Role.OPERATOR, (inbox.branch,), name="Carla Mamaní")


@pytest.fixture
def meta(server, inbox):
    return WebhookSender(url=server + inbox.account.webhook_path, app_secret=APP_SECRET, phone_number_id=inbox.address)


@pytest.fixture
def graph(settings, meta):
    with GraphServer(webhook=meta, statuses=("sent", "delivered", "read")) as running:
        settings.META_GRAPH_URL = running.url
        yield running


write = sync_to_async(receive)


@sync_to_async
def ours(conversation: Conversation, operator, text: str = "Te cuento", **facts) -> Message:
    """Let the operator write, and let the message be in the given state."""
    actor = actor_for_user(operator)
    message = send_message(conversation=conversation, text=text, client_key=f"test-{text}", actor=actor)
    Message.objects.filter(pk=message.pk).update(**facts)
    return message


async def test_message_arrives_is_answered_and_the_ticks_change(open_screen, operator, inbox, meta, graph, worker):
    # given a page that stays open
    screen = await open_screen(operator)
    page = screen.page
    await screen.is_live()
    await page.evaluate("window.isTheSamePage = true")

    # when a person writes
    body = meta.body(messages=[text_message("¿Hay lugar?", message_id="wamid.1")], names={"5493875550101": "Ana"})
    await sync_to_async(meta.send)([body])

    # then the row appears, the title counts, and the chat opens beside it
    row = page.locator("#rows .row")
    await expect(row.locator(".row__name")).to_have_text("Ana")
    await expect(row.locator(".count")).to_contain_text("1")
    await expect(page).to_have_title("(1) Todas · Mostrador")
    await row.locator(".row__name").click()
    await expect(page.locator("#thread .msg--in [data-text]")).to_have_text("¿Hay lugar?")
    await expect(row.locator(".count")).to_have_count(0)

    # and an answer leaves once and shows each step it was proved to make
    await page.keyboard.press("r")
    await page.keyboard.type("Sí, quedan dos")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text("Sí, quedan dos")
    await expect(page.locator("#thread .msg--out .tick--read")).to_have_count(1)
    await expect(row.locator(".tick--read")).to_have_count(1)
    await expect(page.locator("#text")).to_have_value("")
    assert [item.text for item in graph.received] == ["Sí, quedan dos"]
    assert await page.evaluate("window.isTheSamePage")
    assert screen.complaints == []


async def test_news_of_the_open_chat_are_announced_and_marked_read(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    await screen.is_live()

    await write(inbox, "¿Queda lugar?")

    await expect(screen.page.locator("#announce")).to_have_text("Ana: ¿Queda lugar?")
    await expect(screen.page.locator("#thread .msg")).to_have_count(2)
    await eventually_async(lambda: Conversation.objects.filter(unread_count=0).aexists())
    assert screen.complaints == []


async def test_rows_wait_while_the_pointer_is_on_the_list(open_screen, operator, inbox):
    await write(inbox, "primera", sender="5493875550101", name="Ana", at=timezone.now() - timedelta(hours=2))
    await write(inbox, "segunda", sender="5493875550102", name="Beto", at=timezone.now() - timedelta(hours=1))
    screen = await open_screen(operator)
    page = screen.page
    names = page.locator("#rows .row__name")
    await screen.is_live()
    await expect(names).to_have_text(["Beto", "Ana"])

    await page.hover("#rows .row >> nth=0")
    await write(inbox, "¡urgente!", sender="5493875550101", name="Ana")

    await expect(page.locator("#rows .row >> nth=1 >> [data-last]")).to_have_text("¡urgente!")
    await expect(page.locator("[data-news]")).to_be_visible()
    await expect(names).to_have_text(["Beto", "Ana"])
    await page.hover(".views__head")
    await expect(names).to_have_text(["Ana", "Beto"])
    await expect(page.locator("[data-news]")).to_be_hidden()


async def test_rows_come_and_go_with_the_view(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, "/chat/?view=pending")
    page = screen.page
    await screen.is_live()
    await expect(page.locator("#rows .row")).to_have_count(0)
    await expect(page.locator(".list__empty")).to_be_visible()

    other = await open_screen(operator, f"/chat/{conversation.pk}/")
    await other.is_live()
    await other.page.keyboard.press("p")

    await expect(page.locator("#rows .row__name")).to_have_text(["Ana"])
    await expect(page.locator("#count-pending")).to_have_text("1")
    await other.page.keyboard.press("p")
    await expect(page.locator("#rows .row")).to_have_count(0)
    await expect(page.locator("#count-pending")).to_have_text("")


async def test_what_somebody_else_does_changes_the_buttons(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    colleague = await sync_to_async(make_user)(Role.OPERATOR, (inbox.branch,), name="Julián Figueroa")
    mine = await open_screen(operator, f"/chat/{conversation.pk}/")
    theirs = await open_screen(colleague, f"/chat/{conversation.pk}/")
    await mine.is_live()
    await theirs.is_live()
    await mine.page.fill("#text", "estoy escribiendo")

    await theirs.page.click("[data-key-m]")

    await expect(mine.page.locator(".composer__whose")).to_contain_text("Julián Figueroa")
    await expect(mine.page.locator("#text")).to_have_value("estoy escribiendo")
    await theirs.page.click("[data-key-e]")
    await expect(mine.page.locator("#dock .closed")).to_be_visible()
    await expect(mine.page.locator("[data-composer]")).to_have_count(0)
    await mine.page.click("[data-key-e]")
    await expect(theirs.page.locator("[data-composer]")).to_be_visible()
    assert mine.complaints + theirs.complaints == []


async def test_each_delivery_state_has_its_drawing(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    now = timezone.now()
    later = now + timedelta(minutes=5)
    sent: dict[str, Any] = {"dispatch": Dispatch.ACCEPTED, "provider_message_id": "", "sent_at": now}
    states: dict[str, dict[str, Any]] = {
        "En cola": {"dispatch": Dispatch.QUEUED},
        "Esperando": {"dispatch": Dispatch.WAITING, "next_attempt_at": later},
        "Enviado": {**sent, "provider_message_id": "1"},
        "Entregado": {**sent, "provider_message_id": "2", "delivered_at": now},
        "Leído": {**sent, "provider_message_id": "3", "read_at": now},
        "Falló": {"dispatch": Dispatch.REJECTED, "error_code": "131026"},
        "Dudoso": {"dispatch": Dispatch.UNCERTAIN},
    }
    for text, facts in states.items():
        await ours(conversation, operator, text, **facts)
    page = (await open_screen(operator, f"/chat/{conversation.pk}/")).page

    message = {text: page.locator("#thread .msg").filter(has_text=text).first for text in states}
    drawings = {text: await message[text].locator(".tick use").get_attribute("href") for text in states}
    shapes = {text: (href or "").partition("#")[2] for text, href in drawings.items()}
    assert shapes == {
        "En cola": "clock",
        "Esperando": "clock",
        "Enviado": "check",
        "Entregado": "checks",
        "Leído": "checks",
        "Falló": "warning",
        "Dudoso": "question",
    }
    await expect(message["Leído"].locator(".tick--read")).to_be_visible()
    await expect(message["Esperando"].locator(".msg__state--wait")).to_be_visible()
    await expect(message["Falló"].locator(".msg__state--bad button")).to_be_visible()
    await expect(message["Dudoso"].locator(".msg__state--unsure")).to_be_visible()


async def test_uncertain_message_is_settled_or_sent_again_by_a_person(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    await ours(conversation, operator, "uno", dispatch=Dispatch.UNCERTAIN)
    await ours(conversation, operator, "dos", dispatch=Dispatch.UNCERTAIN)
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    unsure = page.locator("#thread .msg--unsure")
    await expect(unsure).to_have_count(2)

    await unsure.nth(0).locator("> .msg__state > button").click()
    await expect(unsure).to_have_count(1)

    again = unsure.nth(0).locator("details button")
    await expect(again).to_be_hidden()
    await unsure.nth(0).locator("summary").click()
    await again.click()
    await expect(page.locator("#thread .msg--sending [data-text]")).to_have_text("dos")
    await again.click()
    assert await Message.objects.filter(resent_of__text="dos").acount() == 1
    assert await Message.objects.filter(text="uno", status="sent").acount() == 1
    assert screen.complaints == []


async def test_writing_an_answer_is_told_once_for_each_chat(open_screen, operator, inbox):
    ana = (await write(inbox, "Hola", sender="5493875550101", name="Ana")).conversation_id
    beto = (await write(inbox, "Hola", sender="5493875550102", name="Beto")).conversation_id
    screen = await open_screen(operator, f"/chat/{ana}/")
    page = screen.page
    await screen.is_live()
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url) if request.url.endswith("/typing/") else None)

    async with page.expect_request_finished(lambda request: request.url.endswith("/typing/")):
        await page.locator("#text").press_sequentially("Sí, queda uno")
    await page.click(f"#row-{beto} .row__name")
    await expect(page.locator("#chat")).to_have_attribute("data-name", "Beto")
    async with page.expect_request_finished(lambda request: request.url.endswith("/typing/")):
        await page.locator("#text").press_sequentially("Hola, Beto")

    assert [url.rpartition("/chat/")[2] for url in told] == [f"{pk}/typing/" for pk in (ana, beto)]
    assert screen.complaints == []


async def test_older_messages_come_by_scrolling_and_nothing_moves(open_screen, operator, inbox):
    start = timezone.now() - timedelta(hours=3)
    conversation = (await write(inbox, "mensaje 0", name="Ana", at=start)).conversation
    await Message.objects.abulk_create(
        Message(
            conversation=conversation,
            inbox=inbox,
            direction="in",
            sender="person",
            text=f"mensaje {number}",
            occurred_at=start + timedelta(minutes=number),
        )
        for number in range(1, 120)
    )
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await expect(page.locator("#thread .msg")).to_have_count(50)

    await page.evaluate("document.querySelector('#thread').scrollTop = 200")
    marked = page.locator("#thread .msg").filter(has_text="mensaje 75").first
    before = await marked.evaluate("message => message.getBoundingClientRect().top")
    await expect(page.locator("#thread .msg")).to_have_count(100)
    assert abs(await marked.evaluate("message => message.getBoundingClientRect().top") - before) < 2

    await page.evaluate("document.querySelector('#thread').scrollTop = 0")
    await expect(page.locator("#thread .msg")).to_have_count(120)
    await expect(page.locator("[data-older]")).to_have_count(0)
    orders = await page.locator("#thread .msg").evaluate_all("all => all.map((one) => one.dataset.order)")
    assert orders == sorted(orders)
    assert screen.complaints == []


async def test_quote_is_written_shown_and_jumps(open_screen, operator, inbox):
    question = await write(inbox, "¿A qué hora?", name="Ana")
    screen = await open_screen(operator, f"/chat/{question.conversation_id}/")
    page = screen.page

    await page.hover(f"#m{question.pk}")
    await page.click(f"#m{question.pk} [data-reply]")
    await expect(page.locator("[data-replying-text]")).to_have_text("¿A qué hora?")
    await page.keyboard.type("A las diez")
    await page.keyboard.press("Enter")

    quote = page.locator("#thread .msg--out .quote")
    await expect(quote).to_contain_text("¿A qué hora?")
    await quote.click()
    await expect(page.locator(f"#m{question.pk}.msg--flash")).to_have_count(1)
    answer = await Message.objects.aget(direction="out")
    assert answer.reply_to_id == question.pk


async def test_keyboard_opens_answers_and_explains_itself(open_screen, operator, inbox):
    await write(inbox, "una", sender="5493875550101", name="Ana")
    await write(inbox, "dos", sender="5493875550102", name="Beto")
    page = (await open_screen(operator)).page

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat__name")).to_have_text("Ana")
    await page.keyboard.press("r")
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("e?j")
    await expect(page.locator("#text")).to_have_value("e?j")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.check("[data-pref=ctrl-enter]")
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.keyboard.press("g")
    await page.keyboard.press("p")
    await expect(page.locator("#list-title")).to_have_text("Pendientes")
    await page.focus("#text")
    await page.keyboard.press("Enter")
    await expect(page.locator("#text")).to_have_value("e?j\n")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text("e?j")


async def test_what_is_too_long_stays_in_the_box(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    page = (await open_screen(operator, f"/chat/{conversation.pk}/")).page
    await page.fill("#text", "x" * 4100)
    await expect(page.locator("[data-left]")).to_have_text("-4")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-composer] [type=submit]")).to_be_disabled()
    await expect(page.locator("#thread .msg--out")).to_have_count(0)
    await expect(page.locator("#text")).to_have_value("x" * 4100)


async def test_refused_message_goes_back_to_the_box_with_the_reason(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    await Conversation.objects.aupdate(unread_count=0)
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await Conversation.objects.aupdate(window_ends_at=timezone.now() - timedelta(minutes=1))

    await page.fill("#text", "Te cuento")
    await page.keyboard.press("Enter")

    await expect(page.locator("#composer-error")).not_to_be_empty()
    await expect(page.locator("#text")).to_have_value("Te cuento")
    await expect(page.locator("#thread .msg--out")).to_have_count(0)


async def test_draft_survives_another_chat_and_shows_in_the_list(open_screen, operator, inbox):
    one = (await write(inbox, "una", sender="5493875550101", name="Ana")).conversation
    two = (await write(inbox, "dos", sender="5493875550102", name="Beto")).conversation
    page = (await open_screen(operator, f"/chat/{one.pk}/")).page
    await page.fill("#text", "a medio escribir")
    await page.click(f"#row-{two.pk} .row__name")
    await expect(page.locator(".chat__name")).to_have_text("Beto")
    await expect(page.locator("#text")).to_have_value("")
    await expect(page.locator(f"#row-{one.pk} .draft")).to_contain_text("a medio escribir")
    await page.go_back()
    await expect(page.locator("#text")).to_have_value("a medio escribir")


async def test_closed_window_says_why_instead_of_a_box(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana", at=timezone.now() - timedelta(hours=30))).conversation
    page = (await open_screen(operator, f"/chat/{conversation.pk}/")).page
    await expect(page.locator("[data-composer]")).to_have_count(0)
    await expect(page.locator("#dock .closed__why")).to_contain_text("24 h")


async def test_viewer_reads_and_has_no_controls(open_screen, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    operator = await sync_to_async(make_user)(Role.OPERATOR, (inbox.branch,))
    await ours(conversation, operator, "dudoso", dispatch=Dispatch.UNCERTAIN)
    viewer = await sync_to_async(make_user)(Role.VIEWER, (inbox.branch,))
    screen = await open_screen(viewer, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await expect(page.locator("#thread .msg--in [data-text]")).to_have_text("Hola")
    for absent in ("[data-composer]", ".chat__acts", "[data-needs=send]:visible", "[data-needs=write]:visible"):
        await expect(page.locator(absent)).to_have_count(0)
    assert screen.complaints == []


async def test_phone_goes_from_list_to_chat_to_person_and_back(open_screen, operator, inbox):
    await write(inbox, "Hola", name="Ana")
    screen = await open_screen(operator, viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    page = screen.page
    await page.tap("#rows .row__name")
    await expect(page.locator("#text")).to_be_in_viewport()
    await expect(page.locator("#list")).to_be_hidden()
    await page.tap("#chat-bar [data-pane-to=person]")
    await expect(page.locator(".person__card")).to_be_visible()
    await page.go_back()
    await expect(page.locator(".person__card")).to_be_hidden()
    await page.fill("#text", "desde el teléfono")
    await page.tap("[data-composer] [type=submit]")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text("desde el teléfono")
    await page.go_back()
    await expect(page.locator("#rows .row__name")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert screen.complaints == []


async def test_theme_is_remembered_by_the_server(open_screen, operator):
    page = (await open_screen(operator, color_scheme="light")).page
    await page.click("[data-theme-switch]")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_page_works_by_plain_forms(open_screen, operator, inbox):
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    page = (await open_screen(operator, java_script_enabled=False)).page
    await page.click("#rows .row__name")
    await expect(page.locator("#thread .msg--in [data-text]")).to_have_text("Hola")
    await page.fill("#text", "sin guiones")
    await page.click("[data-composer] [type=submit]")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text("sin guiones")
    await page.click("[data-key-p]")
    await expect(page.locator("[data-key-p]")).to_have_attribute("aria-pressed", "true")
    assert await Conversation.objects.filter(pk=conversation.pk, is_pending=True).aexists()
