"""A file that is to be sent is uploaded by session or token, and refused where it could do harm."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.conversations.media_tasks import prune_media
from apps.conversations.models import Attachment
from apps.conversations.queries import uploads_for
from apps.core.actors import NOBODY, Role, Scope
from graphql_api.ids import to_id
from tests.factories import make_actor, make_branch, make_token, make_user
from tests.media.samples import VOICES, archive, content_of, film, photo, picture, png, sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_user(Role.OPERATOR, (make_branch(),)))
    return client


def upload(client: Client, name: str, content: bytes, **more: Any) -> Any:
    fields = {"kind": more.pop("kind")} if "kind" in more else {}
    return client.post("/media/", {"file": SimpleUploadedFile(name, content), **fields}, **more)


def codes(response: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in response.json()["errors"]]


@pytest.mark.parametrize(
    ("name", "make", "asked", "kind", "mime_type", "stored_name"),
    [
        ("foto.jpg", photo, "", "image", "image/jpeg", "foto.jpg"),
        ("captura.jpg", png, "", "image", "image/png", "captura.png"),
        ("captura.png", png, "document", "document", "image/png", "captura.png"),
        ("risa.webp", lambda: picture("WEBP"), "sticker", "sticker", "image/webp", "risa.webp"),
        ("blob", VOICES["chrome"][1], "voice", "voice", "audio/webm", "blob.weba"),
        ("blob", VOICES["chrome"][1], "", "voice", "audio/webm", "blob.weba"),
        ("voice.mp4", VOICES["safari"][1], "voice", "voice", "audio/mp4", "voice.m4a"),
        ("tema.mp3", lambda: sound("mp3", "mp3", rate=44100), "", "audio", "audio/mpeg", "tema.mp3"),
        ("clase.mp4", film, "", "video", "video/mp4", "clase.mp4"),
        ("lista de año.csv", lambda: b"a,b\n", "", "document", "text/csv", "lista de año.csv"),
        ("notas", lambda: b"Hola", "voice", "document", "text/plain", "notas.txt"),
        ("datos.zip", lambda: archive("a"), "", "document", "application/zip", "datos.zip"),
    ],
)
def test_a_file_is_stored_as_what_it_is(
    operator: Client, name: str, make: Callable[[], bytes], asked: str, kind: str, mime_type: str, stored_name: str
):
    content = make()
    answer = upload(operator, name, content, **({"kind": asked} if asked else {}))
    row = Attachment.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": to_id("Attachment", row.pk),
        "kind": kind,
        "mimeType": mime_type,
        "name": stored_name,
        "size": len(content),
    }
    assert (row.state, row.message, content_of(row.file)) == ("ready", None, content)


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("x.jpg", lambda: b"<html><script>alert(1)</script>", "unsafe_type"),
        ("x.jpg", lambda: b"<svg onload=alert(1)>", "unsafe_type"),
        ("x.svg", lambda: b'<?xml version="1.0"?><svg/>', "unsafe_type"),
        ("x.html", lambda: b"<!doctype html>", "unsafe_type"),
        ("factura.pdf.exe", lambda: b"MZ\x90\0\x03", "unsafe_type"),
        ("x.sh", lambda: b"#!/bin/sh\n", "unsafe_type"),
        ("x.gif", lambda: picture("GIF") + b"<script>alert(1)</script>", "unsafe_type"),
        ("x.jpg", lambda: b"%PDF-1.7 /OpenAction /JavaScript", "wrong_type"),
        ("x.pdf", png, "wrong_type"),
        ("x.mp3", png, "wrong_type"),
        ("x.png", lambda: b"Hola", "wrong_type"),
        ("x.png", lambda: b"", "empty_file"),
    ],
)
def test_what_could_do_harm_or_is_not_what_it_says_is_refused(
    operator: Client, stored: Path, name: str, make: Callable[[], bytes], code: str
):
    answer = upload(operator, name, make())
    assert (answer.status_code, codes(answer)) == (400, [("file", code)])
    assert not Attachment.objects.exists()
    assert not stored.exists()


def test_a_file_has_a_largest_size(operator: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("apps.conversations.actions.files.UPLOAD_MAX_BYTES", 10)
    assert codes(upload(operator, "a.txt", b"x" * 11)) == [("file", "too_large")]
    monkeypatch.setattr("graphql_api.uploads.UPLOAD_MAX_BYTES", -64 * 1024)
    assert upload(operator, "a.txt", b"x").status_code == 413


def test_what_is_wrong_is_said_in_the_language_of_the_browser(operator: Client):
    said = [
        upload(operator, "x.html", b"<html>", headers={"Accept-Language": language}).json()["errors"][0]["message"]
        for language in ("es", "en")
    ]
    assert said == [
        "No se envían archivos de este tipo: podrían hacer daño.",
        "Files of this kind are not sent: they could do harm.",
    ]


@pytest.mark.parametrize("form", [{}, {"file": "text"}, {"other": SimpleUploadedFile("a.txt", b"x")}])
def test_a_form_without_one_file_is_refused(operator: Client, form: dict[str, Any]):
    answer = operator.post("/media/", form)
    assert (answer.status_code, codes(answer)) == (400, [("file", "missing")])


def test_two_files_are_not_one(operator: Client):
    answer = operator.post("/media/", {"file": [SimpleUploadedFile("a.txt", b"x"), SimpleUploadedFile("b.txt", b"y")]})
    assert codes(answer) == [("file", "missing")]


def test_a_session_needs_its_csrf_token_and_a_token_does_not():
    user = make_user(Role.OPERATOR, (make_branch(),))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    forged = upload(strict, "a.txt", b"Hola")
    strict.get("/login/")
    strict.cookies["csrftoken"] = "x" * 32
    allowed = upload(strict, "a.txt", b"Hola", headers={"X-CSRFToken": "x" * 32})
    by_token = upload(strict, "a.txt", b"Hola", headers={"Authorization": f"Bearer {make_token(user)}"})
    assert [forged.status_code, allowed.status_code, by_token.status_code] == [403, 201, 201]


def test_only_who_may_send_may_upload():
    branch = make_branch()
    viewer = Client()
    viewer.force_login(make_user(Role.VIEWER, (branch,)))
    reader = make_token(make_user(Role.OPERATOR, (branch,)), Scope.CONVERSATIONS_READ)
    answers = [
        upload(viewer, "a.txt", b"Hola"),
        upload(Client(), "a.txt", b"Hola"),
        upload(Client(), "a.txt", b"Hola", headers={"Authorization": f"Bearer {reader}"}),
        upload(viewer, "a.txt", b"Hola", headers={"Authorization": "Bearer nothing"}),
        viewer.get("/media/"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 401, 405]
    assert not Attachment.objects.exists()


def test_a_full_disk_is_said_and_nothing_is_left(operator: Client, settings: Settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.media.storages.FullStorage"}}
    answer = upload(operator, "a.txt", b"Hola")
    assert (answer.status_code, codes(answer)) == (503, [("file", "storage")])
    assert not Attachment.objects.exists()


def test_uploads_are_for_whoever_made_them():
    from apps.conversations.actions.files import add_upload

    one, other = make_actor(), make_actor()
    row = add_upload(file=SimpleUploadedFile("a.txt", b"Hola"), actor=one)
    assert [*uploads_for(one)] == [row]
    assert not uploads_for(other).exists()
    assert not uploads_for(NOBODY).exists()


def test_what_was_never_sent_goes_after_a_day_with_its_file(operator: Client, stored: Path):
    for name in ("old.txt", "new.txt"):
        upload(operator, name, name.encode())
    Attachment.objects.filter(name="old.txt").update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert prune_media() == "deleted 1"
    assert [row.name for row in Attachment.objects.all()] == ["new.txt"]
    assert [path.read_bytes() for path in stored.rglob("*") if path.is_file()] == [b"new.txt"]
