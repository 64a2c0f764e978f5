"""Every page in Spanish, quick, and with people's words as text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.checks import Error
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pytest_django import Settings
from unfold.decorators import action

from apps.assistant.models import AssistantSettings, Completion, Suggestion
from apps.conversations.models import Conversation, Message
from apps.core import catalogues
from apps.core.actors import Scope
from apps.core.admin import HouseAdmin
from apps.core.models import SiteSettings
from apps.courses.models import Course
from apps.inboxes.models import DeadLetter, ProviderAccount, WebhookEvent
from apps.organization.models import Branch
from apps.people.models import Identity, Person, Tag
from backoffice.unfold import UNFOLD
from tests import factories
from tests.admin.conftest import Enter
from tests.admin.house import House
from tests.admin.test_access import ADDED_BY_ADMINISTRATORS, MODELS, actions, address

TOKENS = Path(__file__).resolve().parents[2] / "static/console/css/tokens.css"
SHOWN = {"title", "placeholder", "aria-label", "alt"}
MOST_QUERIES = 14


class Words(HTMLParser):
    """Collects what a page says: its text, and the attributes that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()
        self._silent = 0
        self._is_icon = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self._is_icon = "material-symbols" in (dict(attrs).get("class") or "")
        self.said |= {value.strip() for name, value in attrs if name in SHOWN and value}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}
        self._is_icon = False

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._is_icon:
            self.said.add(re.sub(r"\s+", " ", data.strip()).rstrip(":"))


def pages(built: House) -> list[str]:
    lists = [address(model, "changelist") for model in MODELS]
    rows = [address(model, page, built.own[model].pk) for model in MODELS for page in ("change", "history")]
    return [
        "/admin/",
        "/admin/assistant/completion/figures/",
        "/admin/password_change/",
        "/admin/search/?s=zz",
        *lists,
        *rows,
        *forms(),
    ]


def forms() -> list[str]:
    kinds = [f"{address(ProviderAccount, 'add')}?kind={kind}" for kind in ("whatsapp", "simulator")]
    return [*kinds, *(address(model, "add") for model in ADDED_BY_ADMINISTRATORS)]


def english() -> set[str]:
    """Return every text of the interface whose Spanish is not the same word."""
    spanish = catalogues.contents(catalogues.read_catalogue("es"))
    keys = {key for key, string in spanish.items() if string != key[1]}
    return {singular for _, singular in keys} | {singular.capitalize() for _, singular in keys}


def test_every_page_is_spanish(built: House, enter: Enter, client: Client) -> None:
    unfit, browser = english(), enter("administrator")
    left = {}
    for path in [*pages(built), "/admin/login/"]:
        answer = (client if "login" in path else browser).get(path, headers={"accept-language": "es-AR"})
        assert answer.status_code == 200, path
        words = Words()
        words.feed(answer.content.decode())
        left[path] = words.said & unfit
    assert not {path: words for path, words in left.items() if words}


def test_every_page_is_english_for_whoever_reads_english(built: House) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(built.users["administrator"])
    assert "Waiting for an answer" in client.get("/admin/").content.decode()


def test_the_colours_are_those_of_the_chat_page() -> None:
    ramp = dict(re.findall(r"--primary-(\d+): (oklch\([^)]*\));", TOKENS.read_text()))
    assert UNFOLD["COLORS"]["primary"] == ramp


def test_the_name_of_the_house_is_on_every_page(built: House, enter: Enter, settings: Settings) -> None:
    settings.PRODUCT_NAME = "Casa Abierta"
    assert "Casa Abierta" in enter("administrator").get("/admin/").content.decode()


def test_the_first_page_counts_what_waits(built: House, enter: Enter) -> None:
    Conversation.objects.filter(pk=built.own[Conversation].pk).update(
        is_pending=True, pending_since="2026-11-22T10:00Z"
    )
    ProviderAccount.objects.filter(pk=built.own[ProviderAccount].pk).update(state="needs_auth")
    counted = {}
    for role in ("administrator", "supervisor", "supervisor of the other branch"):
        page = enter(role).get("/admin/")
        cards = [*page.context["attention"], *page.context["troubles"]]
        counted[role] = [card.count for card in cards]
        for card in cards:
            assert len(enter(role).get(card.address).context["cl"].result_list) == card.count, card.title
    assert counted == {
        "administrator": [1, 2, 2, 0, 2, 1],
        "supervisor": [1, 1, 1, 0, 1, 1],
        "supervisor of the other branch": [0, 1, 1, 0, 1, 0],
    }


