"""The admin's own fixtures."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.admin import house
from tests.admin.house import House

type Enter = Callable[[str], Client]


@pytest.fixture
def built(db: None, settings: Settings, tmp_path: Path) -> House:
    """Two branches and everybody."""
    settings.MEDIA_ROOT = tmp_path
    return house.build()


@pytest.fixture
def enter(built: House) -> Enter:
    """Return a browser in which somebody of a role is signed in."""

    def entered(role: str) -> Client:
        client = Client(headers={"accept-language": "es-AR"})
        if role != "anonymous":
            client.force_login(built.users[role])
        return client

    return entered


def words_of(html: str) -> str:
    """Return a page without what a browser makes of it: tags and the blanks between."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def send(client: Client, path: str, fields: Mapping[str, Any]) -> Any:
    """Send the form of a page as a browser would: with what its inner lists hide in it."""
    page = client.get(path)
    hidden = {
        f"{inner.formset.prefix}-{name}": value
        for inner in page.context["inline_admin_formsets"]
        for name, value in inner.formset.management_form.initial.items()
    }
    return client.post(path, {**hidden, **fields})
