"""The tutorial, walked word by word by somebody who has never been here, and its pictures.

`WRITE_IMAGES=1` puts the pictures into the documentation (docs/how-to/renew-the-pictures.md).
"""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.core.management import call_command
from playwright.async_api import Browser, Locator, Page, expect
from pytest_django import Settings

from apps.core.management.commands import up
from apps.simulator.management import demonstration
from tests.browser.conftest import PHONE, Screen
from tests.browser.tutorial import IMAGES, REPOSITORY, TUTORIAL, Walk, is_translation, sections, spanish_words
from tests.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

DESKTOP = {"width": 1280, "height": 800}
PASSWORD = "tW3kqGm0aZbR"
WALKED = ((1, 2, 3, 4, 5), (6, 7), (8,))

type Opens = Callable[..., Awaitable[Screen]]


@pytest.fixture
def demo(transactional_db: None) -> None:
    """An empty house on its first day."""
    demonstration.load(PASSWORD)


@pytest_asyncio.fixture
async def open_window(server: str, browser: Browser) -> AsyncIterator[Opens]:
    """Return what opens a window of somebody nobody knows, or of `like`, who has signed in."""
    opened: list[Screen] = []

    async def open_(like: Screen | None = None, **options: object) -> Screen:
        known = await like.context.storage_state() if like else None
        given = {"viewport": DESKTOP, "locale": "es-AR", "timezone_id": "America/Argentina/Salta", **options}
        context = await browser.new_context(base_url=server, storage_state=known, **given)  # type: ignore[arg-type]
        screen = Screen(page=await context.new_page(), context=context)
        screen.listen()
        opened.append(screen)
        return screen

    yield open_
    assert [screen.complaints for screen in opened if screen.complaints] == []


# --- Sections 1 to 5: the phone and the chat page -------------------------------------------------------


async def test_first_answer(demo: None, server: str, worker: None, open_window: Opens, tmp_path: Path) -> None:
    walk = Walk(WALKED[0], server, tmp_path)
    walk.block("make run")
    assert f"users: {', '.join(user[0] for user in demonstration.USERS)}\n" in walk.block("runs at")
    screen = await open_window()
    await _sign_in(walk, screen.page, "carla")
    await screen.is_live()
    phone = (await _take_a_phone(walk, screen)).page
    await _answer(walk, screen.page, phone)
    await _tick_by_hand(walk, screen.page, phone)
    await _let_one_fail(walk, screen.page, phone)

    narrow = await open_window(screen, viewport=PHONE)
    await narrow.page.goto(screen.page.url)
    await narrow.is_live()
    await walk.picture(narrow.page, "chat-phone.png")
    dark = await open_window(screen, color_scheme="dark")
    await dark.page.goto("/chat/")
    await dark.page.locator(".row__name", has_text="Mariana Cardozo").click()
    await expect(dark.page.locator("#thread .msg")).to_have_count(5)
    await walk.picture(dark.page, "chat-dark.png")
    walk.end()


async def _sign_in(walk: Walk, page: Page, username: str) -> None:
    """Section 2."""
    await page.goto("/")
    await page.get_by_label(walk.word("Usuario")).fill(walk.quoted(username))
    await page.get_by_label(walk.word("Contraseña")).fill(PASSWORD)
    await page.get_by_role("button", name=walk.word("Entrar")).click()
    await page.wait_for_selector("body.live")


async def _take_a_phone(walk: Walk, screen: Screen) -> Screen:
    """Section 3, in a second window of the same browser. The first one is never loaded again."""
    await screen.page.evaluate("window.isTheSamePage = true")
    phone = Screen(page=await screen.context.new_page(), context=screen.context, complaints=screen.complaints)
    phone.listen()
    await phone.page.goto(walk.quoted("http://127.0.0.1:8000/simulator/"))
    form = phone.page.locator("form", has_text=walk.word("Inventar una persona"))
    await form.get_by_label(walk.word("Nombre")).fill(walk.quoted("Abril Tolaba"))
    await form.get_by_role("button", name=walk.word("Darle un teléfono")).click()
    await _write(phone.page, walk.quoted("Hola, ¿hay lugar el sábado?"))
    first = screen.page.locator("#rows .row").first
    await expect(first).to_contain_text("Abril Tolaba")
    await expect(first).to_contain_text("Hola, ¿hay lugar el sábado?")
    await expect(phone.page.locator(".msg--out .tick")).to_have_attribute("title", "Entregado")
    await walk.picture(phone.page, "phone.png")
    return phone


async def _answer(walk: Walk, chat: Page, phone: Page) -> None:
    """Section 4, its first half."""
    await chat.locator(".row__name", has_text="Abril Tolaba").click()
    await expect(chat.locator("#thread .msg--in")).to_have_count(1)
    text = walk.quoted("¡Hola, Abril! Sí, quedan dos lugares.")
    await _write(chat, text)
    await expect(phone.locator(".msg--in", has_text=text)).to_have_count(1)
    await expect(_tick(chat, text)).to_have_attribute("title", "Leído")
    await expect(_tick(chat, text)).to_have_class(re.compile("tick--read"))
    await walk.picture(chat, "chat.png")