def grow(built: House) -> None:
    """Add rows to every list, of both branches."""
    company = built.own[Branch].company
    for number in range(8):
        branch = Branch.objects.create(company=company, name=f"Sede {number}", slug=f"sede-{number}")
        account = factories.make_account()
        inbox = factories.make_inbox(account, branch)
        received = factories.receive(inbox, sender=f"549387{number:07}")
        factories.make_user(branches=(branch,))
        event = factories.make_event(account, b"{}")
        DeadLetter.objects.create(event=event, error_class="ValueError")
        Message.objects.create(
            conversation=received.conversation, inbox=inbox, direction="out", sender="operator", dispatch="rejected"
        )
        factories.make_completion(factories.make_suggestion(received.conversation, rating=4))
        factories.make_edition(built.own[Course], branch)
        factories.make_course()
        Tag.objects.create(name=f"Etiqueta {number}", slug=f"etiqueta-{number}")


@pytest.mark.parametrize("role", ["administrator", "supervisor"])
def test_a_list_asks_the_database_no_more_when_it_grows(role: str, built: House, enter: Enter) -> None:
    client = enter(role)
    paths = [address(model, "changelist") for model in MODELS if model not in (SiteSettings, AssistantSettings)]

    def asked() -> dict[str, int]:
        counts = {}
        for path in paths:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(path)
            counts[path] = len(queries)
        return counts

    client.get(paths[0])
    few = asked()
    grow(built)
    assert asked() == few
    assert max(few.values()) <= MOST_QUERIES, few


@pytest.mark.parametrize("model", [Message, Conversation, WebhookEvent, Identity, Suggestion, Completion])
def test_a_long_list_is_never_counted(model: type[Model], built: House, enter: Enter) -> None:
    with CaptureQueriesContext(connection) as queries:
        enter("administrator").get(address(model, "changelist"))
    table = model._meta.db_table
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and f'FROM "{table}"' in query["sql"]]


HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "' x-data=\"{a: alert(1)}\" x-init='alert(1)",
    "{{ 7*7 }}{% debug %}",
    "`${alert(1)}`",
]


def test_peoples_words_are_only_ever_text(built: House, enter: Enter) -> None:
    person, chat, words = built.own[Person], built.own[Conversation], " ".join(HOSTILE)
    Person.objects.filter(pk=person.pk).update(name=words[:160], notes=words, region=words[:80])
    Identity.objects.filter(person=person).update(display_name=words[:160])
    Conversation.objects.filter(pk=chat.pk).update(last_message_text=words[:200])
    Message.objects.filter(conversation=chat).update(text=words, error_text=words)
    DeadLetter.objects.filter(pk=built.own[DeadLetter].pk).update(detail=words)
    client = enter("administrator")
    for model in MODELS:
        for path in (address(model, "changelist"), address(model, "change", built.own[model].pk)):
            html = client.get(path).content.decode()
            assert not [part for part in HOSTILE if re.search(r"[<>\"'&]", part) and part in html], path
            assert "x-init='alert" not in html


def test_an_action_without_permissions_or_dialog_fails_the_check() -> None:
    class Careless(HouseAdmin):
        door = staticmethod(lambda actor: Tag.objects.all())
        read_scope = Scope.PEOPLE_READ
        actions_detail = ("open_to_all", "by_get")
        list_filter = ("tags",)

        @action(description="x", dialog={"title": "x"})  # type: ignore[untyped-decorator]
        def open_to_all(self, request: object, form: object, object_id: str) -> None: ...

        @action(description="x", permissions=["view"])  # type: ignore[untyped-decorator]
        def by_get(self, request: object, object_id: str) -> None: ...

    found = {error.id for error in Careless(Person, admin.site).check() if isinstance(error, Error)}
    assert {"house.E002", "house.E003", "house.E004"} <= found


def test_a_list_without_a_scope_fails_the_check() -> None:
    class Open(HouseAdmin):
        door = staticmethod(lambda actor: Tag.objects.all())

    assert "house.E001" in {error.id for error in Open(Tag, admin.site).check()}


def test_titles_of_actions_are_translated() -> None:
    with override("es-ar"):
        titles = {str(action.description) for _page, action in actions("detail")}
    assert titles
    assert not titles & english()
