"""The admin's own door."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from apps.core.actors import Role
from apps.core.models import LiveEvent
from tests import factories
from tests.factories import PASSWORD

DOOR = "/admin/login/"
pytestmark = pytest.mark.django_db


def knock(client: Client, username: str, password: str) -> int:
    return client.post(DOOR, {"username": username, "password": password}).status_code


def test_an_administrator_comes_in(client: Client) -> None:
    user = factories.make_user(Role.ADMINISTRATOR)
    assert knock(client, user.username, PASSWORD) == 302
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_whoever_has_no_business_there_stays_outside(role: Role, client: Client) -> None:
    user = factories.make_user(role)
    assert knock(client, user.username, PASSWORD) == 200
    assert not get_user(client).is_authenticated


def test_whoever_was_switched_off_stays_outside(client: Client) -> None:
    user = factories.make_user(Role.ADMINISTRATOR, is_active=False)
    assert knock(client, user.username, PASSWORD) == 200
    assert client.get("/admin/").status_code == 302


def test_the_eleventh_try_finds_the_door_closed_even_with_the_right_password(client: Client) -> None:
    user, other = factories.make_user(Role.ADMINISTRATOR), factories.make_user(Role.ADMINISTRATOR)
    codes = [knock(client, user.username, "wrong") for _ in range(10)]
    assert codes[:9] == [200] * 9
    answer = client.post(DOOR, {"username": user.username, "password": PASSWORD}, headers={"accept-language": "es-AR"})
    assert answer.status_code == 429
    assert "Demasiadas contraseñas equivocadas" in answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert client.get("/admin/").status_code == 302
    assert knock(client, other.username, PASSWORD) == 302


def test_a_forged_address_does_not_open_a_closed_door(client: Client) -> None:
    user = factories.make_user(Role.ADMINISTRATOR)
    for number in range(10):
        client.post(DOOR, {"username": user.username, "password": "x"}, headers={"x-forwarded-for": f"10.0.0.{number}"})
    assert knock(client, user.username, PASSWORD) == 429


def test_the_way_back_leads_to_no_other_house(client: Client) -> None:
    user = factories.make_user(Role.ADMINISTRATOR)
    sent = {"username": user.username, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(DOOR, sent).headers["Location"] == "/"


def test_signing_out_here_closes_the_open_screens_too(client: Client) -> None:
    user = factories.make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    assert client.post("/admin/logout/").status_code == 302
    assert not get_user(client).is_authenticated
    assert LiveEvent.objects.filter(kind="access_changed", user_id=user.pk).count() == 1
