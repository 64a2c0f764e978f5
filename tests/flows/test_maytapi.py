"""A phone at Maytapi, from its webhooks to the chat and back to its queue."""

import json
from typing import Any

import pytest

from apps.conversations.actions.acts import edit_message, react, withdraw_message
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Kind, Message
from apps.core.actors import SYSTEM
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import AccountNotice, DeadLetter, Inbox
from apps.people.models import Identity
from tests.factories import make_account, make_event, make_inbox
from tests.providers.accounts import CREDENTIALS
from tests.providers.maytapi.test_send import MaytapiServer, refused

pytestmark = pytest.mark.django_db(transaction=True)

PRODUCT = CREDENTIALS["maytapi"]["product_id"]
ANA = "5493875550101@c.us"
GROUP = "120363041122334455@g.us"


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(make_account("maytapi", credentials=CREDENTIALS["maytapi"]), address="61007")


@pytest.fixture
def maytapi(settings):
    with MaytapiServer(access_token=CREDENTIALS["maytapi"]["api_key"]) as running:
        settings.MAYTAPI_URL = running.url
        yield running


@pytest.fixture
def hear(inbox, run_jobs):
    """Let a webhook come, as many times as wanted, and be read."""

    def heard(type_: str, *, copies: int = 1, phone: str = "61007", **more: Any) -> None:
        body = {"product_id": PRODUCT, "phone_id": int(phone), "type": type_, **more}
        for _ in range(copies):
            make_event(inbox.account, json.dumps(body).encode())
        enqueue(Job.PROCESS_EVENTS)
        run_jobs()

    return heard


def written(
    word: str, text: str = "Hola", *, chat: str = ANA, mine: bool = False, author: str = "", **more: Any
) -> Any:
    told = f"{'true' if mine else 'false'}_{chat}_{word}" + (f"_{author}" if author else "")
    user = more.pop("user", {"id": author or chat, "name": "Ana"})
    message = {"type": "text", "text": text, "id": told, "_serialized": told, "fromMe": mine, **more.pop("fields", {})}
    return {
        "message": message, "user": user, "conversation": chat, "receiver": "5493874440000", "timestamp": 1763800200,
        **more,
    }  # fmt: skip


def ack(*rows: dict[str, Any]) -> Any:
    return {"data": [{"chatId": ANA, "time": 1763800300, **row} for row in rows]}


def answer(text: str = "Sí", **more: Any) -> Message:
    conversation = Conversation.objects.get()
    return send_message(conversation=conversation, text=text, client_key=text, actor=SYSTEM, **more)


def state(message: Message) -> str:
    return str(Message.objects.get(pk=message.pk).status)


def test_an_answer_waits_at_maytapi_and_then_climbs(hear, maytapi, run_jobs):
    # given a person who writes, told twice
    hear("message", copies=2, **written("3EB0A1"))
    incoming = Message.objects.get()
    # when somebody answers
    sent = answer(reply_to=incoming)
    run_jobs()
    # then it is queued there, and their first ack only says that it left
    [received] = maytapi.received
    assert received.body["reply_to"] == f"false_{ANA}_3EB0A1"
    assert state(sent) == "queued"
    seen = []
    for code, name in ((1, "delivered"), (2, "reached"), (3, "seen")):
        row = {"ackCode": code, "ackType": name, "msgId": received.message_id, "rxid": f"true_{ANA}_3EB0B1"}
        hear("ack", copies=2, **ack(row))
        seen.append(state(sent))
    assert seen == ["sent", "delivered", "read"]
    run_jobs()
    assert len(maytapi.received) == 1


@pytest.mark.parametrize("order", ["echo first", "ack first"])
def test_a_send_and_its_echo_are_one(hear, maytapi, run_jobs, order):
    hear("message", **written("3EB0A1"))
    sent = answer()
    run_jobs()
    told = [
        ("message", written("3EB0B1", "Sí", mine=True)),
        ("ack", ack({"ackCode": 3, "msgId": maytapi.received[0].message_id, "rxid": f"true_{ANA}_3EB0B1"})),
    ]
    for type_, body in told if order == "echo first" else reversed(told):
        hear(type_, **body)
    [ours] = Message.objects.filter(direction="out")
    assert (ours.pk, ours.status, ours.sender) == (sent.pk, "read", "operator")
    # and what is said of the echo is said of the send
    hear("ack", **ack({"msgId": f"true_{ANA}_3EB0B1", "reaction": "👍", "reactorId": ANA}))
    assert [reaction.emoji for reaction in sent.reactions.all()] == ["👍"]


def test_what_the_phone_wrote_is_ours(hear):
    hear("message", **written("3EB0A1"))
    hear("message", copies=2, **written("3EB0B1", "Desde el teléfono", mine=True))
    conversation = Conversation.objects.get()
    phone = conversation.messages.get(direction="out")
    assert (phone.text, phone.sender, conversation.unread_count) == ("Desde el teléfono", "phone", 0)


def test_a_queued_send_that_fails_later_says_so(hear, maytapi, run_jobs):
    hear("message", **written("3EB0A1"))
    sent = answer()
    run_jobs()
    hear("error", code="F04", message="Options are required.", data={"id": maytapi.received[0].message_id})
    sent.refresh_from_db()
    assert (sent.status, sent.error_code) == ("failed", "F04")


def test_a_send_without_an_answer_is_not_repeated(hear, maytapi, run_jobs):
    maytapi.script(refused(None, http_status=502))
    hear("message", **written("3EB0A1"))
    sent = answer()
    run_jobs()
    run_jobs()
    assert (state(sent), len(maytapi.received)) == ("uncertain", 1)


