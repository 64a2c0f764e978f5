"""Stored files open for whoever holds a signed path, for a day, and do nothing in a browser."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from pytest_django import Settings
from time_machine import travel

from apps.conversations.models import Attachment
from apps.conversations.queries import media_path
from tests.factories import make_inbox, receive


@pytest.fixture
def attachment(db: None, settings: Settings, tmp_path: object) -> Attachment:
    settings.MEDIA_ROOT = tmp_path
    return make_attachment()


def make_attachment(name: str = "título año.png", mime_type: str = "image/png") -> Attachment:
    return Attachment.objects.create(
        message=receive(make_inbox()),
        kind="image",
        name=name,
        mime_type=mime_type,
        size=3,
        file=ContentFile(b"png", "stored"),
    )


def opened(path: str) -> tuple[Any, bytes]:
    """Return the answer, and the file in it."""
    response: Any = Client().get(path)
    assert response.status_code == 200
    content: bytes = response.getvalue()
    response.close()
    return response, content


def test_a_signed_path_opens_without_a_session(attachment: Attachment):
    response, content = opened(media_path(attachment))

    assert content == b"png"
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == f"inline; filename*=utf-8''{quote('título año.png')}"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private")


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "", "image/png\r\nX: y"])
def test_what_could_act_is_only_saved(attachment: Attachment, mime_type: str):
    Attachment.objects.update(mime_type=mime_type, name="../../página.html")
    attachment.refresh_from_db()

    response, _ = opened(media_path(attachment))

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "X" not in response.headers


def test_a_type_with_parameters_is_shown(attachment: Attachment):
    Attachment.objects.update(mime_type="audio/ogg; codecs=opus")
    assert opened(media_path(attachment))[0]["Content-Type"] == "audio/ogg"


def test_forged_expired_and_missing_look_alike(attachment: Attachment):
    path = media_path(attachment)
    other = make_attachment("otro.png")
    signature = path.split("/")[3]
    lost = media_path(other)
    other.file.storage.delete(other.file.name or "")
    emptied = make_attachment()
    emptied_path = media_path(emptied)
    emptied.file.delete()
    gone = make_attachment()
    gone_path = media_path(gone)
    gone.delete()

    answers = [
        Client().get(wrong)
        for wrong in (
            f"/media/{attachment.pk}/{signature}x/a.png",
            f"/media/{other.pk}/{signature}/a.png",
            f"/media/{10**30}/{signature}/a.png",
            "/media/1/nothing/a.png",
            lost,
            emptied_path,
            gone_path,
        )
    ]
    with travel(timedelta(hours=25)):
        answers.append(Client().get(path))

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (403, b"This path does not open anything.\n")
    }


def test_only_reading_is_offered(attachment: Attachment):
    assert Client().post(media_path(attachment)).status_code == 405
