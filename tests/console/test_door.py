"""The way in, and the pages that say why not."""

import pytest
from django.test import Client, RequestFactory
from django.views import defaults

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def knock(client: Client, username: str, password: str):
    return client.post("/login/", {"username": username, "password": password, "next": "/chat/?view=mine"})


def test_door_is_strict_and_leads_where_somebody_wanted_to_go():
    client, user = Client(), make_user()
    door = client.get("/login/?next=/chat/?view=mine")
    assert "unsafe" not in door.headers["Content-Security-Policy"]
    assert " style=" not in door.content.decode()
    assert knock(client, user.username, PASSWORD).headers["Location"] == "/chat/?view=mine"


def test_wrong_password_is_said_without_saying_which_was_wrong():
    user = make_user()
    known = knock(Client(), user.username, "wrong").content.decode()
    unknown = knock(Client(), "nobody", "wrong").content.decode()
    assert "alert" in known
    assert [line for line in known.splitlines() if "alert" in line] == [
        line for line in unknown.splitlines() if "alert" in line
    ]


def test_door_closes_after_ten_wrong_passwords(settings):
    client, user = Client(), make_user()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        last = knock(client, user.username, "wrong")
    assert last.status_code == 429
    assert "15 min" in last.content.decode()
    assert knock(client, user.username, PASSWORD).status_code == 429


def test_language_is_chosen_at_the_door():
    client = Client(headers={"accept-language": "es"})
    assert '<html lang="es-ar"' in client.get("/login/").content.decode()
    client.post("/i18n/setlang/", {"language": "en"})
    assert '<html lang="en"' in client.get("/login/").content.decode()


def test_nothing_here_is_a_page_of_the_house():
    page = Client().get("/there/is/nothing/")
    assert page.status_code == 404
    assert "errorpage" in page.content.decode()
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_error_pages_need_neither_database_nor_request(django_assert_num_queries):
    request = RequestFactory().get("/")
    with django_assert_num_queries(0):
        pages = [
            defaults.server_error(request),
            defaults.permission_denied(request, PermissionError()),
            defaults.bad_request(request, ValueError()),
            defaults.page_not_found(request, ValueError()),
        ]
    assert [page.status_code for page in pages] == [500, 403, 400, 404]
    assert all(b"errorpage" in page.content for page in pages)
