"""The chat page as pages and fragments: who sees what, who may do what, and at what price."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from apps.accounts.queries import actor_for_user
from apps.conversations.actions import marks
from apps.conversations.actions.send import send_message
from apps.conversations.models import Attachment, Conversation, Dispatch, Message, MessageEdit, Reaction
from apps.core.actors import SYSTEM, Role
from tests.console.rows import make_file, make_message
from tests.factories import make_branch, make_conversation, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db

VERBS = ("messages", "read", "pending", "assign", "close", "reopen")


@pytest.fixture
def branch(db):
    return make_branch()


@pytest.fixture
def conversation(branch):
    return make_conversation(make_inbox(branch=branch), text="¿Hay lugar?", name="Ana")


def enter(role: Role = Role.OPERATOR, *branches) -> Client:
    """Return a browser signed in as a new user."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role, tuple(branches)))
    return client


def part(client: Client, url: str, name: str):
    return client.get(url, headers={"X-Fragment": name})


def answer(client: Client, conversation: Conversation, text: str = "Sí", **fields):
    fields = {"text": text, "client_key": str(uuid4()), **fields}
    return client.post(f"/chat/{conversation.pk}/messages/", fields, headers={"X-Fragment": "answer"})


def snapshot() -> list[Any]:
    return [list(Conversation.objects.values()), list(Message.objects.values())]


def test_page_is_whole_and_strict(conversation):
    page = enter(Role.ADMINISTRATOR).get(f"/chat/{conversation.pk}/")

    html = page.content.decode()
    assert page.status_code == 200
    assert f'id="row-{conversation.pk}"' in html
    assert html.count("¿Hay lugar?") == 2
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "no-store" in page.headers["Cache-Control"]
    for inline in (" style=", "<script>", " onclick=", " onload=", "javascript:"):
        assert inline not in html


@pytest.mark.parametrize("path", ["/chat/", "/chat/?view=closed", "/chat/?view=%00&inbox=x&order=&q=%00&after=9-9-9"])
def test_list_shows_something_sensible_for_any_address(conversation, path):
    assert enter(Role.ADMINISTRATOR).get(path).status_code == 200


def test_stranger_is_led_to_the_door_and_a_script_is_told_so(conversation):
    client = Client()
    before = snapshot()
    assert client.get("/chat/").headers["Location"] == "/login/?next=/chat/"
    assert part(client, "/chat/", "list").status_code == 401
    for verb in VERBS:
        assert client.post(f"/chat/{conversation.pk}/{verb}/").status_code == 302
        assert client.post(f"/chat/{conversation.pk}/{verb}/", headers={"X-Fragment": "x"}).status_code == 401
    assert snapshot() == before


@pytest.mark.parametrize("verb", VERBS)
def test_viewer_reads_and_changes_nothing(branch, conversation, verb):
    client = enter(Role.VIEWER, branch)
    page = client.get(f"/chat/{conversation.pk}/")
    assert "¿Hay lugar?" in page.content.decode()
    assert "data-composer" not in page.content.decode()
    before = snapshot()
    fields = {"text": "Sí", "client_key": "k", "pending": "yes", "to": "me"}
    assert client.post(f"/chat/{conversation.pk}/{verb}/", fields).status_code == 403
    assert snapshot() == before


def test_other_branch_answers_like_nothing_at_all(conversation):
    client = enter(Role.OPERATOR, make_branch())
    missing = conversation.pk + 1000
    before = snapshot()
    assert str(conversation.pk) not in part(client, "/chat/", "rows").content.decode()
    for name in ("chat", "older", "controls"):
        hidden, nothing = (part(client, f"/chat/{pk}/", name) for pk in (conversation.pk, missing))
        assert (hidden.status_code, hidden.content) == (404, nothing.content)
    for verb in VERBS:
        hidden, nothing = (client.post(f"/chat/{pk}/{verb}/") for pk in (conversation.pk, missing))
        assert (hidden.status_code, hidden.content) == (404, nothing.content)
    message = conversation.last_message_id
    for verb in ("again", "sent"):
        assert client.post(f"/chat/messages/{message}/{verb}/").status_code == 404
    assert "Inbox" not in part(client, f"/chat/?inbox={conversation.inbox_id}", "list").content.decode()
    assert snapshot() == before


def test_forms_need_their_token(branch, conversation):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.OPERATOR, (branch,)))
    assert answer(client, conversation).status_code == 403
    assert Message.objects.count() == 1


def test_answer_is_drawn_as_everybody_sees_it_and_once(branch, conversation):
    client = enter(Role.OPERATOR, branch)
    key = str(uuid4())
    first = answer(client, conversation, "Sí\r\nclaro", client_key=key)
    second = answer(client, conversation, "Sí\r\nclaro", client_key=key)
    message = Message.objects.get(direction="out")
    assert message.text == "Sí\nclaro"
    assert f'id="m{message.pk}"' in first.content.decode()
    assert first.content == second.content


@pytest.mark.parametrize(
    ("_case", "fields", "words"),
    [
        ("nothing written", {"text": " \n"}, "Write something first."),
        ("too long", {"text": "x" * 4097}, "at most 4096 characters"),
        ("no key", {"client_key": ""}, "A key of 1 to 100 characters is needed."),
    ],
)
def test_refused_answer_says_why_and_keeps_the_words(branch, conversation, _case, fields, words):
    client = enter(Role.OPERATOR, branch)
    refused = answer(client, conversation, **fields)
    assert refused.status_code == 422
    assert words in refused.content.decode()
    with_page = client.post(f"/chat/{conversation.pk}/messages/", {"text": "Sí", "client_key": "k", **fields})
    assert with_page.status_code == 422
    assert words in with_page.content.decode()
    assert fields.get("text", "Sí") in with_page.content.decode()
    assert not Message.objects.filter(direction="out").exists()


