"""Files, voice notes, reactions and menus in the hands of an operator, with a simulated phone at the other end."""

import re
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from playwright.async_api import async_playwright, expect

from apps.core.actors import SYSTEM, Role
from apps.simulator.actions.phones import invent_phone
from apps.simulator.actions.writing import send_sample, write_message
from apps.simulator.models import Phone
from tests.browser.conftest import PHONE
from tests.chromium import MISSING, executable
from tests.factories import make_account, make_inbox, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SAMPLES = Path(__file__).parents[2] / "apps/simulator/samples"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest_asyncio.fixture
async def browser():
    """A Chromium with a microphone that hums."""
    path = executable()
    if path is None:
        pytest.skip(MISSING)
    hums = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", *hums]
        )
        yield found
        await found.close()


@pytest.fixture
def phone(transactional_db) -> Phone:
    return invent_phone(inbox=make_inbox(make_account("simulator"), name="Centro"), name="Ana Quispe", actor=SYSTEM)


@pytest.fixture
def operator(phone):
    return make_user(Role.OPERATOR, (phone.inbox.branch,))


async def open_chat(open_screen, operator, phone: Phone, **options):
    """Open the chat with somebody who just wrote."""
    await sync_to_async(write_message)(phone=phone, text="Hola, ¿me pasás el programa?", quoted_id="", actor=SYSTEM)
    screen = await open_screen(operator, **options)
    await screen.is_live()
    await screen.page.locator(".row__name", has_text="Ana Quispe").click()
    await screen.page.wait_for_selector("#chat[data-conversation]")
    return screen


async def test_file_is_looked_at_first_and_arrives_with_its_words(open_screen, operator, phone, worker):
    chat = await open_chat(open_screen, operator, phone)
    page = chat.page
    await page.set_input_files("[data-attach]", [SAMPLES / "robot.jpg", SAMPLES / "ficha.pdf"])
    await expect(page.locator(".clip")).to_have_count(2)
    await expect(page.locator(".clip canvas")).to_have_count(1)
    await page.get_by_role("button", name=re.compile("Quitar|Remove")).last.click()
    await page.locator("#text").fill("Este arman en el primer mes")
    await page.keyboard.press("Enter")
    sent = page.locator(".msg--out.msg--image")
    await expect(sent).to_contain_text("Este arman en el primer mes")
    await expect(sent.locator(".tick--read, .tick [href$='#check'], .tick [href$='#checks']").first).to_be_visible()
    await expect(page.locator(".clip")).to_have_count(0)
    await expect(sent.locator("img")).to_have_js_property("complete", value=True)

    await sent.locator("[data-lightbox]").click()
    await expect(page.locator("#lightbox[open] [data-caption]")).to_have_text("Este arman en el primer mes")
    await page.keyboard.press("Escape")
    await expect(page.locator("#lightbox[open]")).to_have_count(0)

    other = await open_screen(operator, f"/simulator/{phone.pk}/")
    await expect(other.page.locator(".msg--in.msg--image img")).to_have_js_property("complete", value=True)
    assert (chat.complaints, other.complaints) == ([], [])


async def test_file_the_channel_does_not_take_says_so_before_it_leaves(open_screen, operator, phone, worker, tmp_path):
    chat = await open_chat(open_screen, operator, phone)
    large = tmp_path / "clase.mov"
    large.write_bytes(b"\0" * (21 * 1024 * 1024))
    await chat.page.set_input_files("[data-attach]", large)
    await expect(chat.page.locator(".clip--bad")).to_contain_text(re.compile(r"21 MB.*20 MB"))
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator(".msg--out")).to_have_count(0)
    assert chat.complaints == []