def test_a_starting_phone_is_tried_again(hear, maytapi, run_jobs):
    maytapi.script(refused("Lib not loaded", code="W05"))
    hear("message", **written("3EB0A1"))
    sent = answer()
    run_jobs()
    sent.refresh_from_db()
    assert (sent.dispatch, sent.attempts) == ("waiting", 1)


def test_changes_before_their_message_wait_for_it(hear):
    mid = f"false_{ANA}_3EB0A1"
    hear("ack", **ack({"msgId": mid, "rxid": mid, "text": "Hola, ¿abren?"}))
    hear("ack", **ack({"msgId": mid, "reaction": "🙏", "reactorId": ANA}))
    hear("message", **written("3EB0A1"))
    message = Message.objects.get()
    assert (message.text, [edit.text for edit in message.edits.all()]) == ("Hola, ¿abren?", ["Hola"])
    assert message.reactions.get().emoji == "🙏"
    hear("ack", **ack({"ackCode": 5, "msgId": mid}))
    message.refresh_from_db()
    assert message.deleted_at is not None


def test_what_we_do_to_messages_leaves_in_their_words(hear, maytapi, run_jobs):
    hear("message", **written("3EB0A1"))
    incoming = Message.objects.get()
    sent = answer()
    run_jobs()
    uuid = maytapi.received[0].message_id
    hear("ack", **ack({"ackCode": 1, "msgId": uuid, "rxid": f"true_{ANA}_3EB0B1"}))
    react(message=incoming, emoji="👍", client_key="r", actor=SYSTEM)
    edit_message(message=Message.objects.get(pk=sent.pk), text="Claro", client_key="e", actor=SYSTEM)
    run_jobs()
    withdraw_message(message=Message.objects.get(pk=sent.pk), client_key="w", actor=SYSTEM)
    run_jobs()
    acts = [(item.body["type"], item.body["message"], item.body.get("text")) for item in maytapi.received[1:]]
    assert acts == [("reaction", f"false_{ANA}_3EB0A1", "👍"), ("edit", uuid, "Claro"), ("delete", uuid, None)]


def test_a_group_is_one_conversation_whoever_writes(hear, maytapi, run_jobs):
    nobody = {"id": "", "name": "", "phone": ""}
    group: dict[str, Any] = {"chat": GROUP, "conversation_name": "Turno tarde"}
    hear("message", **written("3EB0C1", author=ANA, **group))
    hear("message", **written("3EB0C1", author="130204815519882@lid", **group))  # once more, its author hidden
    hear("message", **written("3EB0C2", author="130204815519882@lid", user=nobody, **group))
    hear("message", **written("3EB0C3", user=nobody, **group))
    info = {
        "type": "info",
        "subtype": "group/add",
        "participant": "5493875550144@c.us",
        "id": None,
        "_serialized": None,
    }
    hear("message", copies=5, **written("x", user=nobody, fields=info, **group))
    conversation = Conversation.objects.get()
    assert list(conversation.messages.order_by("pk").values_list("kind", "written_by__scope")) == [
        ("text", "phone"),
        ("text", "lid"),
        ("text", None),  # nobody says who
        (Kind.SYSTEM, "phone"),
    ]
    assert (conversation.identity.scope, conversation.identity.address) == ("group", GROUP)
    answer("A las 9")
    run_jobs()
    assert maytapi.received[0].body["to_number"] == GROUP
    assert DeadLetter.objects.count() == 0


def test_a_hidden_number_that_comes_to_light_is_one_person(hear):
    lid = "130204815519882"
    hear("message", **written("3EB0D1", chat=f"{lid}@lid", user={"id": f"{lid}@lid", "name": "Ana", "phone": lid}))
    hear("message", **written("3EB0D2", chat=f"{lid}@lid", user={"id": f"{lid}@lid", "phone": "5493875550101"}))
    assert set(Identity.objects.values_list("scope", "address")) == {("lid", lid), ("phone", "5493875550101")}
    assert len(set(Identity.objects.values_list("person", flat=True))) == 1


def test_a_phone_that_leaves_stops_its_inbox_alone(hear, inbox, maytapi, run_jobs):
    other = make_inbox(inbox.account, address="61008")
    hear("message", **written("3EB0A1"))
    hear("status", status="qr-code", pid=PRODUCT)
    sent = answer()
    run_jobs()
    assert (state(sent), len(maytapi.received)) == ("queued", 0)
    paused = dict(Inbox.objects.values_list("address", "is_paused"))
    assert paused == {"61007": True, other.address: False}
    assert [(notice.code, notice.level, notice.text) for notice in AccountNotice.objects.all()] == [
        ("phone_status", "problem", "qr-code")
    ]
    hear("status", status="active", pid=PRODUCT)
    run_jobs()
    assert len(maytapi.received) == 1


def test_a_phone_that_is_back_sends_what_waited_for_it(hear, inbox, maytapi, run_jobs):
    maytapi.script(refused("phone not connected"))
    hear("message", **written("3EB0A1"))
    sent, more = answer(), answer("Y también")
    run_jobs()
    inbox.account.refresh_from_db()
    assert (inbox.account.state, inbox.account.state_reason) == ("needs_auth", "phone_disconnected")
    assert [Message.objects.get(pk=one.pk).dispatch for one in (sent, more)] == ["needs_auth", "queued"]
    hear("status", status="active", pid=PRODUCT)
    for _ in range(3):
        run_jobs()
    inbox.account.refresh_from_db()
    assert inbox.account.state == "ok"
    assert [item.body["message"] for item in maytapi.delivered] == ["Sí", "Y también"]


def test_another_phone_is_nobodys_message(hear):
    hear("message", phone="99999", **written("3EB0A1"))
    assert (Message.objects.count(), DeadLetter.objects.count()) == (0, 0)
