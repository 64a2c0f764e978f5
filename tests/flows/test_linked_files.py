"""Files on channels that fetch them from us by link, and give us theirs by link."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from apps.conversations.actions.files import add_upload
from apps.conversations.actions.send import send_attachment
from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import Role
from apps.core.jobs import Job, enqueue
from tests.factories import make_account, make_actor, make_event, make_inbox
from tests.media.samples import VOICES, png, uploaded
from tests.providers.accounts import CREDENTIALS
from tests.providers.file_server import FileServer, file_server
from tests.providers.instagram.test_send import InstagramServer
from tests.providers.maytapi.test_send import MaytapiServer

pytestmark = pytest.mark.django_db(transaction=True)

PRODUCT = CREDENTIALS["maytapi"]["product_id"]
SERVERS = {
    "maytapi": (MaytapiServer, "MAYTAPI_URL", CREDENTIALS["maytapi"]["api_key"]),
    "instagram": (InstagramServer, "INSTAGRAM_GRAPH_URL", CREDENTIALS["instagram"]["access_token"]),
}
ADDRESSES = {"maytapi": "61007", "instagram": "17841460000000007"}


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def files() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


def told_by_maytapi(url: str) -> dict[str, Any]:
    told = "false_5493875550101@c.us_3EB0A1"
    message = {"type": "image", "id": told, "url": url, "mime": "image/png", "filename": "a.png", "caption": "Mirá"}
    return {
        "product_id": PRODUCT, "phone_id": 61007, "type": "message", "message": message,
        "conversation": "5493875550101@c.us", "user": {"id": "5493875550101@c.us"}, "timestamp": 1763800200,
    }  # fmt: skip


def told_by_instagram(url: str) -> dict[str, Any]:
    message = {"mid": "m1", "text": "Mirá", "attachments": [{"type": "image", "payload": {"url": url}}]}
    item = {"sender": {"id": "601"}, "recipient": {"id": ADDRESSES["instagram"]}, "message": message}
    return {"object": "instagram", "entry": [{"id": ADDRESSES["instagram"], "messaging": [item]}]}


TOLD = {"maytapi": told_by_maytapi, "instagram": told_by_instagram}


def hear(kind: str, url: str, run_jobs: Any) -> None:
    inbox = make_inbox(make_account(kind, credentials=CREDENTIALS[kind]), address=ADDRESSES[kind])
    make_event(inbox.account, json.dumps(TOLD[kind](url)).encode())
    enqueue(Job.PROCESS_EVENTS)
    run_jobs()


@pytest.mark.parametrize("kind", TOLD)
def test_a_file_of_theirs_is_fetched_at_once_and_without_our_key(kind, files, settings, run_jobs):
    setattr(settings, SERVERS[kind][1], files.url)
    hear(kind, files.answer("/flow/a.png", png(), headers={"Content-Type": "image/png"}), run_jobs)
    run_jobs()
    message = Message.objects.get()
    file = message.attachments.get()
    assert (message.kind, message.text, file.state, file.mime_type) == ("image", "Mirá", "ready", "image/png")
    [asked] = files.asked
    assert {"authorization", "x-maytapi-key"}.isdisjoint(name.lower() for name in asked.headers)


@pytest.mark.parametrize("kind", TOLD)
def test_a_link_to_anywhere_is_not_followed(kind, files, settings, run_jobs):
    hear(kind, files.answer("/flow/a.png", png()), run_jobs)
    run_jobs()
    assert (Attachment.objects.get().state, Message.objects.get().text, files.asked) == ("refused", "Mirá", [])


@pytest.mark.parametrize(
    ("kind", "voice_type", "mark"), [("maytapi", "audio/ogg", b"OggS"), ("instagram", "audio/mp4", b"ftyp")]
)
def test_a_voice_note_leaves_as_a_link_to_what_the_channel_takes(kind, voice_type, mark, settings, run_jobs):
    server, setting, key = SERVERS[kind]
    with server(access_token=key) as running:
        setattr(settings, setting, running.url)
        hear(kind, "https://files.example.org/nothing.png", run_jobs)
        conversation = Conversation.objects.get()
        actor = make_actor(Role.OPERATOR, (conversation.inbox.branch,))
        file_name, make = VOICES["chrome"]
        attachment = add_upload(file=uploaded(file_name, make()), actor=actor, kind="voice")
        send_attachment(conversation=conversation, attachment=attachment, client_key="v", actor=actor)
        for _ in range(3):
            run_jobs()
        [body] = [item.body for item in running.delivered if "sender_action" not in item.body]
    url = body["message"] if kind == "maytapi" else body["message"]["attachment"]["payload"]["url"]
    answer = Client().get(urlsplit(url).path)
    assert (answer.status_code, answer["Content-Type"]) == (200, voice_type)
    assert mark in b"".join(answer)[:16]
    answer.close()


def test_words_beside_a_picture_for_instagram_are_a_message_of_their_own(settings, run_jobs):
    with InstagramServer(access_token="IGAAtoken") as running:
        settings.INSTAGRAM_GRAPH_URL = running.url
        hear("instagram", "https://files.example.org/nothing.png", run_jobs)
        conversation = Conversation.objects.get()
        actor = make_actor(Role.OPERATOR, (conversation.inbox.branch,))
        attachment = add_upload(file=uploaded("a.png", png()), actor=actor)
        send_attachment(conversation=conversation, attachment=attachment, caption="Así", client_key="p", actor=actor)
        for _ in range(4):
            run_jobs()
        sent = [item.body["message"] for item in running.delivered if "message" in item.body]
    assert [next(iter(message)) for message in sent] == ["attachment", "text"]
    assert sent[1] == {"text": "Así"}
