"""The admin in a real browser: nothing breaks its policy, dialogs work, people's words stay text."""

import re
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.test import override_settings
from playwright.async_api import Browser, expect

from apps.assistant.models import Completion, Suggestion
from apps.conversations.models import Conversation, Message
from apps.core.actors import Role
from apps.courses.models import CourseEdition
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookBody, WebhookEvent
from apps.organization.models import Branch
from apps.people.models import Identity, Person
from tests.admin import house
from tests.admin.house import House
from tests.browser.conftest import DESKTOP, PHONE, Opens, Screen
from tests.browser.test_hostile_text import CORPUS
from tests.factories import PASSWORD, make_user, receive
from tests.waiting import eventually_async

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
FIRST_PAGE = "/admin/"


@pytest.fixture
def built(transactional_db: None, tmp_path: Path) -> House:
    with override_settings(MEDIA_ROOT=tmp_path):
        return house.build()


def paths(built: House) -> list[str]:
    account, person = built.own[ProviderAccount].pk, built.own[Person].pk
    return [
        "/admin/conversations/conversation/",
        "/admin/conversations/message/?status=uncertain",
        f"/admin/people/person/{person}/change/",
        f"/admin/inboxes/provideraccount/{account}/change/",
        "/admin/inboxes/provideraccount/add/?kind=whatsapp",
        "/admin/inboxes/inbox/add/",
        f"/admin/inboxes/webhookevent/{built.own[WebhookEvent].pk}/change/",
        "/admin/accounts/user/add/",
        "/admin/accounts/apitoken/add/",
        f"/admin/organization/branch/{built.own[Branch].pk}/change/",
        "/admin/core/sitesettings/",
        "/admin/assistant/completion/",
        "/admin/assistant/completion/figures/",
        f"/admin/assistant/completion/{built.own[Completion].pk}/change/",
        f"/admin/assistant/suggestion/{built.own[Suggestion].pk}/change/",
        f"/admin/courses/courseedition/{built.own[CourseEdition].pk}/change/",
    ]


async def fits(screen: Screen) -> bool:
    """Tell whether the page is as wide as the window, so that nobody has to scroll sideways."""
    width: bool = await screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return width


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_no_page_breaks_the_policy(viewport: dict[str, int], built: House, open_screen: Opens) -> None:
    screen = await open_screen(built.users["administrator"], FIRST_PAGE, viewport=viewport)
    await expect(screen.page.get_by_text("Esperan respuesta")).to_be_visible()
    for path in paths(built):
        await screen.page.goto(path)
        await screen.page.wait_for_load_state("networkidle")
        assert await fits(screen), path
    assert screen.complaints == []


async def test_the_door_of_the_admin_works(server: str, browser: Browser) -> None:
    user = await sync_to_async(make_user)(Role.ADMINISTRATOR)
    context = await browser.new_context(base_url=server, locale="es-AR")
    screen = Screen(page=await context.new_page(), context=context)
    screen.listen()
    await screen.page.goto(FIRST_PAGE)
    await screen.page.fill("#id_username", user.username)
    await screen.page.fill("#id_password", PASSWORD)
    await screen.page.get_by_role("button", name=re.compile("Identificarse|Entrar|Iniciar")).click()
    await expect(screen.page.get_by_text("Esperan respuesta")).to_be_visible()
    assert screen.complaints == []


async def test_a_dialog_discards_a_dead_letter(built: House, open_screen: Opens) -> None:
    letter = built.own[DeadLetter]
    screen = await open_screen(built.users["supervisor"], f"/admin/inboxes/deadletter/{letter.pk}/change/")
    await screen.page.get_by_role("link", name="Descartar").click()
    await screen.page.get_by_label("Motivo").fill("era una prueba")
    await screen.page.locator("#dialog").get_by_role("button", name="Descartar").click()
    await expect(screen.page.get_by_text("Se descartó.")).to_be_visible()
    await letter.arefresh_from_db()
    assert letter.state == "discarded"
    assert screen.complaints == []


async def test_a_dialog_shows_the_verify_token(built: House, open_screen: Opens) -> None:
    page = f"/admin/inboxes/provideraccount/{built.own[ProviderAccount].pk}/change/"
    screen = await open_screen(built.users["administrator"], page)
    await screen.page.get_by_role("link", name="Mostrar el token de verificación").click()
    await screen.page.locator("#dialog").get_by_role("button", name="Mostrar").click()
    await expect(screen.page.get_by_text("verify-token-of-tests")).to_be_visible()
    assert screen.complaints == []


async def test_chosen_webhooks_are_processed_again(built: House, open_screen: Opens) -> None:
    screen = await open_screen(built.users["supervisor"], "/admin/inboxes/webhookevent/")
    await screen.page.locator("input.action-select").first.check()
    await screen.page.locator("select[name=action]").select_option(label="Procesar de nuevo")
    await screen.page.get_by_title("Hacer la acción elegida").click()
    await expect(screen.page.get_by_text("1 webhook se procesa de nuevo.")).to_be_visible()

    async def is_new() -> bool:
        return await WebhookEvent.objects.filter(pk=built.own[WebhookEvent].pk, state="new").aexists()

    await eventually_async(is_new)
    assert screen.complaints == []


async def test_nothing_of_hostile_words_runs(built: House, open_screen: Opens) -> None:
    chat = built.own[Conversation]
    await sync_to_async(_spread)(chat)
    screen = await open_screen(built.users["supervisor"], FIRST_PAGE)
    pages = [
        "/admin/conversations/conversation/",
        "/admin/conversations/message/",
        "/admin/people/person/",
        "/admin/people/identity/",
        "/admin/inboxes/deadletter/",
        f"/admin/people/person/{chat.person_id}/change/",
        f"/admin/conversations/conversation/{chat.pk}/change/",
        f"/admin/conversations/message/{built.own[Message].pk}/change/",
        f"/admin/inboxes/deadletter/{built.own[DeadLetter].pk}/change/",
        f"/admin/inboxes/webhookevent/{built.own[WebhookEvent].pk}/change/",
        "/admin/people/person/?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    ]
    for path in pages:
        await screen.page.goto(path)
        await screen.page.wait_for_load_state("networkidle")
        assert "alert(1)" in await screen.page.content(), path
    assert screen.complaints == []


def _spread(chat: Conversation) -> None:
    """Put the corpus wherever a person or a provider may write."""
    for number, words in enumerate(CORPUS):
        receive(chat.inbox, words, sender=f"549387{number:07}", name=words[:150])
    everything = " ".join(CORPUS)
    Person.objects.filter(pk=chat.person_id).update(name=CORPUS[10], notes=everything, region=CORPUS[0][:80])
    Identity.objects.filter(person=chat.person_id).update(display_name=CORPUS[10])
    Message.objects.filter(conversation=chat).update(text=everything, error_text=CORPUS[10])
    DeadLetter.objects.update(detail=CORPUS[10][:300], path=CORPUS[10][:200])
    WebhookBody.objects.update(body=everything.encode())
    WebhookEvent.objects.update(note=CORPUS[10][:300], headers={"user-agent": CORPUS[10]})
