"""An Instagram account, from its webhooks to the chat and back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.conversations.actions.acts import react
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import DeadLetter
from tests.factories import make_account, make_actor, make_event, make_inbox
from tests.providers.accounts import CREDENTIALS
from tests.providers.instagram.test_send import InstagramServer

pytestmark = pytest.mark.django_db(transaction=True)

US = "17841460000000007"
ANA = "6017700000000021"


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(make_account("instagram", credentials=CREDENTIALS["instagram"]), address=US)


@pytest.fixture
def graph(settings):
    with InstagramServer(access_token="IGAAtoken") as running:
        settings.INSTAGRAM_GRAPH_URL = running.url
        yield running


@pytest.fixture
def hear(inbox, run_jobs):
    """Let a webhook come, as many times as wanted, and be read."""

    def heard(*, copies: int = 1, ago: timedelta = timedelta(), ours: bool = False, **item: Any) -> None:
        at = int((timezone.now() - ago).timestamp() * 1000)
        sender, recipient = (US, ANA) if ours else (ANA, US)
        body = {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at, **item}
        for _ in range(copies):
            delivery = {"object": "instagram", "entry": [{"id": US, "time": at, "messaging": [body]}]}
            make_event(inbox.account, json.dumps(delivery).encode())
        enqueue(Job.PROCESS_EVENTS)
        run_jobs()

    return heard


def sends(graph: InstagramServer) -> list[Any]:
    """Return what was sent, receipts apart."""
    return [item for item in graph.received if item.body.get("sender_action") not in {"mark_seen", "typing_on"}]


def answer(text: str = "Sí", **more: Any) -> Message:
    conversation = Conversation.objects.get()
    return send_message(conversation=conversation, text=text, client_key=text[:50], **{"actor": SYSTEM, **more})


def test_a_message_is_answered_and_seen(hear, graph, run_jobs):
    hear(copies=2, message={"mid": "m1", "text": "¿Hay lugar?"})
    incoming = Message.objects.get()
    sent = answer(reply_to=incoming)
    run_jobs()
    [received] = sends(graph)
    assert received.path == f"/v25.0/{US}/messages"
    assert (received.body["recipient"], received.body["reply_to"]) == ({"id": ANA}, {"mid": "m1"})
    sent.refresh_from_db()
    assert (sent.status, sent.provider_message_id) == ("sent", received.message_id)
    hear(copies=2, read={"mid": received.message_id})
    sent.refresh_from_db()
    assert sent.status == "read"


@pytest.mark.parametrize("is_early", [True, False])
def test_a_send_and_its_echo_are_one(hear, graph, inbox, run_jobs, is_early):
    """Their echo often comes before their answer."""
    hear(message={"mid": "m1", "text": "¿Hay lugar?"})
    sent = answer()
    if is_early:
        Message.objects.filter(pk=sent.pk).update(dispatch="uncertain")
        hear(ours=True, copies=2, message={"mid": "m2", "text": "Sí", "is_echo": True})
    else:
        run_jobs()
        hear(ours=True, copies=2, message={"mid": sends(graph)[0].message_id, "text": "Sí", "is_echo": True})
    [ours] = Message.objects.filter(direction="out")
    assert (ours.pk, ours.status, ours.sender) == (sent.pk, "sent", "operator")


def test_what_was_written_in_the_app_is_ours(hear):
    hear(message={"mid": "m1", "text": "¿Hay lugar?"})
    hear(ours=True, copies=2, message={"mid": "m2", "text": "Sí, dos", "is_echo": True})
    conversation = Conversation.objects.get()
    ours = conversation.messages.get(direction="out")
    assert (ours.text, ours.sender, conversation.unread_count) == ("Sí, dos", "phone", 0)


def test_a_long_text_leaves_in_order_as_several(hear, graph, run_jobs):
    hear(message={"mid": "m1", "text": "¿Qué incluye?"})
    text = "Todos los materiales están incluidos. " * 40
    answer(text.strip())
    for _ in range(4):
        run_jobs()
    pieces = [item.body["message"]["text"] for item in sends(graph)]
    assert len(pieces) == 2
    assert all(len(piece.encode()) <= 1000 for piece in pieces)
    assert " ".join(pieces) == text.strip()


def test_a_late_answer_is_tagged_as_a_persons(hear, graph, inbox, run_jobs):
    operator = make_actor(Role.OPERATOR, (inbox.branch,))
    hear(message={"mid": "m1", "text": "¿Hay lugar?"}, ago=timedelta(hours=30))
    Conversation.objects.update(window_ends_at=timezone.now() - timedelta(hours=6))
    answer(actor=operator)
    run_jobs()
    assert [item.body.get("tag") for item in sends(graph)] == ["HUMAN_AGENT"]


def test_what_is_done_to_messages_is_shown(hear, graph, run_jobs):
    hear(message_edit={"mid": "m1", "text": "¿Hay dos lugares?", "num_edit": 1})
    hear(message={"mid": "m1", "text": "¿Hay lugar?"}, ago=timedelta(minutes=1))
    hear(reaction={"mid": "m1", "action": "react", "reaction": "love", "emoji": "❤️"})
    message = Message.objects.get()
    assert (message.text, message.edits.get().text) == ("¿Hay dos lugares?", "¿Hay lugar?")
    assert [reaction.emoji for reaction in message.reactions.all()] == ["❤️"]
    react(message=message, emoji="👍", client_key="r", actor=SYSTEM)
    run_jobs()
    assert sends(graph)[0].body["payload"] == {"message_id": "m1", "reaction": "like"}
    hear(reaction={"mid": "m1", "action": "unreact"})
    hear(message={"mid": "m1", "is_deleted": True})
    message.refresh_from_db()
    assert message.deleted_at is not None
    assert [reaction.emoji for reaction in message.reactions.filter(user=None, identity__isnull=False)] in ([], [""])


def test_a_story_is_where_somebody_came_from(hear):
    story = {"url": "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=9", "id": "18020000000000044"}
    hear(message={"mid": "m1", "text": "¡Qué lindo!", "reply_to": {"story": story}})
    assert Message.objects.get().details["referral"]["source"] == "story"
    assert DeadLetter.objects.count() == 0
