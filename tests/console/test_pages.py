"""The chat page as pages and fragments: who sees what, and at what price."""


import pytest
from django.test import Client

from apps.conversations.models import Message
from apps.core.actors import Role
from tests.factories import make_conversation, make_user

pytestmark = pytest.mark.django_db


def signed_in(role: Role = Role.OPERATOR, *branches) -> Client:
    client = Client()
    client.force_login(make_user(role, tuple(branches)))
    return client


def part(client: Client, url: str, name: str):
    return client.get(url, headers={"X-Fragment": name})


def test_page_shows_the_list_and_says_what_it_may_load():
    conversation = make_conversation(text="¿Hay lugar?")

    page = signed_in(Role.ADMINISTRATOR).get("/chat/")

    assert page.status_code == 200
    html = page.content.decode()
    assert f'id="row-{conversation.pk}"' in html
    assert "¿Hay lugar?" in html
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "style=" not in html
    assert "<script>" not in html
    assert "no-store" in page.headers["Cache-Control"]


def test_stranger_is_led_to_the_door_and_a_script_is_told_so():
    conversation = make_conversation()
    client = Client()
    assert client.get("/chat/").headers["Location"] == "/login/?next=/chat/"
    assert part(client, "/chat/", "list").status_code == 401
    for verb in ("messages", "read", "pending", "assign", "close", "reopen"):
        assert client.post(f"/chat/{conversation.pk}/{verb}/").status_code == 302
    assert Message.objects.count() == 1