async def test_voice_note_is_recorded_and_heard(open_screen, operator, phone, worker):
    chat = await open_chat(open_screen, operator, phone, permissions=["microphone"])
    page = chat.page
    await page.locator("[data-record]").click()
    await expect(page.locator("[data-recording]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-recording]")).to_be_hidden()
    await page.locator("[data-record]").click()
    await expect(page.locator("[data-record-level]")).not_to_have_js_property("value", 0)
    await expect(page.locator("[data-record-time]")).to_have_text("0:02")
    await page.locator("[data-record-send]").click()
    note = page.locator(".msg--out [data-voice]")
    await expect(note).to_have_count(1)
    await expect(page.locator(".msg--out .tick [href$='#check'], .msg--out .tick [href$='#checks']")).to_be_visible()
    await note.locator("[data-play]").click()
    await expect(note.locator("use").first).to_have_attribute("href", re.compile("#(pause|play)$"))
    assert chat.complaints == []


async def test_operator_reacts_corrects_and_takes_back(open_screen, operator, phone, worker):
    chat = await open_chat(open_screen, operator, phone)
    page = chat.page
    theirs = page.locator(".msg--in")
    await theirs.hover()
    await theirs.get_by_role("button", name=re.compile("Reaccionar|React")).click()
    await page.locator("[data-emoji]").first.click()
    await expect(theirs.locator(".react")).to_contain_text("👍")

    await page.locator("#text").fill("El sabado a las 10")
    await page.keyboard.press("Enter")
    ours = page.locator(".msg--out")
    await expect(ours.locator(".tick [href$='#check'], .tick [href$='#checks']")).to_be_visible()
    await ours.hover()
    await page.locator("#text").fill("un borrador")
    await ours.locator("[data-rewrite]").click()
    await page.locator("[data-key-p]").click()
    await expect(page.locator("[data-key-p]")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("[data-replying-to]")).to_have_text(re.compile("Corregís|You correct"))
    await page.locator("#text").fill("El sábado a las 10")
    await page.keyboard.press("Enter")
    await expect(ours.locator("[data-text]").first).to_have_text("El sábado a las 10")
    await expect(page.locator("#text")).to_have_value("un borrador")
    await ours.get_by_role("button", name=re.compile("Editado|Edited")).click()
    await expect(ours.locator(".history:popover-open")).to_contain_text("El sabado a las 10")
    await page.keyboard.press("Escape")

    await ours.hover()
    await ours.locator("[data-withdraw]").click()
    await page.locator("#withdraw [value=yes]").click()
    await expect(ours.locator("s")).to_have_text("El sábado a las 10")
    assert chat.complaints == []


async def test_menu_is_sent_and_answered(open_screen, operator, phone, worker):
    chat = await open_chat(open_screen, operator, phone)
    page = chat.page
    await page.locator("[popovertarget=more-kinds]").click()
    await page.locator("[data-form=menu]").click()
    await page.locator("#menu-body").fill("¿Qué turno?")
    await page.locator("#menu-choices").fill("Mañana\nTarde")
    await page.locator("#form-menu .btn--primary").click()
    await expect(page.locator(".msg--out .tpl__btns")).to_contain_text("Tarde")
    other = await open_screen(operator, f"/simulator/{phone.pk}/")
    await other.page.get_by_role("button", name="Tarde").click()
    await expect(page.locator(".msg--in.msg--interactive")).to_contain_text("Tarde")
    assert (chat.complaints, other.complaints) == ([], [])


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (None, "dark")])
async def test_every_kind_fits(open_screen, operator, phone, worker, viewport, scheme):
    for name in ("image", "voice", "document", "location", "contacts", "order", "poll", "sticker"):
        await sync_to_async(send_sample)(phone=phone, name=name, actor=SYSTEM)
    options = {"viewport": viewport} if viewport else {}
    chat = await open_chat(open_screen, operator, phone, color_scheme=scheme, **options)
    await expect(chat.page.locator(".msg--in")).to_have_count(9)
    await expect(chat.page.locator(".msg--voice [data-voice]")).to_have_count(1)
    wide = await chat.page.evaluate(
        "Math.max(...Array.from(document.querySelectorAll('#thread'), (one) => one.scrollWidth - one.clientWidth))"
    )
    assert wide == 0
    assert chat.complaints == []
