"""An operator before what the assistant proposes: it grows, is edited, sent, rated, thrown away and asked for again."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from playwright.async_api import Page, expect

from apps.assistant.actions.announce import announce, announce_growth
from apps.assistant.models import Completion, Suggestion
from apps.assistant.queries.figures import last_days, values
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.organization.models import Branch
from apps.simulator.management.demonstration import assistant as simulated_model
from tests.assistant.proposing import propose
from tests.assistant.rig import at_work
from tests.assistant.telling import furnish
from tests.factories import make_inbox, make_user, receive
from tests.waiting import eventually_async

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

State = Suggestion.State
HOSTILE = "<img src=x onerror=alert(1)>"
TEXT = "Sí, quedan dos lugares."
write = sync_to_async(receive)
proposed = sync_to_async(propose)


@pytest.fixture
def branch(transactional_db) -> Branch:
    return furnish()


@pytest.fixture
def inbox(branch):
    return make_inbox(branch=branch, name="Centro")


@pytest.fixture
def operator(inbox):
    return make_user(Role.OPERATOR, (inbox.branch,), name="Carla Mamaní")


@pytest.fixture
def model(branch: Branch, server: str) -> Iterator[None]:
    """The assistant at work with the model that `make run` brings, which is served here too."""
    simulated_model.load()
    with at_work():
        yield


@sync_to_async
def change(suggestion: Suggestion, **columns: Any) -> None:
    """Let the engine write something of a suggestion."""
    with transaction.atomic():
        Suggestion.objects.filter(pk=suggestion.pk).update(**columns)
        announce(suggestion)


@sync_to_async
def grow(suggestion: Suggestion, text: str) -> None:
    """Let the engine write how far an answer has come."""
    with transaction.atomic():
        Suggestion.objects.filter(pk=suggestion.pk).update(text=text)
        announce_growth([suggestion])


WATCH = """() => {
  window.grown = [];
  const look = () => {
    const text = document.querySelector(".suggest[aria-busy=true] [data-suggested]")?.textContent;
    if (text && text !== window.grown.at(-1)) window.grown.push(text);
  };
  const whole = { childList: true, subtree: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector("#chat"), whole);
}"""


@sync_to_async
def figures() -> dict[str, tuple[int, int, int]]:
    """Return of each value how many answers it was used in, how many left with changes, and the sum of their stars."""
    by_param = values(SYSTEM, last_days(1))
    return {one.name: (one.uses, one.edited, one.rating_sum) for found in by_param.values() for one in found}


async def test_question_is_answered_edited_sent_and_rated(open_screen, operator, inbox, model):
    # given an open chat
    conversation = (await write(inbox, "Hola", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await expect(page.locator(".suggest[data-state=shown]")).to_be_visible()
    await page.evaluate(WATCH)
    before = await figures()
    assert {"Cercano", "Formal", "Entusiasta"} & before.keys()

    # when the person asks about a course
    question = await write(inbox, "¿Cuándo empieza Robótica Kids?", name="Ana")

    # then the answer grows on the screen, as text, and names the next edition
    done = Suggestion.objects.filter(trigger=question, state=State.SHOWN)
    suggestion = await eventually_async(done.afirst)
    answer = suggestion.text
    assert "Robótica Kids" in answer
    assert "1 de marzo" in answer
    now = page.locator(f"[data-suggestion='{suggestion.pk}'][data-state=shown] [data-suggested]")
    await expect(now).to_have_text(answer)
    grown = await page.evaluate("window.grown")
    assert len(grown) > 1
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise([*grown, answer]))
    await expect(page.locator(".suggest__toy")).to_be_visible()

    # and it goes into the box, is changed there, and leaves
    await page.keyboard.press("Control+e")
    await expect(page.locator("#text")).to_have_value(answer)
    await page.keyboard.type(" ¿Te anoto?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text(f"{answer} ¿Te anoto?")
    await expect(page.locator(".suggest--sent")).to_be_visible()
    await expect(page.locator("#text")).to_have_value("")

    # and is rated, which moves the figures of every value it was written with
    await page.locator("#thread").focus()
    await page.keyboard.press("4")
    await eventually_async(lambda: Suggestion.objects.filter(pk=suggestion.pk, rating=4).aexists())
    await expect(page.locator("#rate-4")).to_be_checked()
    await suggestion.arefresh_from_db()
    assert (suggestion.state, suggestion.sent_text) == (State.EDITED, f"{answer} ¿Te anoto?")
    after = await figures()
    assert after.keys() == before.keys()
    assert after == {name: (uses + 1, 1, 4) for name, (uses, _edited, _stars) in before.items()}
    assert await Message.objects.filter(direction="out").acount() == 1
    assert screen.complaints == []


async def test_it_is_asked_for_again_as_somebody_wishes(open_screen, operator, inbox, model):
    conversation = (await write(inbox, "¿Qué cursos tienen?", name="Ana")).conversation
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await expect(page.locator(".suggest[data-state=shown]")).to_be_visible()
    first = await page.get_attribute(".suggest", "data-suggestion")

    # another one by its key, then one with an instruction
    await page.keyboard.press("s")
    await expect(page.locator(f".suggest[data-state=shown]:not([data-suggestion='{first}'])")).to_be_visible()
    second = await page.get_attribute(".suggest", "data-suggestion")
    await page.click("#suggest-wish")
    await expect(page.locator("#instruction")).to_be_focused()
    await page.keyboard.type("Con los precios")
    await page.keyboard.press("Enter")
    await expect(page.locator(f".suggest[data-state=shown]:not([data-suggestion='{second}'])")).to_be_visible()
    await expect(page.locator("#wish")).to_be_hidden()
    asked = Suggestion.objects.order_by("pk").values_list("state", "instruction")
    assert [row async for row in asked] == [("superseded", ""), ("superseded", ""), ("shown", "Con los precios")]
    assert "Con los precios" in str((await Completion.objects.alatest("pk")).request)

    # thrown away it is gone, and can be asked for from the box
    await page.locator("#thread").focus()
    await page.keyboard.press("d")
    await expect(page.locator(".suggest")).to_have_count(0)
    await page.click("[data-ask]")
    await expect(page.locator(".suggest[data-state=shown]")).to_be_visible()
    assert await Message.objects.filter(direction="out").acount() == 0
    assert screen.complaints == []


async def test_tab_sends_it_from_an_empty_box_only_and_both_pages_follow(open_screen, operator, inbox):
    message = await write(inbox, "¿Hay lugar?", name="Ana")
    suggestion = await proposed(message, TEXT)
    screens = [await open_screen(operator, f"/chat/{message.conversation_id}/") for _ in range(2)]
    page, other = (screen.page for screen in screens)
    for screen in screens:
        await screen.is_live()

    # given words in the box, Tab goes on as everywhere
    await page.focus("#text")
    await expect(page.locator(".composer__hint--tab")).to_be_visible()
    await page.keyboard.type("x")
    await expect(page.locator(".composer__hint--tab")).to_be_hidden()
    await page.keyboard.press("Tab")
    await expect(page.locator("#text")).not_to_be_focused()
    await page.keyboard.press("Control+e")
    await expect(page.locator("#text")).to_have_value(f"x\n{TEXT}")
    assert await Message.objects.filter(direction="out").acount() == 0

    # when it is empty, Tab sends what is proposed; also on the other page it is decided
    await page.fill("#text", "")
    await page.keyboard.press("Tab")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text(TEXT)
    await expect(page.locator("#text")).to_be_focused()
    for one in (page, other):
        await expect(one.locator(".suggest--sent")).to_be_visible()
    await expect(other.locator("#thread .msg--out [data-text]")).to_have_text(TEXT)
    await other.click(".rate label:has(#rate-5)")
    await expect(page.locator("#rate-5")).to_be_checked()
    await suggestion.arefresh_from_db()
    assert (suggestion.state, suggestion.rating) == (State.ACCEPTED, 5)

    # what is said next takes the rating away; what began with one that was emptied is a message of its own
    await write(inbox, "¡Gracias!", name="Ana")
    for one in (page, other):
        await expect(one.locator(".suggest")).to_have_count(0)
    later = await proposed(await Message.objects.select_related("conversation__inbox").alatest("pk"), TEXT)
    await change(later)
    await page.click("#suggest-edit")
    await page.fill("#text", "")
    await page.keyboard.type("De nada")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text([TEXT, "De nada"])
    await eventually_async(lambda: Message.objects.filter(text="De nada", suggestion=None).aexists())
    assert await Suggestion.objects.filter(state=State.EDITED).acount() == 0
    assert [screen.complaints for screen in screens] == [[], []]


async def state_of(page: Page) -> dict[str, Any]:
    """Return what must stay where it is."""
    told: dict[str, Any] = await page.evaluate(
        """() => ({ focus: document.activeElement.id, top: document.querySelector("#thread").scrollTop,
                    height: document.querySelector("[data-suggested]").clientHeight })"""
    )
    return told


async def test_it_grows_as_text_and_moves_nothing_under_the_hand(open_screen, operator, inbox):
    for number in range(30):
        message = await write(inbox, f"mensaje {number}", name="Ana")
    lease = {"state": State.GENERATING, "lease_token": "0" * 32, "lease_until": message.created_at}
    suggestion = await proposed(message, "", **lease)
    screen = await open_screen(operator, f"/chat/{message.conversation_id}/")
    page = screen.page
    await screen.is_live()
    await page.evaluate("document.querySelector('#thread').scrollTop = 200")
    await page.focus("#suggest-discard")

    long = f"{HOSTILE} {'palabra ' * 200}"
    await grow(suggestion, HOSTILE)
    await expect(page.locator("[data-suggested]")).to_have_text(HOSTILE)
    await grow(suggestion, long)
    await expect(page.locator("[data-suggested]")).to_have_text(long)
    before = await state_of(page)
    await change(suggestion, state=State.SHOWN, lease_token=None, lease_until=None, text=long)
    await expect(page.locator("#suggest-accept")).to_be_enabled()
    await expect(page.locator("#announce")).to_contain_text(f"Sugerencia del asistente: {HOSTILE}")
    after = await state_of(page)

    assert before == after == {"focus": "suggest-discard", "top": 200, "height": 130}
    assert await page.locator("#chat img").count() == 0
    assert screen.complaints == []


async def test_without_a_line_nothing_pretends_to_work(open_screen, operator, inbox):
    message = await write(inbox, "¿Hay lugar?", name="Ana")
    suggestion = await proposed(message, TEXT)
    screen = await open_screen(operator, f"/chat/{message.conversation_id}/")
    page = screen.page
    await screen.is_live()

    await screen.context.set_offline(True)
    await expect(page.locator("[data-banner=offline]")).to_be_visible()
    for button in ("#suggest-accept", "#suggest-another", "#suggest-discard", "#rate-3"):
        await expect(page.locator(button)).to_be_disabled()
    await page.focus("#text")
    await page.keyboard.press("Tab")
    await change(suggestion, state=State.SUPERSEDED)
    await Conversation.objects.aupdate(assistant_mode="off", has_suggestion=False)
    assert await page.locator(".suggest").count() == 1

    # on return the page is what the database says
    await screen.context.set_offline(False)
    await expect(page.locator("[data-banner=offline]")).to_be_hidden()
    await expect(page.locator(".suggest")).to_have_count(0)
    assert await Message.objects.filter(direction="out").acount() == 0
