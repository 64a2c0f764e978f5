"""Files of ours are made ready as their channel takes them, before their message leaves."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import av
import pytest
from django.db.models import F
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from apps.conversations.actions import limits, prepare
from apps.conversations.actions.files import add_upload
from apps.conversations.actions.prepare import SOUNDS, Preparation, claim_preparing, needed_type, record_ready
from apps.conversations.actions.send import send_attachment, send_message
from apps.conversations.media_tasks import prepare_messages, sweep_media
from apps.conversations.models import Attachment, Conversation, Message
from apps.conversations.tasks import deliver_messages
from apps.core.actors import SYSTEM, Actor, Role
from apps.core.file_types import HEAD_BYTES
from apps.inboxes.models import Inbox, ProviderAccount
from providers import registry
from tests.factories import make_actor, make_inbox, receive
from tests.media.samples import GPS, VOICES, film, photo, picture, sound, uploaded
from tests.providers.graph_behaviour import graph_error
from tests.providers.graph_server import GraphServer


@pytest.fixture
def chat(graph: GraphServer) -> Conversation:
    return receive(make_inbox()).conversation


@pytest.fixture
def operator(chat: Conversation) -> Actor:
    return make_actor(Role.OPERATOR, (chat.inbox.branch,))


def send(chat: Conversation, actor: Actor, name: str, content: bytes, kind: str = "", caption: str = "") -> Message:
    attachment = add_upload(file=uploaded(name, content), actor=actor, kind=kind)
    return send_attachment(
        conversation=chat, attachment=attachment, caption=caption, client_key=name or "key", actor=actor
    )


def the_file() -> Attachment:
    return Attachment.objects.get()


def where(message: Message) -> tuple[str, str, str]:
    message.refresh_from_db()
    return message.dispatch, message.status, message.error_code


def wait_seconds(message: Message) -> float:
    message.refresh_from_db()
    assert message.next_attempt_at is not None
    return (message.next_attempt_at - timezone.now()).total_seconds()


def pass_time(**age: float) -> None:
    Message.objects.update(next_attempt_at=F("next_attempt_at") - timedelta(**age))


@pytest.mark.parametrize("browser", VOICES)
def test_a_voice_note_of_a_browser_leaves_as_ogg_opus_mono(
    graph: GraphServer, chat: Conversation, operator: Actor, browser: str
):
    name, make = VOICES[browser]
    message = send(chat, operator, name, make(), kind="voice")
    assert where(message) == ("preparing", "queued", "")

    assert prepare_messages() == "1 messages"
    assert where(message) == ("queued", "queued", "")
    deliver_messages()
    assert where(message) == ("accepted", "sent", "")

    (stored,) = graph.objects.uploads
    assert (stored.mime_type, stored.name) == ("audio/ogg", "voice.ogg")
    with av.open(io.BytesIO(stored.content)) as made:
        stream = made.streams.audio[0]
        assert (made.format.name, stream.codec_context.name, stream.channels) == ("ogg", "opus", 1)
    audio = graph.received[0].body["audio"]
    assert graph.objects.media[audio["id"]] is stored
    assert audio["voice"] is True


def test_what_is_ready_already_is_not_made_over(graph: GraphServer, chat: Conversation, operator: Actor):
    content = sound("ogg", "libopus")
    send(chat, operator, "nota.ogg", content, kind="voice")
    prepare_messages()
    assert graph.objects.uploads[0].content == content
    assert not the_file().channel_file


def test_two_channels_of_sound_become_one(graph: GraphServer, chat: Conversation, operator: Actor):
    send(chat, operator, "nota.ogg", sound("ogg", "libopus", layout="stereo"), kind="voice")
    prepare_messages()
    with av.open(io.BytesIO(graph.objects.uploads[0].content)) as made:
        assert made.streams.audio[0].channels == 1


def test_a_photo_leaves_without_what_the_camera_told(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "aula.jpg", photo(), caption="El aula")
    prepare_messages()
    deliver_messages()
    (stored,) = graph.objects.uploads
    assert (stored.mime_type, stored.name, GPS.encode() in stored.content) == ("image/jpeg", "aula.jpg", False)
    assert graph.received[0].body["image"]["caption"] == "El aula"
    assert where(message) == ("accepted", "sent", "")


def test_what_the_camera_told_behind_the_picture_is_found_too(chat: Conversation):
    content = picture("PNG") + bytes(HEAD_BYTES) + b"eXIf" + GPS.encode()
    claim = Preparation(
        message=Message(conversation=chat, inbox=chat.inbox, kind="image"),
        attachment=Attachment(mime_type="image/png", size=len(content)),
        attempt=1,
    )
    assert needed_type(claim, io.BytesIO(content)) == "image/png"
    assert needed_type(claim, io.BytesIO(picture("PNG"))) == ""


@pytest.mark.parametrize(
    ("name", "make", "kind", "mime_type", "sent_name", "form"),
    [
        ("risa.webp", lambda: picture("WEBP"), "", "image/jpeg", "risa.jpg", "image"),
        ("risa.png", lambda: picture("PNG"), "sticker", "image/webp", "risa.webp", "sticker"),
        ("plan.pdf", lambda: b"%PDF-1.7\n", "", "application/pdf", "plan.pdf", "document"),
        ("aula.png", lambda: picture("PNG"), "", "image/png", "aula.png", "image"),
        ("clase.mp4", film, "", "video/mp4", "clase.mp4", "video"),
        ("tema.wav", lambda: sound("wav", "pcm_s16le"), "", "audio/ogg", "tema.ogg", "audio"),
    ],
)
def test_every_file_becomes_what_the_channel_takes(
    graph: GraphServer,
    chat: Conversation,
    operator: Actor,
    name: str,
    make: Callable[[], bytes],
    kind: str,
    mime_type: str,
    sent_name: str,
    form: str,
):
    send(chat, operator, name, make(), kind=kind)
    prepare_messages()
    deliver_messages()
    (stored,) = graph.objects.uploads
    assert (stored.mime_type, stored.name) == (mime_type, sent_name)
    assert graph.received[0].body["type"] == form
    if form == "sticker":
        with Image.open(io.BytesIO(stored.content)) as made:
            assert made.size == (512, 512)


def test_what_cannot_be_made_to_fit_is_rejected_in_words(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "rota.webp", picture("WEBP")[:40])
    prepare_messages()
    assert where(message) == ("rejected", "failed", "file_type")
    assert message.error_text == "The file could not be made into a format of this channel."
    assert graph.objects.uploads == []


def test_later_messages_of_the_chat_wait_for_the_file(graph: GraphServer, chat: Conversation, operator: Actor):
    send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    words = send_message(conversation=chat, text="Ahí va", client_key="2", actor=operator)
    deliver_messages()
    assert where(words) == ("queued", "queued", "")
    prepare_messages()
    deliver_messages()
    assert [item.body["type"] for item in graph.received] == ["document", "text"]


def test_an_upload_that_was_not_taken_is_tried_again(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    pauses = []
    for _ in range(4):
        graph.objects.script(graph_error(130429, http_status=429))
        assert prepare_messages() == "1 messages"
        assert where(message)[0] == "preparing"
        pauses.append(round(wait_seconds(message)))
        assert prepare_messages() == "0 messages"
        pass_time(seconds=wait_seconds(message))
    assert pauses == [2, 10, 60, 300]
    assert sweep_media() == "1 rung"
    prepare_messages()
    assert where(message) == ("queued", "queued", "")
    assert message.attempts == 0


def test_a_refused_upload_is_the_end(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    graph.objects.script(graph_error(100))
    prepare_messages()
    assert where(message) == ("rejected", "failed", "100")


def test_a_dead_token_pauses_the_account_and_the_message_waits(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    graph.objects.script(graph_error(190, http_status=401))
    prepare_messages()
    assert where(message) == ("preparing", "queued", "190")
    account = ProviderAccount.objects.filter(pk=chat.inbox.account_id)
    assert account.get().state == "needs_auth"
    pass_time(seconds=10)
    assert prepare_messages() == "0 messages"
    account.update(probe_at=timezone.now())
    assert prepare_messages() == "1 messages"
    assert where(message)[0] == "queued"


def test_an_account_its_provider_paused_is_left_alone(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    ProviderAccount.objects.update(state="paused")
    assert prepare_messages() == "0 messages"
    ProviderAccount.objects.update(state="ok")
    assert prepare_messages() == "1 messages"
    assert where(message)[0] == "queued"


def test_a_full_disk_waits(graph: GraphServer, chat: Conversation, operator: Actor, settings: Settings):
    message = send(chat, operator, "voice.webm", VOICES["chrome"][1](), kind="voice")
    working = settings.STORAGES
    options = {"location": settings.MEDIA_ROOT}
    settings.STORAGES = {**working, "default": {"BACKEND": "tests.media.storages.FullStorage", "OPTIONS": options}}
    prepare_messages()
    assert where(message) == ("preparing", "queued", "storage")
    settings.STORAGES = working
    pass_time(seconds=3)
    prepare_messages()
    assert where(message) == ("queued", "queued", "")


def test_what_waited_too_long_is_not_sent(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    Message.objects.filter(pk=message.pk).update(valid_until=timezone.now() - timedelta(seconds=1))
    prepare_messages()
    assert where(message) == ("expired", "failed", "expired")
    assert graph.objects.uploads == []


def test_a_message_that_lost_its_file_fails(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    Attachment.objects.all().delete()
    prepare_messages()
    assert where(message) == ("rejected", "failed", "no_file")


def test_twice_is_once(graph: GraphServer, chat: Conversation, operator: Actor):
    message = send(chat, operator, "plan.pdf", b"%PDF-1.7\n")
    slow = claim_preparing(limit=5, actor=SYSTEM)[0]
    assert claim_preparing(limit=5, actor=SYSTEM) == []
    pass_time(seconds=prepare.LEASE_SECONDS + 1)
    assert prepare_messages() == "1 messages"
    media_id = the_file().channel_media_id
    assert record_ready(claim=slow, media_id="other", actor=SYSTEM) is False
    assert (where(message)[0], the_file().channel_media_id) == ("queued", media_id)


def test_a_channel_that_fetches_gets_a_link(chat: Conversation, operator: Actor, settings: Settings, monkeypatch: Any):
    from dataclasses import replace

    from apps.conversations.actions.files import outbound_file
    from providers.capabilities import MediaTransfer
    from providers.whatsapp.adapter import WhatsApp

    by_link = replace(WhatsApp.capabilities, media_transfer=MediaTransfer.LINK)
    monkeypatch.setattr(WhatsApp, "capabilities", by_link)
    settings.PUBLIC_URL = "https://chat.example.org"
    message = send(chat, operator, "voice.webm", VOICES["chrome"][1](), kind="voice")
    prepare_messages()
    file = outbound_file(message=message, attachment=the_file())
    assert (file.mime_type, file.name, file.media_id) == ("audio/ogg", "voice.ogg", "")
    assert file.size == the_file().channel_file.size
    assert file.url.startswith(f"https://chat.example.org/media/{the_file().pk}/")
    assert file.url.endswith("/voice.ogg")


@pytest.mark.parametrize("browser", VOICES)
@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_every_channel_can_carry_a_voice_of_every_browser(provider: str, browser: str):
    capabilities = registry.PROVIDERS[provider].capabilities
    mime_type = {"chrome": "audio/webm", "safari": "audio/mp4"}[browser]
    attachment = Attachment(kind="voice", mime_type=mime_type, size=10_000)
    kind = limits.kind_of_file(capabilities, attachment)
    account = ProviderAccount(kind=provider)
    claim = Preparation(message=Message(kind=kind, inbox=Inbox(account=account)), attachment=attachment, attempt=1)
    into = needed_type(claim, io.BytesIO()) or mime_type
    assert into in {*SOUNDS}
    assert capabilities.files[kind].takes(into)
