"""Files of a Graph-shaped server, over real sockets."""

import asyncio
import io
import json
from collections.abc import Iterator

import pytest

from providers.base import FetchedFile, FileSource
from providers.contents import ContentKind, RemoteFile
from providers.errors import (
    AuthFailed,
    FetchError,
    MediaGone,
    MediaRefused,
    NotSent,
    RefusedForNow,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from providers.http import HttpClient
from providers.registry import build
from providers.types import FailureReason
from tests.providers import graph_behaviour as behaviour
from tests.providers.accounts import CREDENTIALS
from tests.providers.graph_server import GraphServer

INBOX = "1060403000001"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100_000


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    with GraphServer(access_token="EAAtoken") as server:
        yield server


def source(content: bytes = JPEG, *, name: str = "foto.jpg", mime_type: str = "image/jpeg") -> FileSource:
    return FileSource(name=name, mime_type=mime_type, size=len(content), open=lambda: io.BytesIO(content))


def upload(url: str, file: FileSource, *, token: str = "EAAtoken") -> str:
    async def run() -> str:
        provider = build("whatsapp", CREDENTIALS["whatsapp"] | {"access_token": token}, options={"graph_url": url})
        async with HttpClient(connect_seconds=1, total_seconds=1) as client:
            return await provider.upload(client, inbox_address=INBOX, file=file)

    return asyncio.run(run())


def fetch(url: str, file: RemoteFile, *, token: str = "EAAtoken", held: bytes = b"") -> tuple[FetchedFile, bytes]:
    to = io.BytesIO(held)

    async def run() -> FetchedFile:
        provider = build("whatsapp", CREDENTIALS["whatsapp"] | {"access_token": token}, options={"graph_url": url})
        async with HttpClient(connect_seconds=1, total_seconds=1) as client:
            return await provider.fetch(client, inbox_address=INBOX, file=file, to=to)

    return asyncio.run(run()), to.getvalue()


def image(media_id: str = "", *, url: str = "") -> RemoteFile:
    return RemoteFile(kind=ContentKind.IMAGE, media_id=media_id, url=url)


# Out ---------------------------------------------------------------------------------------


def test_file_is_handed_over_with_its_type_and_name(graph: GraphServer) -> None:
    media_id = upload(graph.url, source(name="año nuevo.jpg"))
    [stored] = graph.objects.uploads
    assert graph.objects.media[media_id] is stored
    assert (stored.content, stored.mime_type, stored.name) == (JPEG, "image/jpeg", "año nuevo.jpg")


@pytest.mark.parametrize(
    ("_case", "name", "mime_type", "sent_name", "sent_type"),
    [
        ("a recording", "nota.opus", "audio/ogg; codecs=opus", "nota.ogg", "audio/ogg"),
        ("no ending", "voice", "audio/ogg", "voice.ogg", "audio/ogg"),
        ("right already", "voice.OGG", "audio/ogg", "voice.OGG", "audio/ogg"),
        ("no name", "", "application/pdf", "file", "application/pdf"),
        ("type in capitals", "a.PDF", "Application/PDF", "a.PDF", "application/pdf"),
    ],
)
def test_type_and_ending_agree(
    graph: GraphServer, _case: str, name: str, mime_type: str, sent_name: str, sent_type: str
) -> None:
    upload(graph.url, source(b"some bytes", name=name, mime_type=mime_type))
    [stored] = graph.objects.uploads
    assert (stored.name, stored.mime_type) == (sent_name, sent_type)


@pytest.mark.parametrize(
    ("_case", "trouble", "error", "reason"),
    [
        ("of another type", behaviour.graph_error(100), Rejected, FailureReason.MEDIA),
        ("refused for now", behaviour.graph_error(131053), RefusedForNow, FailureReason.BUSY),
        ("something went wrong", behaviour.graph_error(131000, http_status=500), RefusedForNow, FailureReason.BUSY),
        ("a page of somebody", behaviour.html(502), RefusedForNow, FailureReason.BUSY),
        ("too many", behaviour.throttled(), Throttled, FailureReason.THROTTLED),
        ("no id", behaviour.Behaviour(body="{}"), RefusedForNow, FailureReason.BUSY),
        ("no object", behaviour.Behaviour(body="[]"), RefusedForNow, FailureReason.BUSY),
        ("the connection", behaviour.reset(), NotSent, FailureReason.NETWORK),
        ("half an answer", behaviour.truncated(), NotSent, FailureReason.NETWORK),
    ],
)
def test_upload_is_never_uncertain(
    graph: GraphServer, _case: str, trouble: behaviour.Behaviour, error: type[SendError], reason: FailureReason
) -> None:
    graph.objects.script(trouble)
    with pytest.raises(SendError) as caught:
        upload(graph.url, source())
    assert (type(caught.value), caught.value.reason) == (error, reason)


def test_browser_recording_that_nobody_made_ready_is_refused(graph: GraphServer) -> None:
    with pytest.raises(Rejected) as caught:
        upload(graph.url, source(name="grabación.webm", mime_type="audio/webm"))
    assert (caught.value.code, caught.value.reason) == ("100", FailureReason.MEDIA)


def test_upload_with_a_bad_token_stops_the_account(graph: GraphServer) -> None:
    with pytest.raises(AuthFailed):
        upload(graph.url, source(), token="old")


# In ----------------------------------------------------------------------------------------


def test_file_comes_in_two_steps_with_our_token(graph: GraphServer) -> None:
    media_id = graph.objects.add_media(JPEG, "image/jpeg")
    found, content = fetch(graph.url, image(media_id), held=b"of an earlier try that was longer" * 10_000)
    assert content == JPEG  # and not the JSON that says where it is
    assert found == FetchedFile(size=len(JPEG), mime_type="image/jpeg")
    assert graph.objects.downloads == [media_id]


def test_link_of_the_webhook_that_is_too_old_does_not_matter(graph: GraphServer) -> None:
    media_id = graph.objects.add_media(JPEG, "image/jpeg")
    old = f"{graph.url}/_media/{media_id}/old"
    assert fetch(graph.url, image(media_id, url=old))[1] == JPEG
    with pytest.raises(MediaGone):
        fetch(graph.url, image(url=old))


def test_link_that_is_gone_is_asked_for_once_more(graph: GraphServer) -> None:
    media_id = graph.objects.add_media(JPEG, "image/jpeg")
    graph.objects.script(link_to(f"{graph.url}/_media/{media_id}/gone"))
    assert fetch(graph.url, image(media_id))[1] == JPEG
    graph.objects.script(*[link_to(f"{graph.url}/_media/{media_id}/gone")] * 2)
    with pytest.raises(Unreachable) as caught:  # later again: the id lives
        fetch(graph.url, image(media_id))
    assert caught.value.code == "link_gone"


def test_id_that_is_gone_is_gone(graph: GraphServer) -> None:
    media_id = graph.objects.add_media(JPEG, "image/jpeg")
    graph.objects.media[media_id].is_gone = True
    for gone in (media_id, "9999"):
        with pytest.raises(MediaGone) as caught:
            fetch(graph.url, image(gone))
        assert caught.value.code == "100"


@pytest.mark.parametrize(
    ("_case", "trouble", "error"),
    [
        ("Graph is down", behaviour.graph_error(2, http_status=503), Unreachable),
        ("half an answer", behaviour.truncated(), Unreachable),
        ("too many", behaviour.throttled(), Unreachable),
        ("no link", behaviour.Behaviour(body='{"id": "1"}'), Unreachable),
        ("no JSON", behaviour.html(200), Unreachable),
    ],
)
def test_trouble_of_graph_is_for_later(
    graph: GraphServer, _case: str, trouble: behaviour.Behaviour, error: type[FetchError]
) -> None:
    media_id = graph.objects.add_media(JPEG, "image/jpeg")
    graph.objects.script(trouble)
    with pytest.raises(error):
        fetch(graph.url, image(media_id))
    assert fetch(graph.url, image(media_id))[1] == JPEG


def test_bad_token_is_the_accounts_trouble(graph: GraphServer) -> None:
    with pytest.raises(AuthFailed):
        fetch(graph.url, image(graph.objects.add_media(JPEG, "image/jpeg")), token="old")


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/steal",
        "https://lookaside.fbsbx.com.example.org/steal",
        "https://lookaside.fbsbx.com@example.org/steal",
        "http://lookaside.fbsbx.com/plain",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "/relative",
    ],
)
def test_our_token_goes_to_nobody_but_meta(graph: GraphServer, link: str) -> None:
    graph.objects.script(link_to(link))
    with pytest.raises(MediaRefused) as caught:
        fetch(graph.url, image(graph.objects.add_media(JPEG, "image/jpeg")))
    assert caught.value.code == "blocked_host"
    with pytest.raises(MediaRefused):
        fetch(graph.url, image(url=link))


@pytest.mark.parametrize("media_id", ["../me", "1/2", "1?fields=x", "a b", "ñ"])
def test_id_cannot_leave_its_place_in_the_path(graph: GraphServer, media_id: str) -> None:
    with pytest.raises(MediaGone):
        fetch(graph.url, image(media_id))


def test_file_with_neither_id_nor_link_is_gone(graph: GraphServer) -> None:
    with pytest.raises(MediaGone):
        fetch(graph.url, image())


def link_to(url: str) -> behaviour.Behaviour:
    return behaviour.Behaviour(body=json.dumps({"url": url}))
