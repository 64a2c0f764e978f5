"""What people do on simulated phones, through the page as it is."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import WebhookEvent
from apps.simulator.actions.phones import invent_phone, report_status
from apps.simulator.actions.taking import take_message
from apps.simulator.models import Phone, PhoneMessage
from providers.simulator import wire
from tests.factories import make_account, make_inbox, make_user, receive
from tests.providers.meta_webhooks import sign

pytestmark = pytest.mark.django_db

FRAGMENT = {"X-Fragment": "thread"}


@pytest.fixture
def inbox(db):
    return make_inbox(make_account("simulator"))


@pytest.fixture
def phone(inbox):
    return invent_phone(inbox=inbox, name="Ana", actor=SYSTEM)


def signed_in(role=Role.OPERATOR, *branches) -> Client:
    client = Client()
    client.force_login(make_user(role, branches))
    return client


def arrived(phone: Phone, text: str = "Hola", **fields: str) -> PhoneMessage:
    sent = wire.Send(inbox=phone.inbox.address, to=phone.address, text=text, **fields)
    return PhoneMessage.objects.get(message_id=take_message(inbox=phone.inbox, sent=sent, actor=SYSTEM))


def told() -> list[tuple[str, str]]:
    """What the phones told the journal: (status, token) of each item."""
    items = [json.loads(bytes(event.body))["items"] for event in WebhookEvent.objects.order_by("pk")]
    return [(item["status"], item["token"]) for event in items for item in event]


# People and what they write ----------------------------------------------------------------


def test_newcomer_is_told_what_to_do():
    page = signed_in(Role.ADMINISTRATOR).get("/simulator/")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    html = page.content.decode()
    assert "style=" not in html
    assert not re.search(r"<script(?![^>]*src)", html)


def test_invented_person_writes_and_the_house_has_it(inbox, run_jobs):
    client = signed_in(Role.OPERATOR, inbox.branch)
    answer: Any = client.post("/simulator/new/", {"name": "  Ana  ", "inbox": inbox.pk})
    phone = Phone.objects.get()
    assert (phone.name, phone.inbox, answer.url) == ("Ana", inbox, f"/simulator/{phone.pk}/")

    client.post(answer.url + "write/", {"text": "¿Hay lugar?\r\nGracias"})
    before = client.get(answer.url, headers=FRAGMENT).content.decode()
    run_jobs()
    after = client.get(answer.url, headers=FRAGMENT).content.decode()

    message = Message.objects.get()
    assert (message.text, message.conversation.person.name) == ("¿Hay lugar?\nGracias", "Ana")
    assert message.conversation.identity.address == phone.address
    assert ("#check" in before, "#checks" in before, "#checks" in after) == (True, False, True)


def test_person_who_wrote_before_is_picked_with_the_last_words(inbox, run_jobs):
    receive(inbox, "Hola", sender="5493875550999", name="Bruno", message_id="old-1")
    client = signed_in(Role.OPERATOR, inbox.branch)
    assert "Bruno" in client.get("/simulator/").content.decode()

    first: Any = client.post("/simulator/pick/", {"conversation": Conversation.objects.get().pk})

    phone = Phone.objects.get()
    assert (phone.name, phone.address, first.url) == ("Bruno", "5493875550999", f"/simulator/{phone.pk}/")
    assert [(m.text, m.status, m.message_id) for m in phone.messages.all()] == [("Hola", "written", "old-1")]
    again = client.post("/simulator/pick/", {"conversation": Conversation.objects.get().pk})
    assert (again.status_code, Phone.objects.count()) == (404, 1)


@pytest.mark.parametrize("chosen", ["", "x", "-1", "²", "9" * 20, "9" * 5000])
def test_nobody_is_picked_by_what_is_no_conversation(chosen):
    assert signed_in(Role.ADMINISTRATOR).post("/simulator/pick/", {"conversation": chosen}).status_code == 404


def test_what_is_written_stays_text(phone, inbox):
    client = signed_in(Role.OPERATOR, inbox.branch)
    thread = client.post(f"/simulator/{phone.pk}/write/", {"text": "<img src=x onerror=alert(1)>"}, headers=FRAGMENT)
    assert "&lt;img src=x onerror=alert(1)&gt;" in thread.content.decode()


@pytest.mark.parametrize(("_case", "text"), [("empty", "  \n "), ("too long", "a" * 4097)])
def test_words_that_cannot_be_sent_are_given_back(phone, inbox, _case, text):
    client = signed_in(Role.OPERATOR, inbox.branch)
    page = client.post(f"/simulator/{phone.pk}/write/", {"text": text})
    part = client.post(f"/simulator/{phone.pk}/write/", {"text": text}, headers=FRAGMENT)
    assert (page.status_code, part.status_code) == (422, 422)
    assert "data-error" in part.content.decode()
    assert (PhoneMessage.objects.count(), WebhookEvent.objects.count()) == (0, 0)


def test_words_no_database_can_hold_are_written_without_them(phone, inbox):
    client = signed_in(Role.OPERATOR, inbox.branch)
    fields = {"text": "Ho\0la", "quoted": "a\0b"}
    assert client.post(f"/simulator/{phone.pk}/write/", fields, headers=FRAGMENT).status_code == 200
    assert phone.messages.get().text == "Hola"


def test_answer_quotes_what_is_on_the_phone_and_nothing_else(phone, inbox, run_jobs):
    ours = arrived(phone, "¿Te anoto?")
    client = signed_in(Role.OPERATOR, inbox.branch)
    client.post(f"/simulator/{phone.pk}/write/", {"text": "Sí", "quoted": ours.message_id})
    client.post(f"/simulator/{phone.pk}/write/", {"text": "No", "quoted": "something else"})
    run_jobs()
    quoted = dict(Message.objects.filter(direction="in").values_list("text", "reply_to_provider_id"))
    assert quoted == {"Sí": ours.message_id, "No": ""}


# Ticks -------------------------------------------------------------------------------------


def test_ticks_only_go_forward_and_are_told_once(phone):
    message = arrived(phone, token="t-1")
    for status in ("delivered", "delivered", "read", "delivered", "failed", "read"):
        report_status(phone=phone, status=status, actor=SYSTEM)
    message.refresh_from_db()
    assert message.status == "read"
    assert told() == [("sent", "t-1"), ("delivered", "t-1"), ("read", "t-1")]


def test_several_messages_are_read_in_one_delivery(phone, inbox):
    for number in range(3):
        arrived(phone, token=f"t-{number}")
    client = signed_in(Role.OPERATOR, inbox.branch)
    client.post(f"/simulator/{phone.pk}/seen/")
    assert WebhookEvent.objects.count() == 3 + 2
    assert told()[3:] == [(s, f"t-{n}") for s in ("delivered", "read") for n in range(3)]


def test_by_hand_nothing_comes_by_itself(phone, inbox):
    first, second = arrived(phone), arrived(phone)
    client = signed_in(Role.OPERATOR, inbox.branch)
    client.post(f"/simulator/{phone.pk}/ticks/")
    client.post(f"/simulator/{phone.pk}/seen/")
    assert set(phone.messages.values_list("status", flat=True)) == {"sent"}

    client.post(f"/simulator/{phone.pk}/messages/{first.pk}/", {"status": "failed"})
    client.post(f"/simulator/{phone.pk}/messages/{second.pk}/", {"status": "read"})

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("failed", "read")
    items = [json.loads(bytes(event.body))["items"][0] for event in WebhookEvent.objects.order_by("pk")]
    assert [(item["status"], item["code"]) for item in items[2:]] == [("failed", "phone_off"), ("read", None)]
    for status in ("sent", "written", "nonsense", ""):
        answer = client.post(f"/simulator/{phone.pk}/messages/{first.pk}/", {"status": status})
        assert answer.status_code == 400


# The wire ----------------------------------------------------------------------------------


def post_wire(body: bytes, signature: str, **more):
    return Client().post(
        "/simulator/wire/", body, content_type="application/json", headers={"X-Simulator-Signature": signature}, **more
    )


def send_body(inbox, /, **fields) -> bytes:
    return json.dumps(
        {"inbox": inbox.address, "to": "5493875550101", "text": "Hola", "token": "t-1", **fields}
    ).encode()


def test_signed_send_lands_on_the_phone(phone, inbox):
    body = send_body(inbox, to=phone.address, reply_to="phone-1")
    answer = post_wire(body, sign(body, inbox.account.credentials["secret"]))
    message = phone.messages.get()
    assert answer.json() == {"id": message.message_id}
    assert (message.text, message.quoted_id, message.token, message.status) == ("Hola", "phone-1", "t-1", "sent")
    assert told() == [("sent", "t-1")]


def test_send_to_somebody_without_a_phone_gives_them_one(inbox):
    body = send_body(inbox)
    assert post_wire(body, sign(body, inbox.account.credentials["secret"])).status_code == 200
    assert Phone.objects.get().address == "5493875550101"


@pytest.mark.parametrize(
    ("_case", "secret", "fields"),
    [
        ("wrong secret", "another", {}),
        ("no secret", "", {}),
        ("unknown inbox", None, {"inbox": "elsewhere"}),
        ("inbox of no kind", None, {"inbox": None}),
        ("inbox no database can hold", None, {"inbox": "a\0b"}),
        ("inbox of half a character", None, {"inbox": "\ud800"}),
    ],
)
def test_send_without_proof_is_refused(inbox, _case, secret, fields):
    body = send_body(inbox, **fields)
    signature = sign(body, inbox.account.credentials["secret"] if secret is None else secret)
    assert post_wire(body, signature).status_code == 401
    assert (Phone.objects.count(), PhoneMessage.objects.count(), WebhookEvent.objects.count()) == (0, 0, 0)


def test_wire_says_nothing_to_strangers(inbox):
    client = Client()
    assert client.get("/simulator/wire/").status_code == 401
    assert client.post("/simulator/wire/").status_code == 401
    for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
        assert post_wire(body, sign(body, inbox.account.credentials["secret"])).status_code == 401


def test_signed_nonsense_is_a_bad_request(inbox):
    body = send_body(inbox, text=[7])
    assert post_wire(body, sign(body, inbox.account.credentials["secret"])).status_code == 400


def test_account_that_is_off_takes_nothing(inbox):
    inbox.account.is_active = False
    inbox.account.save()
    body = send_body(inbox)
    assert post_wire(body, sign(body, inbox.account.credentials["secret"])).status_code == 401


# Doors -------------------------------------------------------------------------------------


def urls(phone: Phone, message: PhoneMessage) -> list[tuple[str, str]]:
    own = f"/simulator/{phone.pk}/"
    return [
        ("get", own),
        ("post", own + "write/"),
        ("post", own + "seen/"),
        ("post", own + "ticks/"),
        ("post", f"{own}messages/{message.pk}/"),
    ]


def test_stranger_is_led_to_the_door(phone):
    message = arrived(phone)
    client = Client()
    for method, url in [*urls(phone, message), ("get", "/simulator/"), ("post", "/simulator/new/")]:
        assert getattr(client, method)(url).url.startswith("/login/"), url
        assert getattr(client, method)(url, headers=FRAGMENT).status_code == 401, url


def test_viewer_may_not_use_phones(phone, inbox):
    message = arrived(phone)
    client = signed_in(Role.VIEWER, inbox.branch)
    for method, url in [*urls(phone, message), ("get", "/simulator/"), ("post", "/simulator/new/")]:
        assert getattr(client, method)(url).status_code == 403, url
    assert WebhookEvent.objects.count() == 1


def test_phone_of_another_branch_does_not_exist(phone, inbox):
    message = arrived(phone)
    receive(inbox, "Hola", sender="5493875550999", name="Bruno")
    client = signed_in(Role.OPERATOR, make_inbox(make_account("simulator")).branch)
    for method, url in urls(phone, message):
        there, nowhere = getattr(client, method)(url), getattr(client, method)(url.replace(str(phone.pk), "999999"))
        assert (there.status_code, nowhere.status_code) == (404, 404), url
    page = client.get("/simulator/").content.decode()
    assert "Ana" not in page
    assert "Bruno" not in page
    refused = client.post("/simulator/new/", {"name": "Eva", "inbox": inbox.pk})
    assert (refused.status_code, Phone.objects.count()) == (422, 1)
    picked = client.post("/simulator/pick/", {"conversation": Conversation.objects.get().pk})
    assert (picked.status_code, Phone.objects.count()) == (404, 1)


def test_message_of_another_phone_is_not_touched(phone, inbox):
    foreign = arrived(invent_phone(inbox=inbox, name="Otro", actor=SYSTEM))
    client = signed_in(Role.OPERATOR, inbox.branch)
    client.post(f"/simulator/{phone.pk}/messages/{foreign.pk}/", {"status": "read"})
    foreign.refresh_from_db()
    assert foreign.status == "sent"