async def _tick_by_hand(walk: Walk, chat: Page, phone: Page) -> None:
    """Section 4, its second half."""
    await phone.get_by_role("button", name=walk.word("Tildes a mano")).click()
    await phone.wait_for_selector("#thread[data-by-hand]")
    text = walk.quoted("El sábado a las 10, ¿te sirve?")
    await _write(chat, text)
    message = phone.locator(".msg--in", has_text=text)
    await expect(_tick(chat, text)).to_have_attribute("title", "Enviado")
    await message.get_by_role("button", name=walk.word("Entregar")).click()
    await expect(_tick(chat, text)).to_have_attribute("title", "Entregado")
    await message.get_by_role("button", name=walk.word("Leer")).click()
    await expect(_tick(chat, text)).to_have_attribute("title", "Leído")


async def _let_one_fail(walk: Walk, chat: Page, phone: Page) -> None:
    """Section 5."""
    text = walk.quoted("Te espero en Balcarce 123.")
    await _write(chat, text)
    message = phone.locator(".msg--in", has_text=text)
    await expect(message.get_by_role("button", name=walk.word("Fallar"))).to_be_visible()
    await expect(_tick(chat, text)).to_have_attribute("title", "Enviado")
    await walk.picture(phone, "by-hand.png")
    await message.get_by_role("button", name="Fallar").click()
    await expect(chat.locator("#thread .msg--failed")).to_contain_text(walk.word("No se envió:"))
    await expect(chat.locator(".row", has_text=text).locator(".tick--bad")).to_have_count(1)
    assert await chat.evaluate("window.isTheSamePage")
    await walk.picture(chat, "failed.png")


