"""Stored files open for whoever may see their message, and for a provider by a signed address; they do nothing."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import travel

from apps.conversations.actions.files import add_upload
from apps.conversations.models import Attachment, Message
from apps.conversations.queries import media_path, provider_media_url, thumbnail_path
from apps.core.actors import Role, Scope
from tests.factories import make_branch, make_inbox, make_token, make_user, receive
from tests.media.samples import png, uploaded

CONTENT = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: object) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def attachment(db: None) -> Attachment:
    return make_attachment()


def make_attachment(name: str = "título año.png", mime_type: str = "image/png", **fields: Any) -> Attachment:
    return Attachment.objects.create(
        message=receive(make_inbox()),
        kind="image",
        name=name,
        mime_type=mime_type,
        size=len(CONTENT),
        file=ContentFile(CONTENT, "stored"),
        **fields,
    )


def client_of(attachment: Attachment, role: Role = Role.VIEWER) -> Client:
    """Return the browser of somebody of the branch."""
    assert attachment.message is not None
    client = Client()
    client.force_login(make_user(role, (attachment.message.inbox.branch,)))
    return client


def signed(attachment: Attachment) -> str:
    return urlsplit(provider_media_url(attachment)).path


def get(client: Client, path: str, **headers: str) -> Any:
    """Return the answer with all of its `body`, which also closes the file."""
    response: Any = client.get(path, headers={name.title(): value for name, value in headers.items()})
    response.body = b"".join(response.streaming_content) if response.streaming else response.content
    return response


# By permission ------------------------------------------------------------------------------


def test_a_file_opens_for_a_session_of_the_branch(attachment: Attachment):
    response = get(client_of(attachment), media_path(attachment))

    assert response.status_code == 200
    assert response.body == CONTENT
    varying = dict.fromkeys(("Vary", "Content-Language"), "")
    assert dict(response.headers) | varying == {
        "Content-Type": "image/png",
        "Content-Length": "1024",
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=utf-8''{quote('título año.png')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
        "X-Frame-Options": "DENY",
        **varying,
    }


def test_a_file_opens_with_a_token_and_then_no_cookie_counts(attachment: Attachment):
    assert attachment.message is not None
    branch = attachment.message.inbox.branch
    reader = make_token(make_user(Role.OPERATOR, (branch,)), Scope.CONVERSATIONS_READ)
    sender = make_token(make_user(Role.OPERATOR, (branch,)), Scope.MESSAGES_SEND)
    stranger = make_token(make_user(Role.OPERATOR, (make_branch(),)))
    asked = [
        get(Client(), media_path(attachment), authorization=f"Bearer {token}")
        for token in (reader, sender, stranger, "nothing")
    ]
    with_session = get(client_of(attachment), media_path(attachment), authorization="Bearer nothing")
    assert [answer.status_code for answer in (*asked, with_session)] == [200, 404, 404, 403, 403]


def test_hidden_deleted_and_missing_look_alike(attachment: Attachment):
    stranger = Client()
    stranger.force_login(make_user(Role.OPERATOR, (make_branch(),)))
    lost, emptied, gone, taken_back = (make_attachment() for _ in range(4))
    paths = [media_path(one) for one in (lost, emptied, gone, taken_back)]
    lost.file.storage.delete(lost.file.name or "")
    emptied.file.delete()
    gone.delete()
    Message.objects.filter(attachments=taken_back).update(deleted_at=timezone.now())
    administrator = Client()
    administrator.force_login(make_user(Role.ADMINISTRATOR))

    answers = [get(stranger, media_path(attachment)), *(get(administrator, path) for path in paths)]
    answers += [get(administrator, f"/media/{10**30}/a.png"), get(administrator, thumbnail_path_of(attachment))]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"There is no such file.\n")}


def thumbnail_path_of(attachment: Attachment) -> str:
    return f"/media/{attachment.pk}/thumbnail.webp"


def test_nobody_gets_nothing(attachment: Attachment):
    paths = [media_path(attachment), thumbnail_path_of(attachment), "/media/1/a.png"]
    assert {get(Client(), path).status_code for path in paths} == {403}


@pytest.mark.parametrize(
    "path",
    [
        "/media/..%2f..%2fbackoffice%2fsettings.py",
        "/media/1/..%2f..%2fsettings.py",
        "/media/....//settings.py",
        "/media/%00",
        "/media/..%5c..%5csettings.py",
        "/media/∕etc∕passwd",
        "/media//etc/passwd",
        "/media/messages/2026/11/a.png",
    ],
)
def test_no_path_leads_elsewhere(db: None, path: str):
    administrator = Client()
    administrator.force_login(make_user(Role.ADMINISTRATOR))
    assert get(administrator, path).status_code == 404


def test_an_upload_opens_for_whoever_made_it(db: None):
    branch = make_branch()
    one, other = (make_user(Role.OPERATOR, (branch,)) for _ in range(2))
    from apps.accounts.queries import actor_for_user

    path = media_path(add_upload(file=uploaded("a.png", png()), actor=actor_for_user(one)))
    statuses = []
    for user in (one, other, make_user(Role.ADMINISTRATOR)):
        client = Client()
        client.force_login(user)
        statuses.append(get(client, path).status_code)
    assert statuses == [200, 404, 404]


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "", "image/png\r\nX: y"])
def test_what_could_act_is_only_saved(attachment: Attachment, mime_type: str):
    Attachment.objects.update(mime_type=mime_type, name='..-..-página.html"\r\nSet-Cookie: x=1')
    attachment.refresh_from_db()

    for response in (get(client_of(attachment), media_path(attachment)), get(Client(), signed(attachment))):
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith(
            "attachment; filename*=utf-8''..-..-p%C3%A1gina.html%22Set-Cookie%3A%20x%3D1"
        )
        assert not {"X", "Set-Cookie"} & {*response.headers}


def test_a_plain_name_breaks_no_header(attachment: Attachment):
    Attachment.objects.update(name='a"\r\nSet-Cookie: x=1.png')
    attachment.refresh_from_db()
    for response in (get(client_of(attachment), media_path(attachment)), get(Client(), signed(attachment))):
        assert response["Content-Disposition"] == r'inline; filename="a\"Set-Cookie: x=1.png"'


def test_a_type_with_parameters_is_shown(attachment: Attachment):
    Attachment.objects.update(mime_type="audio/ogg; codecs=opus")
    assert get(client_of(attachment), media_path(attachment))["Content-Type"] == "audio/ogg"


def test_the_small_picture_opens_by_the_same_permission(attachment: Attachment):
    attachment.thumbnail.save("x.webp", ContentFile(b"small"))
    response = get(client_of(attachment), thumbnail_path(attachment))
    assert (response.status_code, response["Content-Type"], response.body) == (200, "image/webp", b"small")
    stranger = Client()
    stranger.force_login(make_user(Role.OPERATOR, (make_branch(),)))
    assert get(stranger, thumbnail_path(attachment)).status_code == 404


def test_only_reading_is_offered(attachment: Attachment):
    client = client_of(attachment)
    paths = (media_path(attachment), signed(attachment), thumbnail_path_of(attachment))
    assert {client.post(path).status_code for path in paths} == {405}


# Parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "status", "told", "part"),
    [
        ("bytes=0-0", 206, "bytes 0-0/1024", CONTENT[:1]),
        ("bytes=10-19", 206, "bytes 10-19/1024", CONTENT[10:20]),
        ("bytes=1000-", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=-24", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=1000-99999", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=0-", 200, None, CONTENT),
        ("bytes=-99999", 200, None, CONTENT),
        ("bytes=5-4", 200, None, CONTENT),
        ("bytes=0-1,5-6", 200, None, CONTENT),
        ("bytes=-", 200, None, CONTENT),
        ("lines=0-1", 200, None, CONTENT),
        ("bytes=1024-", 416, "bytes */1024", b""),
        ("bytes=-0", 416, "bytes */1024", b""),
    ],
)
def test_a_part_is_answered_where_one_is_asked_for(
    attachment: Attachment, asked: str, status: int, told: str | None, part: bytes
):
    response = get(Client(), signed(attachment), range=asked)
    assert (response.status_code, response.get("Content-Range"), response.body) == (status, told, part)
    assert response["X-Content-Type-Options"] == "nosniff"


def test_head_tells_the_size_and_nothing_more(attachment: Attachment):
    response = Client().head(signed(attachment))
    assert (response.status_code, response["Content-Length"], response.content) == (200, "1024", b"")


def test_a_server_sends_it_in_pieces(attachment: Attachment, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("apps.conversations.views.CHUNK", 500)
    from django.test import AsyncRequestFactory

    from apps.conversations.views import _serve

    request = AsyncRequestFactory().get("/")

    async def pieces() -> list[int]:
        response: Any = _serve(request, attachment.file, "image/png", "a.png")
        found = [len(piece) async for piece in response]
        response._resource_closers.pop()()
        return found

    assert asyncio.run(pieces()) == [500, 500, 24]


# By signature -------------------------------------------------------------------------------


def test_a_provider_opens_a_signed_address(attachment: Attachment, settings: Settings):
    settings.PUBLIC_URL = "https://chat.example.org"
    url = provider_media_url(attachment)
    assert url.startswith(f"https://chat.example.org/media/{attachment.pk}/")
    assert url.endswith(f"/{quote('título año.png')}")
    response = get(Client(), urlsplit(url).path)
    assert (response.status_code, response["Content-Type"], response.body) == (200, "image/png", CONTENT)


def test_a_provider_gets_the_file_as_its_channel_takes_it(db: None):
    row = make_attachment("voz.webm", "audio/webm", channel_mime_type="audio/ogg")
    row.kind = "voice"
    row.channel_file.save("x.ogg", ContentFile(b"OggS"))
    assert provider_media_url(row).endswith("/voice.ogg")
    response = get(Client(), signed(row))
    assert (response["Content-Type"], response.body) == ("audio/ogg", b"OggS")
    assert response["Content-Disposition"] == 'inline; filename="voice.ogg"'


def test_a_provider_is_told_the_type_of_a_document(db: None):
    row = make_attachment("notas.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    told = get(Client(), signed(row))
    shown = get(client_of(row), media_path(row))
    assert [told["Content-Type"], shown["Content-Type"]] == [row.mime_type, "application/octet-stream"]
    assert [told["Content-Disposition"], shown["Content-Disposition"]] == ['attachment; filename="notas.docx"'] * 2


def test_forged_and_expired_look_alike(attachment: Attachment, settings: Settings):
    moment = timezone.now().replace(microsecond=0)
    with travel(moment, tick=False):
        path = signed(attachment)
    other = make_attachment("otro.png")
    signature = path.split("/")[3]
    answers = [
        get(Client(), wrong)
        for wrong in (
            f"/media/{attachment.pk}/{signature}x/a.png",
            f"/media/{attachment.pk}/{signature[1:]}/a.png",
            f"/media/{other.pk}/{signature}/a.png",
            f"/media/{10**30}/{signature}/a.png",
            f"/media/0{attachment.pk}x/{signature}/a.png",
            "/media/1/nothing/a.png",
        )
    ]
    assert answers.pop(4).status_code == 404
    settings.MEDIA_LINK_SECONDS = 60
    with travel(moment + timedelta(seconds=60), tick=False):
        assert get(Client(), path).status_code == 200
    with travel(moment + timedelta(seconds=61), tick=False):
        answers.append(get(Client(), path))
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (403, b"This path does not open anything.\n")
    }


def test_what_was_deleted_is_gone_for_providers_too(attachment: Attachment):
    path = signed(attachment)
    Message.objects.filter(attachments=attachment).update(deleted_at=timezone.now())
    deleted = get(Client(), path)
    attachment.delete()
    assert [deleted.status_code, get(Client(), path).status_code] == [404, 404]


def test_nothing_in_the_address_changes_what_is_answered(attachment: Attachment):
    path = signed(attachment).rsplit("/", 1)[0] + "/x.html?disposition=inline&disposition=attachment&exp=9999999999"
    response = get(Client(), path)
    assert response["Content-Disposition"] == f"inline; filename*=utf-8''{quote('título año.png')}"
