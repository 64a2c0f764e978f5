"""A list that is longer than its first page, beside an open chat."""

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from playwright.async_api import expect

from apps.console import consumers
from apps.core.actors import Role
from apps.inboxes.models import Inbox
from tests.factories import make_branch, make_inbox, make_user, receive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PEOPLE = 60


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(branch=make_branch("Centro"), name="Centro")


@pytest.fixture
def operator(inbox):
    return make_user(Role.OPERATOR, (inbox.branch,))


@sync_to_async
def everybody_writes(inbox: Inbox, text: str) -> list[int]:
    """Let everybody write at the same moment; return their conversations, the last one first."""
    with transaction.atomic():
        messages = [receive(inbox, text, sender=f"54938755502{n:02}", name=f"Persona {n}") for n in range(PEOPLE)]
    return [message.conversation_id for message in reversed(messages)]


async def test_rest_of_the_list_comes_by_scrolling_and_a_burst_renews_all_of_it(
    open_screen, operator, inbox, monkeypatch
):
    monkeypatch.setattr(consumers, "BURST", 20)
    first, *rest = await everybody_writes(inbox, "Hola")
    screen = await open_screen(operator, f"/chat/{first}/")
    page = screen.page
    await screen.is_live()
    rows = page.locator("#rows > .row")
    await expect(rows).to_have_count(50)

    await page.locator("[data-more]").scroll_into_view_if_needed()
    await expect(rows).to_have_count(PEOPLE)
    await expect(page.locator("[id=rows]")).to_have_count(1)
    assert await rows.evaluate_all("rows => rows.map((row) => row.id)") == [f"row-{pk}" for pk in (first, *rest)]

    await everybody_writes(inbox, "otra vez")
    await expect(page.locator("#rows [data-last]", has_text="otra vez")).to_have_count(PEOPLE)
    assert await rows.evaluate_all("rows => rows.map((row) => row.id)") == [f"row-{pk}" for pk in (first, *rest)]
    await expect(page.locator("#rows [data-more]")).to_have_count(0)
    assert screen.complaints == []
