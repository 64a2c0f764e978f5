"""Every list × every page × every role × own and foreign rows, generated from what is registered."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from apps.accounts.models import ApiToken, User
from apps.assistant.models import AIParam, AIProvider
from apps.core.models import SiteSettings
from apps.courses.models import Course, CourseEdition
from apps.inboxes.models import Inbox, ProviderAccount
from apps.organization.models import Branch, Company, CompanyDocument
from apps.people.models import Person, Tag
from tests.admin.conftest import Enter
from tests.admin.house import OF_THE_HOUSE, House, fingerprint

MODELS: list[type[Model]] = list(admin.site._registry)
ADDED_BY_ADMINISTRATORS = {
    Company,
    Branch,
    CompanyDocument,
    User,
    ApiToken,
    ProviderAccount,
    Inbox,
    Person,
    Tag,
    AIProvider,
    AIParam,
    Course,
    CourseEdition,
}
ADDED_BY_SUPERVISORS = {ApiToken, Tag, AIParam, Course, CourseEdition}
DELETED_BY_ADMINISTRATORS = {Company, Branch, CompanyDocument, Tag, Course, CourseEdition}
DELETED_BY_SUPERVISORS = {CourseEdition}
"""Of their own branch."""
HIDDEN_FROM_SUPERVISORS = {ApiToken, SiteSettings}
"""The tokens of colleagues, and the settings of the house."""
STAFF = ("administrator", "supervisor", "supervisor of the other branch")


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def page_of(model: type[Model]) -> Any:
    return admin.site.get_model_admin(model)


def visits(built: House) -> Iterator[tuple[type[Model], str, bool | None, str]]:
    """Yield every page: its model, its kind, whether its row is of the first branch, its address."""
    for model in MODELS:
        yield model, "changelist", None, address(model, "changelist")
        yield model, "add", None, address(model, "add")
        for page in ("change", "history", "delete"):
            yield model, page, True, address(model, page, built.own[model].pk)
            yield model, page, False, address(model, page, built.foreign[model].pk)


def expected(role: str, model: type[Model], page: str, is_first: bool | None) -> int:
    """Return the status that a role should get."""
    if role not in STAFF:
        return 302 if role == "anonymous" else 403
    if role == "administrator":
        allowed = {"add": ADDED_BY_ADMINISTRATORS, "delete": DELETED_BY_ADMINISTRATORS}.get(page, MODELS)
        return 200 if model in allowed else 403
    is_own = is_first == (role == "supervisor")
    if page == "add":
        return 200 if model in ADDED_BY_SUPERVISORS else 403
    if page == "delete":
        return 200 if model in DELETED_BY_SUPERVISORS and is_own else 403
    if model is SiteSettings:
        return 404 if page == "history" else 403
    if page == "changelist" or model in OF_THE_HOUSE:
        return 200
    return 200 if is_own and model not in HIDDEN_FROM_SUPERVISORS else 404


@pytest.mark.parametrize("role", ["anonymous", "viewer", "operator", *STAFF])
def test_every_page_answers_as_the_role_deserves_and_writes_nothing(role: str, built: House, enter: Enter) -> None:
    client = enter(role)
    before = fingerprint()
    wrong = {
        path: (code, expected(role, model, page, is_first))
        for model, page, is_first, path in visits(built)
        if (code := client.get(path).status_code) != expected(role, model, page, is_first)
    }
    assert not wrong
    assert fingerprint() == before


def test_there_is_a_row_of_every_list(built: House) -> None:
    assert set(MODELS) == set(built.own) == set(built.foreign)


@pytest.mark.parametrize("role", ["anonymous", "viewer", "operator", "supervisor"])
def test_a_form_sent_for_what_one_may_not_change_writes_nothing(role: str, built: House, enter: Enter) -> None:
    client = enter(role)
    before = fingerprint()
    for model in set(MODELS) - set(OF_THE_HOUSE):
        row = built.foreign[model]
        sent = {"name": "X", "is_active": "on", "branch": built.own[Branch].pk, "role": "administrator"}
        assert client.post(address(model, "change", row.pk), sent).status_code in {302, 403, 404}
        assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code in {302, 403, 404}
        if model not in ADDED_BY_SUPERVISORS:
            assert client.post(address(model, "add"), sent).status_code in {302, 403}
    assert fingerprint() == before


def actions(where: str) -> Iterator[tuple[Any, Any]]:
    """Yield the actions of every list that hang on its rows or on its top."""
    for page in map(page_of, MODELS):
        for action in getattr(page, f"_get_base_actions_{where}")():
            yield page, action


@pytest.mark.parametrize("role", ["anonymous", "viewer", "operator", "supervisor"])
def test_an_action_on_a_foreign_row_does_nothing(role: str, built: House, enter: Enter) -> None:
    client = enter(role)
    before = fingerprint()
    sent = {"_form_submitted": "True", "reason": "no", "password": "correct horse", "again": "correct horse"}
    for page, action in (*actions("detail"), *actions("row")):
        path = reverse(f"admin:{action.action_name}", args=[built.foreign[page.model].pk])
        assert client.post(path, sent).status_code in {302, 403, 404}, path
    assert fingerprint() == before


def test_no_action_answers_a_plain_visit(built: House, enter: Enter) -> None:
    client = enter("administrator")
    before = fingerprint()
    for page, action in (*actions("detail"), *actions("row")):
        client.get(reverse(f"admin:{action.action_name}", args=[built.own[page.model].pk]))
    for _page, action in actions("list"):
        client.get(reverse(f"admin:{action.action_name}"))
    assert fingerprint() == before


def test_an_action_without_a_token_of_the_form_is_refused(built: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(built.users["administrator"])
    for page, action in actions("detail"):
        path = reverse(f"admin:{action.action_name}", args=[built.own[page.model].pk])
        assert client.post(path, {"_form_submitted": "True"}).status_code == 403


def test_a_bulk_action_leaves_foreign_rows_alone(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    before = fingerprint()
    for model in MODELS:
        for action in page_of(model)._get_base_actions():
            sent = {"action": action.name, "_selected_action": [built.foreign[model].pk]}
            client.post(address(model, "changelist"), sent)
    assert fingerprint() == before


@pytest.mark.parametrize("role", STAFF)
def test_autocomplete_offers_only_what_exists_for_the_actor(role: str, built: House, enter: Enter) -> None:
    client = enter(role)
    asked = 0
    for model in MODELS:
        for field in model._meta.concrete_fields:
            remote = field.related_model
            if remote not in MODELS or not admin.site.get_model_admin(remote).search_fields:
                continue
            asked += 1
            names = {"app_label": model._meta.app_label, "model_name": str(model._meta.model_name)}
            answer = client.get(reverse("admin:autocomplete"), {**names, "field_name": field.name})
            if answer.status_code == 403:
                continue
            found = {int(result["id"]) for result in answer.json()["results"]}
            hidden = {"supervisor": built.foreign, "supervisor of the other branch": built.own}.get(role, {})
            if remote not in OF_THE_HOUSE and hidden:
                assert hidden[remote].pk not in found, (model, field.name)
    assert asked > 10


@pytest.mark.parametrize(
    "question",
    [
        "accounts/user/?password__startswith=pbkdf2",
        "accounts/user/?memberships__branch__name=Norte",
        "accounts/apitoken/?digest__startswith=0",
        "accounts/apitoken/?user__password__startswith=pbkdf2",
        "inboxes/inbox/?account__webhook_key__startswith=a",
        "inboxes/inbox/?account__credentials__contains=a",
        "inboxes/provideraccount/?webhook_key__startswith=a",
        "inboxes/webhookevent/?body__contains=a",
        "conversations/message/?conversation__person__phone__startswith=54",
        "conversations/conversation/?person__national_id__startswith=3",
        "people/identity/?person__phone__startswith=54",
    ],
)
def test_an_address_cannot_spell_out_what_is_hidden(question: str, built: House, enter: Enter) -> None:
    for role in STAFF:
        assert enter(role).get(f"/admin/{question}").status_code == 400


def test_the_lists_of_a_supervisor_hold_no_foreign_word(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    for model in set(MODELS) - {SiteSettings, CourseEdition}:
        for asked in ({}, {"q": "nort"}):
            assert "Norte" not in client.get(address(model, "changelist"), asked).content.decode(), model


def test_own_pages_hold_no_foreign_word(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    for model in set(MODELS) - HIDDEN_FROM_SUPERVISORS - {Course}:
        page = client.get(address(model, "change", built.own[model].pk))
        assert page.status_code == 200
        assert "Norte" not in page.content.decode(), model


def test_what_packages_register_stays_outside() -> None:
    assert {model._meta.app_label for model in MODELS} == {
        "accounts",
        "assistant",
        "conversations",
        "core",
        "courses",
        "inboxes",
        "organization",
        "people",
    }


def test_the_search_for_lists_survives_any_page(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    assert client.get("/admin/search/", {"s": "a"}).status_code == 200
    assert client.get("/admin/search/", {"s": "a", "page": "99"}).status_code == 404
    assert client.get("/admin/search/", {"s": "a", "page": "x"}).status_code == 404


@pytest.mark.parametrize(
    "question",
    [
        "autocomplete/?app_label=people&model_name=person&field_name=tags&term=%00",
        "conversations/message/?status=%00",
        "inboxes/inbox/add/?account=%00",
    ],
)
def test_a_character_no_database_can_hold_is_a_bad_question(question: str, built: House, enter: Enter) -> None:
    assert enter("administrator").get(f"/admin/{question}").status_code == 400