def test_quote_of_another_chat_is_no_quote(branch, conversation):
    other = receive(conversation.inbox, "otra", sender="5493875550999")
    for wrong in (other.pk, 2**70, "x", "-1", ""):
        answer(enter(Role.OPERATOR, branch), conversation, reply_to=wrong)
    assert list(Message.objects.filter(direction="out").values_list("reply_to", flat=True)) == [None] * 5


def test_marks_answer_with_the_buttons_as_they_are_now(branch, conversation):
    user = make_user(Role.OPERATOR, (branch,))
    client = Client()
    client.force_login(user)
    for verb, fields in (("pending", {"pending": "yes"}), ("assign", {"to": "me"}), ("close", {})):
        drawn = client.post(f"/chat/{conversation.pk}/{verb}/", fields, headers={"X-Fragment": "answer"})
        assert drawn.status_code == 200
        assert 'id="chat-bar"' in drawn.content.decode()
    conversation.refresh_from_db()
    assert (conversation.assignee, conversation.is_pending, conversation.closed_at is None) == (user, False, False)
    assert client.post(f"/chat/{conversation.pk}/reopen/").headers["Location"] == f"/chat/{conversation.pk}/"


def test_reopening_beside_a_newer_conversation_says_why(branch, conversation):
    marks.close(conversation=conversation, actor=SYSTEM)
    receive(conversation.inbox, "de nuevo")
    refused = enter(Role.OPERATOR, branch).post(f"/chat/{conversation.pk}/reopen/", headers={"X-Fragment": "answer"})
    assert refused.status_code == 422
    assert "newer open conversation" in refused.content.decode()


def test_failed_message_is_sent_again_once_however_often_it_is_clicked(branch, conversation):
    user = make_user(Role.OPERATOR, (branch,))
    client = Client()
    client.force_login(user)
    failed = send_message(conversation=conversation, text="Hola", client_key="k", actor=actor_for_user(user))
    Message.objects.filter(pk=failed.pk).update(dispatch=Dispatch.REJECTED)
    for _ in range(2):
        assert client.post(f"/chat/messages/{failed.pk}/again/").status_code == 302
    assert Message.objects.get(resent_of=failed).text == "Hola"


def test_two_who_send_the_same_message_again_send_one(branch, conversation):
    failed = send_message(conversation=conversation, text="Hola", client_key="k", actor=SYSTEM)
    Message.objects.filter(pk=failed.pk).update(dispatch=Dispatch.REJECTED)
    clicks = [enter(Role.OPERATOR, branch).post(f"/chat/messages/{failed.pk}/again/") for _ in range(2)]
    assert [page.status_code for page in clicks] == [302, 422]
    assert Message.objects.get(resent_of=failed).text == "Hola"


def test_message_known_to_have_arrived_is_not_sent_again(branch, conversation):
    client = enter(Role.OPERATOR, branch)
    answer(client, conversation, "Sí")
    message = Message.objects.get(direction="out")
    for verb in ("again", "sent"):
        refused = client.post(f"/chat/messages/{message.pk}/{verb}/", headers={"X-Fragment": "answer"})
        assert refused.status_code == 422
    assert Message.objects.filter(direction="out").count() == 1


def test_page_speaks_spanish_to_whoever_asks_for_nothing(conversation):
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert '<html lang="es-ar"' in client.get("/chat/").content.decode()
    with translation.override("en"):
        assert '<html lang="en"' in enter(Role.ADMINISTRATOR).get("/chat/").content.decode()


def decorate(message: Message) -> None:
    """Give a message one of everything that stands in rows of its own."""
    identity, now = message.conversation.identity, timezone.now()
    Message.objects.filter(pk=message.pk).update(kind="image", edited_at=now, written_by=identity)
    make_file(message, kind="image", state=Attachment.State.GONE)
    MessageEdit.objects.create(message=message, text="antes", at=now)
    Reaction.objects.create(message=message, identity=identity, emoji="❤️", at=now)
    make_message(message.conversation, "reaction", direction="out", acts_on=message)


def test_prices_do_not_grow_with_what_is_shown(branch):
    inbox = make_inbox(branch=branch)
    user = make_user(Role.OPERATOR, (branch,))
    client = Client()
    client.force_login(user)
    first = make_conversation(inbox, sender="5493875550000")
    decorate(Message.objects.get())

    def price(url: str, name: str = "") -> int:
        headers = {"X-Fragment": name} if name else {}
        client.get(url, headers=headers)
        with CaptureQueriesContext(connection) as counted:
            assert client.get(url, headers=headers).status_code == 200
        return len(counted)

    asked = [("/chat/", ""), ("/chat/", "rows"), ("/chat/", "counts"), (f"/chat/{first.pk}/", "chat")]
    before = [price(*one) for one in asked]
    for number in range(1, 30):
        receive(inbox, "Hola", sender=f"549387555{number:04}", name=f"Persona {number}")
        answered = receive(inbox, "¿Y?", sender="5493875550000")
        answer = send_message(
            conversation=first,
            text="Sí",
            client_key=str(number),
            actor=actor_for_user(user),
            reply_to=answered,
        )
        decorate(answered)
        decorate(answer)
    receive(inbox, "¿Seguís ahí?", sender="5493875550000")
    assert [price(*one) for one in asked] == before
    assert max(before) <= 25
