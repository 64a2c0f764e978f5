"""Every kind of message from and to a simulated phone: the page, the wire and the journal."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import WebhookEvent
from apps.simulator.actions.phones import invent_phone
from apps.simulator.actions.samples import SAMPLES
from apps.simulator.models import Phone, PhoneFile, PhoneMessage
from providers.contents import FILE_KINDS, Files, kind_of
from providers.types import InboundMessage, MessageDeleted, MessageEdited, ReactionChanged
from tests.factories import make_account, make_branch, make_inbox, make_user
from tests.providers.meta_webhooks import sign

pytestmark = pytest.mark.django_db

FRAGMENT = {"X-Fragment": "thread"}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def phone(db) -> Phone:
    return invent_phone(inbox=make_inbox(make_account("simulator")), name="Ana", actor=SYSTEM)


@pytest.fixture
def client(phone) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(Role.OPERATOR, (phone.inbox.branch,)))
    return client


def do(client: Client, phone: Phone, path: str, **fields: Any):
    return client.post(f"/simulator/{phone.pk}/{path}/", fields, headers=FRAGMENT)


def said(phone: Phone) -> list[Any]:
    """What the phone told, as our events."""
    provider = phone.inbox.account.provider()
    return [event for row in WebhookEvent.objects.order_by("pk") for event in provider.parse(bytes(row.body))]


def wire(phone: Phone, **sent: Any):
    """Send to the phone as the adapter does."""
    body = json.dumps({"inbox": phone.inbox.address, "to": phone.address, "token": "t", **sent}).encode()
    secret = phone.inbox.account.credentials.open_for(phone.inbox.account.webhook_key)["secret"]
    headers = {"x-simulator-signature": sign(body, secret)}
    return Client().post("/simulator/wire/", body, content_type="application/json", headers=headers)


def hand_over(phone: Phone, content: bytes = b"bytes", *, secret: str = "", name: str = "a.pdf"):
    """Give the phone a file as the adapter does."""
    told = json.dumps([phone.inbox.address, name, "application/pdf"])
    secret = secret or phone.inbox.account.credentials.open_for(phone.inbox.account.webhook_key)["secret"]
    fields = {"told": told, "file": SimpleUploadedFile(name, content)}
    headers = {"x-simulator-signature": sign(told.encode(), secret)}
    return Client().post("/simulator/wire/files/", fields, headers=headers)


# From the phone ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_everything_at_hand_is_sent_as_what_it_is(client, phone, name):
    page = do(client, phone, "send", sample=name)
    assert page.status_code == 200
    [event] = said(phone)
    assert isinstance(event, InboundMessage)
    sample = SAMPLES[name]
    assert kind_of(event.content) == sample.kind
    html = page.content.decode()
    assert f"msg--{sample.kind}" in html
    assert isinstance(event.content, Files) is (sample.kind in FILE_KINDS)
    if isinstance(event.content, Files):
        key = event.content.files[0].media_id
        assert f"/simulator/files/{key}/" in html
        assert len(b"".join(client.get(f"/simulator/files/{key}/"))) == PhoneFile.objects.get().size


def test_file_of_ones_own_is_sent_with_words(client, phone):
    upload = SimpleUploadedFile(HOSTILE, b"%PDF-1.4", content_type="application/pdf")
    page = do(client, phone, "send", file=upload, text="Va")
    [event] = said(phone)
    [file] = event.content.files
    assert (event.content.caption, file.kind, file.name) == ("Va", "document", HOSTILE)
    assert HOSTILE not in page.content.decode()


def test_what_is_not_at_hand_is_not_sent(client, phone):
    assert do(client, phone, "send", sample="nothing").status_code == 422
    assert PhoneMessage.objects.count() == WebhookEvent.objects.count() == 0


def test_person_reacts_and_takes_it_back(client, phone):
    message_id = wire(phone, text="Hola").json()["id"]
    message = PhoneMessage.objects.get()
    for _ in range(2):
        do(client, phone, f"messages/{message.pk}/react", emoji="❤️")
    reactions = [event for event in said(phone) if isinstance(event, ReactionChanged)]
    assert [(one.provider_message_id, one.emoji) for one in reactions] == [(message_id, "❤️"), (message_id, "")]


def test_person_corrects_and_deletes_what_they_wrote_and_nothing_else(client, phone):
    do(client, phone, "write", text="Hol")
    mine = PhoneMessage.objects.get()
    wire(phone, text="Hola")
    ours = PhoneMessage.objects.exclude(pk=mine.pk).get()
    do(client, phone, f"messages/{mine.pk}/edit", text="Hola")
    do(client, phone, f"messages/{mine.pk}/delete")
    for verb in ("edit", "delete"):
        assert do(client, phone, f"messages/{ours.pk}/{verb}", text="x").status_code == 422
    edited, deleted = [event for event in said(phone) if isinstance(event, MessageEdited | MessageDeleted)]
    assert isinstance(edited, MessageEdited)
    assert isinstance(deleted, MessageDeleted)
    assert (edited.provider_message_id, edited.text) == (mine.message_id, "Hola")
    assert deleted.provider_message_id == mine.message_id


def test_message_of_another_phone_is_not_touched(client, phone):
    other = invent_phone(inbox=make_inbox(phone.inbox.account, make_branch()), name="Beto", actor=SYSTEM)
    message = other.messages.create(text="Hola")
    for verb in ("react", "delete", "choose", "edit", "nonsense"):
        assert do(client, phone, f"messages/{message.pk}/{verb}", emoji="x").status_code == 404
        assert do(client, other, f"messages/{message.pk}/{verb}", emoji="x").status_code == 404
    file = PhoneFile.objects.create(inbox=other.inbox, kind="document", file=SimpleUploadedFile("a", b"a"))
    assert client.get(f"/simulator/files/{file.key}/").status_code == 404


# To the phone ----------------------------------------------------------------------------------


MENU = {
    "buttons": [{"id": "a", "title": "Robótica"}],
    "list_label": "Ver",
    "sections": [{"title": "Chicos", "rows": [{"id": "b", "title": HOSTILE}]}],
}


@pytest.mark.parametrize(("choice", "text"), [("a", "Robótica"), ("b", HOSTILE)])
def test_menu_is_answered_from_the_phone(client, phone, choice, text):
    message_id = wire(phone, kind="interactive", text="¿Cuál?", menu=MENU).json()["id"]
    message = PhoneMessage.objects.get()
    assert HOSTILE not in client.get(f"/simulator/{phone.pk}/").content.decode()
    assert do(client, phone, f"messages/{message.pk}/choose", choice="z").status_code == 422
    do(client, phone, f"messages/{message.pk}/choose", choice=choice)
    answer = said(phone)[-1]
    assert (answer.content.text, answer.content.payload, answer.reply_to) == (text, choice, message_id)


def test_place_and_cards_arrive_whole(phone, client):
    wire(phone, kind="location", location={"latitude": -24.78, "longitude": -65.41, "name": "Sede"})
    wire(phone, kind="contacts", contacts=[{"name": "Nelly", "phones": ["1"]}])
    html = client.get(f"/simulator/{phone.pk}/").content.decode()
    assert "-24.78000, -65.41000" in html
    assert "Nelly" in html


def test_file_is_handed_over_and_named_by_a_message(phone, client):
    key = hand_over(phone).json()["id"]
    taken = wire(phone, kind="image", text="Mirá", file={"id": key, "name": "foto.jpg"})
    assert taken.status_code == 200
    assert PhoneFile.objects.get(key=key).name == "foto.jpg"
    assert PhoneMessage.objects.filter(file__key=key).exists()
    assert wire(phone, kind="image", file={"id": "nothing"}).json() == {"code": "no_such_file"}
    assert hand_over(phone, secret="another").status_code == 401


def test_file_goes_only_to_whoever_can_sign_its_name(phone, client):
    do(client, phone, "send", sample="document")
    key = PhoneFile.objects.get().key
    secret = phone.inbox.account.credentials.open_for(phone.inbox.account.webhook_key)["secret"]
    signed = Client().get(
        f"/simulator/wire/files/{key}/", headers={"x-simulator-signature": sign(key.encode(), secret)}
    )
    assert b"".join(signed).startswith(b"%PDF")
    assert signed["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert Client().get(f"/simulator/wire/files/{key}/").status_code == 404


def test_what_we_do_to_a_message_is_seen_on_the_phone(phone, client):
    target = wire(phone, text="Hola").json()["id"]
    acts = [("reaction", "👍"), ("edit", "Hola, Ana"), ("deletion", "")]
    for kind, text in acts:
        assert wire(phone, kind=kind, target=target, text=text).status_code == 200
    message = PhoneMessage.objects.get()
    assert (message.our_emoji, message.text, message.is_edited, message.is_deleted) == ("👍", "Hola, Ana", True, True)
    assert wire(phone, kind="edit", target="nothing", text="x").json() == {"code": "no_such_message"}
