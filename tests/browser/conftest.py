"""A real Chromium before the real application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import Client
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from apps.accounts.models import User
from tests.chromium import MISSING, executable

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
expect.set_options(timeout=30_000)
"""Milliseconds. A test of another worker may be one long transaction on the same cluster: it holds live events back."""


@dataclass
class Screen:
    """One open page, and whatever it complained about."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note every error, every breach of the policy and every dialog."""
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._said)
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    async def is_live(self) -> None:
        """Wait until the page hears what happens."""
        await self.page.wait_for_selector("body[data-line=up]")


type Opens = Callable[..., Awaitable[Screen]]


@pytest_asyncio.fixture(autouse=True)
async def close_connections() -> AsyncIterator[None]:
    """Close what the thread behind `sync_to_async` opened, or the database cannot be dropped."""
    yield
    await sync_to_async(connections.close_all)()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip(MISSING)
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        await found.close()


@pytest.fixture
def open_screen(server: str, browser: Browser) -> Opens:
    """Return what opens a page as a signed-in user: open_screen(user, path, viewport=…, color_scheme=…)."""

    async def opened(user: User, path: str = "/chat/", *, viewport: Any = DESKTOP, **options: Any) -> Screen:
        context = await browser.new_context(base_url=server, viewport=viewport, **{"locale": "es-AR", **options})
        await context.add_cookies([{"name": "sessionid", "value": await _session(user), "url": server}])
        screen = Screen(page=await context.new_page(), context=context)
        screen.listen()
        await screen.page.goto(path)
        return screen

    return opened


@sync_to_async
def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
