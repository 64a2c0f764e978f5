"""Conversations and messages: marked, assigned, sent again by the same verbs as in the chat page."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.conversations.models import Conversation, Message
from apps.core.models import LiveEvent
from apps.people.models import Person, PersonTag, Tag
from tests.admin.conftest import Enter, send
from tests.admin.house import House

CONFIRMED = {"_form_submitted": "True"}


def post(enter: Enter, row: Any, verb: str, **sent: Any) -> str:
    """Send a dialog of a row's page as the supervisor, and return the page it leads to."""
    client = enter("supervisor")
    path = f"/admin/conversations/{row._meta.model_name}/{row.pk}/"
    client.post(f"{path}{verb}/", {**CONFIRMED, **sent})
    row.refresh_from_db()
    return client.get(f"{path}change/").content.decode()


def test_pending_goes_on_and_off(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    was = chat.is_pending
    post(enter, chat, "toggle_pending")
    assert chat.is_pending is not was
    post(enter, chat, "toggle_pending")
    assert chat.is_pending is was


def test_a_conversation_is_assigned(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    assert "Quedó a cargo de" in post(enter, chat, "assign", assignee=built.own[User].pk)
    assert chat.assignee == built.own[User]
    assert "Quedó sin asignar" in post(enter, chat, "assign", assignee="")
    assert chat.assignee is None


def test_nobody_of_another_branch_can_be_given_it(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    post(enter, chat, "assign", assignee=built.foreign[User].pk)
    assert chat.assignee is None


def test_it_is_closed_and_opened_again(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    post(enter, chat, "toggle_open")
    assert chat.closed_at is not None
    post(enter, chat, "toggle_open")
    assert chat.closed_at is None


def test_what_the_action_refuses_is_said(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    post(enter, chat, "toggle_open")
    Conversation.objects.create(inbox=chat.inbox, identity=chat.identity, person=chat.person)
    assert "Hay una conversación abierta más nueva" in post(enter, chat, "toggle_open")
    assert chat.closed_at is not None


@pytest.mark.parametrize(("name", "is_pending"), [("mark_pending", True), ("unmark_pending", False)])
def test_several_are_marked_at_once(name: str, is_pending: bool, built: House, enter: Enter) -> None:
    sent = {"action": name, "_selected_action": [built.own[Conversation].pk]}
    Conversation.objects.update(is_pending=not is_pending, pending_since=None if is_pending else "2026-11-22T10:00Z")
    enter("supervisor").post("/admin/conversations/conversation/", sent)
    assert Conversation.objects.get(pk=built.own[Conversation].pk).is_pending is is_pending


def test_the_page_leads_to_the_chat(built: House, enter: Enter) -> None:
    chat = built.own[Conversation]
    for page in (f"conversation/{chat.pk}", f"message/{built.own[Message].pk}"):
        html = enter("supervisor").get(f"/admin/conversations/{page}/change/").content.decode()
        assert f'href="/chat/{chat.pk}/"' in html


def test_an_uncertain_message_counts_as_sent_by_a_persons_word(built: House, enter: Enter) -> None:
    message = built.own[Message]
    post(enter, message, "settle_as_sent")
    assert message.sent_at is not None


def test_an_uncertain_message_is_sent_again(built: House, enter: Enter) -> None:
    message = built.own[Message]
    assert "otra vez en la cola" in post(enter, message, "resend")
    again = Message.objects.get(resent_of=message)
    assert (again.text, again.dispatch, again.author) == (message.text, "queued", built.users["supervisor"])


def test_only_what_fits_the_state_is_offered(built: House, enter: Enter) -> None:
    received = Message.objects.get(conversation=built.own[Conversation], direction="in")
    client = enter("supervisor")
    assert "/resend/" not in client.get(f"/admin/conversations/message/{received.pk}/change/").content.decode()
    assert "/resend/" in client.get(f"/admin/conversations/message/{built.own[Message].pk}/change/").content.decode()


@pytest.mark.parametrize("term", ["ana de centro", "Ána", "5493875500006", "hola desde"])
def test_conversations_are_found_as_in_the_chat_page(term: str, built: House, enter: Enter) -> None:
    page = enter("supervisor").get("/admin/conversations/conversation/", {"q": term})
    assert [row.pk for row in page.context["cl"].result_list] == [built.own[Conversation].pk]


def test_a_person_gets_a_tag_and_who_put_it_is_noted(built: House, enter: Enter) -> None:
    person, tag = built.own[Person], Tag.objects.create(name="Robótica", slug="robotica")
    sent = {"name": "Ana María", "person_tags-TOTAL_FORMS": 2, "person_tags-1-tag": tag.pk}
    kept = PersonTag.objects.get(person=person)
    sent |= {"person_tags-0-id": kept.pk, "person_tags-0-tag": kept.tag_id, "person_tags-0-person": person.pk}
    answer = send(enter("supervisor"), f"/admin/people/person/{person.pk}/change/", sent)
    assert answer.status_code == 302
    person.refresh_from_db()
    assert person.name == "Ana María"
    assert PersonTag.objects.get(person=person, tag=tag).created_by == built.users["supervisor"]
    assert LiveEvent.objects.filter(kind="person_changed", person_id=person.pk).exists()


def test_a_tag_of_a_foreign_person_cannot_be_taken_through_an_own_one(built: House, enter: Enter) -> None:
    foreign = PersonTag.objects.get(person=built.foreign[Person])
    sent = {
        "name": "Ana",
        "person_tags-0-id": foreign.pk,
        "person_tags-0-DELETE": "on",
        "person_tags-0-tag": foreign.tag_id,
    }
    send(enter("supervisor"), f"/admin/people/person/{built.own[Person].pk}/change/", sent)
    assert PersonTag.objects.filter(pk=foreign.pk).exists()
