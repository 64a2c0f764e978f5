"""Files through the real server: in pieces, by ranges, and no more of a body than anybody here would take."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile

from apps.conversations.models import Attachment
from apps.conversations.queries import provider_media_url
from backoffice import pages
from tests.factories import make_branch, make_inbox, make_token, make_user, receive

CONTENT = bytes(range(256)) * 4096


def ask(server: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_large_file_comes_whole_and_in_part(server: str):
    attachment = Attachment.objects.create(
        message=receive(make_inbox()), kind="video", mime_type="video/mp4", file=ContentFile(CONTENT, "x.mp4")
    )
    path = urlsplit(provider_media_url(attachment)).path
    assert ask(server, "GET", path)[2] == CONTENT
    status, headers, body = ask(server, "GET", path, Range="bytes=1000000-")
    assert (status, headers["content-range"], body) == (
        206,
        f"bytes 1000000-{len(CONTENT) - 1}/{len(CONTENT)}",
        CONTENT[1000000:],
    )
    status, headers, body = ask(server, "HEAD", path)
    assert (status, headers["content-length"], body) == (200, str(len(CONTENT)), b"")


def test_an_upload_by_token_comes_through(server: str):
    token = make_token(make_user(branches=(make_branch(),)))
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\xc3\xb1o.txt"\r\n\r\nHola\r\n--x--\r\n'
    status, _headers, said = ask(
        server, "POST", "/media/", body, Authorization=f"Bearer {token}", Content_Type="multipart/form-data; boundary=x"
    )
    assert (status, json.loads(said)["name"]) == (201, "año.txt")


def test_more_than_anybody_takes_is_not_read(server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "BODY_BYTES", 1000)
    announced = ask(server, "POST", "/media/", b"x" * 1001)
    assert (announced[0], announced[2]) == (413, b"This is too large.\n")
    unannounced = ask(server, "POST", "/media/", iter([b"x" * 600, b"x" * 600]))
    assert unannounced[0] == 500  # hung up on by whoever runs the application