async def _write(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")


def _tick(chat: Page, text: str) -> Locator:
    return chat.locator("#thread .msg--out", has_text=text).locator(".tick")


# --- Sections 6 and 7: a WhatsApp number, and a stand-in for Meta ----------------------------------------


async def test_whatsapp_number(
    demo: None, server: str, worker: None, open_window: Opens, tmp_path: Path, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://mostrador.example.org"
    walk = Walk(WALKED[1], server, tmp_path)
    office = (await open_window()).page
    await _enter(office, walk.quoted("admin"))
    await _add_account(walk, office)
    key, token = await _read_what_meta_wants(walk, office)
    await _add_inbox(walk, office)
    await _shake_hands(walk, office, key, token)

    counter = await open_window()
    await _enter(counter.page, "carla")
    await counter.is_live()
    assert "KEY=" in walk.block("export KEY")
    said = await asyncio.to_thread(_run, walk.script("hmac.new"), KEY=key)
    assert said == "200\n"
    row = counter.page.locator(".row", has_text="Nina Flores")
    await expect(row.locator("[data-until]")).to_contain_text("23 h")
    await row.locator(".row__name").click()

    assert walk.block("META_GRAPH_URL").endswith(":8999 make run\n")
    command = [part.replace("--port 8999", "--port 0") for part in walk.script("graph_server")]
    with _running(command, tmp_path / "stand-in", KEY=key) as said_by_it:
        first = await asyncio.to_thread(eventually, said_by_it, what="the stand-in")
        settings.META_GRAPH_URL = json.loads(first[0])["url"]
        text = walk.quoted("De 9 a 20.")
        await _write(counter.page, text)
        await expect(_tick(counter.page, text)).to_have_attribute("title", "Leído")
    walk.end()


async def _enter(page: Page, username: str) -> None:
    """As section 2 says."""
    await page.goto("/login/")
    await page.locator("#username").fill(username)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("body.live")


async def _add_account(walk: Walk, page: Page) -> None:
    await page.goto(walk.quoted("http://127.0.0.1:8000/admin/inboxes/provideraccount/add/"))
    await page.get_by_text(walk.word("WhatsApp Cloud API")).click()
    await _fill(walk, page, "Nombre", "WhatsApp del instituto")
    await _fill(walk, page, "Secreto de la aplicación", "not-a-real-secret")
    await _fill(walk, page, "Token de acceso", "not-a-real-token")
    await page.get_by_role("button", name=walk.word("Guardar y continuar editando")).click()
    await expect(page.locator("code", has_text="/webhooks/")).to_be_visible()
    await walk.picture(page, "account.png")


async def _read_what_meta_wants(walk: Walk, page: Page) -> tuple[str, str]:
    """Return the key of the webhook URL and the verify token."""
    await expect(page.get_by_text(walk.word("URL del webhook"), exact=True)).to_be_visible()
    url = await page.locator("code", has_text="/webhooks/").inner_text()
    await page.get_by_text(walk.word("Mostrar el token de verificación")).first.click()
    await page.get_by_role("button", name=walk.word("Mostrar"), exact=True).click()
    token = await page.locator("#dialog-form code").inner_text()
    await page.keyboard.press("Escape")
    return url.rstrip("/").rpartition("/")[2], token


async def _add_inbox(walk: Walk, page: Page) -> None:
    await page.reload()
    await page.get_by_role("link", name=walk.word("Agregar un canal a esta cuenta")).click()
    await expect(page.locator(".field-branch")).to_contain_text(walk.word("Sede"))
    await page.locator(".field-branch .select2-selection").click()
    await page.locator(".select2-results__option", has_text="Centro").click()
    await _fill(walk, page, "Nombre", "WhatsApp")
    await _fill(walk, page, "Dirección", "1060403000001")
    await page.get_by_role("button", name=walk.word("Guardar"), exact=True).click()
    await page.wait_for_url("**/admin/inboxes/inbox/")


async def _fill(walk: Walk, page: Page, label: str, text: str) -> None:
    await page.get_by_label(walk.word(label)).fill(walk.quoted(text))


async def _shake_hands(walk: Walk, page: Page, key: str, token: str) -> None:
    account = "/admin/inboxes/provideraccount/?q=WhatsApp"
    address = walk.quoted(
        "http://127.0.0.1:8000/webhooks/KEY/?hub.mode=subscribe&hub.verify_token=TOKEN&hub.challenge=12345"
    )
    other = await page.context.new_page()
    await other.goto(address.replace("KEY", key).replace("TOKEN", token))
    await expect(other.locator("body")).to_have_text(walk.quoted("12345"))
    await page.goto(account)
    await page.get_by_role("link", name="WhatsApp del instituto").first.click()
    line = page.locator(".field-line", has_text=walk.word("Última verificación"))
    await expect(line).to_contain_text(re.compile(r"\d\d:\d\d"))


# --- Section 8: a program --------------------------------------------------------------------------------


async def test_program_that_listens(demo: None, server: str, worker: None, open_window: Opens, tmp_path: Path) -> None:
    walk = Walk(WALKED[2], server, tmp_path)
    printed = await sync_to_async(_call)(walk.command("create_token"))
    token = re.search(r"^token: (\S+)$", printed, re.MULTILINE)
    assert token is not None
    assert "TOKEN=" in walk.block("export TOKEN")
    window = await open_window()
    await _enter(window.page, "carla")
    await window.page.goto("/simulator/")
    await window.page.get_by_label("Nombre").fill("Abril Tolaba")
    await window.page.get_by_role("button", name="Darle un teléfono").click()

    with _running(walk.script("websockets"), tmp_path / "program", TOKEN=token[1]) as said:
        await asyncio.to_thread(eventually, lambda: len(said()) > 1, what="the conversations")
        await _write(window.page, walk.quoted("¡Gracias!"))
        kind = walk.quoted("MESSAGE_ADDED")
        await asyncio.to_thread(eventually, lambda: any(kind in line for line in said()), what="the event")
    acknowledged, conversations = (json.loads(line) for line in said()[:2])
    assert acknowledged == {"type": "connection_ack"}
    names = [edge["node"]["person"]["name"] for edge in conversations["payload"]["data"]["conversations"]["edges"]]
    assert names == ["Mariana Cardozo", "Rocío Guaymás"]
    walk.end()


def _call(arguments: list[str]) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def _run(command: list[str], **variables: str) -> str:
    return subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **variables}, capture_output=True, check=True, text=True, timeout=30
    ).stdout


@contextmanager
def _running(command: list[str], output: Path, **variables: str) -> Iterator[Callable[[], list[str]]]:
    """Run a program, and yield what returns the lines it has printed so far."""
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, **variables}, stdout=file)
    try:
        yield lambda: output.read_text().splitlines()
    finally:
        process.terminate()
        process.wait(10)


# --- What can be seen without a browser ------------------------------------------------------------------


def test_every_section_is_walked() -> None:
    assert [number for part in WALKED for number in part] == sorted(sections())


def test_first_lines_are_those_of_up() -> None:
    said = re.findall(r"^up +\| (.*?):? *(?:http|admin|tW3|$)", sections()[1], re.MULTILINE)
    source = Path(up.__file__).read_text()
    assert {line for line in said if line.removeprefix("Mostrador ") not in source} == set()


def test_words_are_those_of_the_catalogue() -> None:
    words = spanish_words("\n".join(sections().values()))
    wrong = {english: spanish for spanish, english in words.items() if not is_translation(english, spanish)}
    assert wrong == {}


def test_pictures_are_those_of_the_tutorial() -> None:
    named = set(re.findall(r"images/([\w.-]+)", TUTORIAL.read_text()))
    assert {path.name for path in IMAGES.iterdir()} == named
