"""A newcomer's first minutes: a simulated phone in one tab, the chat page in another."""

import re

import pytest
from playwright.async_api import expect

from apps.core.actors import Role
from tests.browser.conftest import PHONE
from tests.factories import make_account, make_inbox, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def operator(transactional_db):
    inbox = make_inbox(make_account("simulator"), name="Centro")
    return make_user(Role.OPERATOR, (inbox.branch,))


async def invent(screen, name: str) -> None:
    await screen.page.get_by_label(re.compile("Nombre|Name")).fill(name)
    await screen.page.locator(".sim__invent button").click()
    await screen.page.wait_for_selector("#thread")


async def write(screen, text: str) -> None:
    await screen.page.locator("#text").fill(text)
    await screen.page.keyboard.press("Enter")


async def test_phone_and_chat_page_talk_in_two_tabs(open_screen, operator, worker):
    chat = await open_screen(operator)
    await chat.is_live()
    phone = await open_screen(operator, "/simulator/")
    await invent(phone, "Ana Quispe")

    await write(phone, "¿Hay lugar el <b>sábado</b>?")
    row = chat.page.locator(".row", has_text="Ana Quispe")
    await expect(row).to_contain_text("¿Hay lugar el <b>sábado</b>?")
    await expect(phone.page.locator(".msg--out .tick use")).to_have_attribute("href", re.compile("#checks$"))

    await row.get_by_role("link").first.click()
    await chat.page.wait_for_selector("#chat[data-conversation]")
    await chat.page.locator("#text").fill("Sí, quedan dos")
    await chat.page.keyboard.press("Enter")

    await expect(phone.page.locator(".msg--in")).to_contain_text("Sí, quedan dos")
    await expect(chat.page.locator(".msg--out .tick--read")).to_have_count(1)
    assert (chat.complaints, phone.complaints) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phone_fits_a_phone(open_screen, operator, worker, scheme):
    screen = await open_screen(operator, "/simulator/", viewport=PHONE, color_scheme=scheme)
    await invent(screen, "Un nombre muy largo para una pantalla tan angosta como esta")
    await screen.page.get_by_role("button", name=re.compile("Ticks|Tildes")).click()
    await screen.page.wait_for_selector("[data-by-hand]")
    await write(screen, "Hola " * 60 + "https://" + "a" * 200)
    await expect(screen.page.locator(".msg--out")).to_have_count(1)
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    box = await screen.page.locator("[data-write]").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"]
    assert screen.complaints == []
