"""The outbound client when it reads, against real sockets: what it takes, and where it does not go."""

import asyncio
import errno
import gzip
import io
import socket
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from typing import BinaryIO

import pytest
from pytest_socket import SocketConnectBlockedError

from providers.base import FetchedFile, FileSource, HostRule
from providers.errors import MediaGone, MediaRefused, Unreachable
from providers.http import ANSWER_MAX_BYTES, HttpClient, Resolve, addresses_of
from providers.types import HttpAnswer
from tests.providers.file_server import FileServer, file_server

ANYWHERE = HostRule(is_any_public=True, max_bytes=1000)
PUBLIC = "93.184.216.34"
connecting = pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
"""Nothing on the open internet is reached from a test: that it was about to be is what we look at."""


@pytest.fixture
def files() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


def rule(files: FileServer, *hosts: str, max_bytes: int = 1000) -> HostRule:
    return HostRule(hosts=hosts, base_url=files.url + "/v25.0/", max_bytes=max_bytes)


def download(
    url: str,
    allowed: HostRule,
    *,
    to: BinaryIO | None = None,
    file_seconds: float = 5.0,
    step_seconds: float = 5.0,
    resolve: Resolve = addresses_of,
    headers: dict[str, str] | None = None,
) -> tuple[FetchedFile, bytes]:
    to = to or io.BytesIO()

    async def run() -> FetchedFile:
        async with HttpClient(
            connect_seconds=1.0, file_seconds=file_seconds, step_seconds=step_seconds, resolve=resolve
        ) as client:
            return await client.download(url, headers=headers or {}, rule=allowed, to=to)

    fetched = asyncio.run(run())
    to.seek(0)
    return fetched, to.read()


def refused(url: str, allowed: HostRule, resolve: Resolve = addresses_of) -> str:
    with pytest.raises(MediaRefused) as caught:
        download(url, allowed, resolve=resolve)
    return caught.value.code


# What is taken ------------------------------------------------------------------------------


def test_a_file_is_written_and_counted(files: FileServer) -> None:
    url = files.answer("/a", b"photo", headers={"Content-Type": "image/png"})
    fetched, content = download(url, rule(files), headers={"Authorization": "Bearer token-of-tests"})
    assert fetched == FetchedFile(size=5, mime_type="image/png")
    assert content == b"photo"
    assert files.asked[0].headers["authorization"] == "Bearer token-of-tests"
    assert files.asked[0].headers["accept-encoding"] == "identity"


def test_what_was_there_before_is_gone(files: FileServer) -> None:
    url = files.answer("/a", b"new")
    assert download(url, rule(files), to=io.BytesIO(b"longer than that"))[1] == b"new"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, MediaGone),
        (206, MediaGone),
        (400, MediaGone),
        (404, MediaGone),
        (410, MediaGone),
        (304, Unreachable),
        (401, Unreachable),
        (403, Unreachable),
        (408, Unreachable),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_the_status_says_whether_to_try_again(
    files: FileServer, status: int, error: type[MediaGone | Unreachable]
) -> None:
    url = files.answer("/a", b"", status=status)
    with pytest.raises(error) as caught:
        download(url, rule(files))
    assert (caught.value.code, caught.value.http_status) == (f"http_{status}", status)


def test_nobody_there_is_worth_another_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(Unreachable) as caught:
        download(f"{base}/a", HostRule(base_url=base, max_bytes=10))
    assert caught.value.code == "connection_refused"


# What is too much ---------------------------------------------------------------------------


def test_the_announced_size_is_enough_to_refuse(files: FileServer) -> None:
    assert refused(files.answer("/a", b"x" * 1001), rule(files)) == "too_large"


def test_a_stream_without_end_stops_at_the_limit(files: FileServer) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not files.stopping.is_set():
            handler.wfile.write(b"x" * 65536)

    assert refused(files.does("/a", endless), rule(files)) == "too_large"


def test_a_small_body_that_unpacks_to_much_is_not_unpacked(files: FileServer) -> None:
    bomb = gzip.compress(b"\0" * 900_000)
    assert len(bomb) < 1000
    url = files.answer("/a", bomb, headers={"Content-Encoding": "gzip"})
    assert refused(url, rule(files)) == "compressed"


@pytest.mark.parametrize(("file_seconds", "step_seconds"), [(0.2, 5.0), (5.0, 0.2)])
def test_one_byte_after_the_other_is_too_slow(files: FileServer, file_seconds: float, step_seconds: float) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not files.stopping.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    with pytest.raises(Unreachable) as caught:
        download(files.does("/a", drip), rule(files), file_seconds=file_seconds, step_seconds=step_seconds)
    assert caught.value.code == "read_timeout"


def test_half_a_file_is_no_file(files: FileServer) -> None:
    url = files.answer("/a", b"half", headers={"Content-Length": "8"})
    with pytest.raises(Unreachable) as caught:
        download(url, rule(files))
    assert caught.value.code == "answer_truncated"


def test_a_full_disk_is_not_the_networks_fault(files: FileServer) -> None:
    class Full(io.BytesIO):
        def write(self, _content: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download(files.answer("/a", b"photo"), rule(files), to=Full())


# Where it does not go -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example/a",
        "http://127.0.0.1:5432/a",
        "file:///etc/passwd",
        "ftp://media.example/a",
        "https://other.example/a",
        "https://media.example.evil.test/a",
        "https://evilmedia.example/a",
        "https://media.example@evil.test/a",
        "https://evil.test@media.example/a",
        "https://media.example\\@evil.test/a",
        "https://evil.test#@media.example/a",
        "https://media.example:99999/a",
        "https://media.example\n.evil.test/a",
        "https:///a",
        "//media.example/a",
        "https://[::1/a",
        "media.example",
        "",
    ],
)
def test_only_the_names_of_the_rule_are_asked(files: FileServer, url: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError(f"asked for {host}")

    assert refused(url, rule(files, "media.example", "*.media.example"), resolve) == "blocked_host"
    assert files.asked == []


@connecting
@pytest.mark.parametrize("host", ["media.example", "a.cdn.example", "A.CDN.example", "media.example."])
def test_names_of_the_rule_are_looked_up_once_and_that_address_is_connected(files: FileServer, host: str) -> None:
    looked_up: list[str] = []

    async def resolve(name: str, port: int) -> Sequence[str]:
        looked_up.append(f"{name}:{port}")
        return [PUBLIC] if len(looked_up) == 1 else ["127.0.0.1"]  # as a name that is rebound

    with pytest.raises(SocketConnectBlockedError, match=PUBLIC):
        download(f"https://{host}/a", rule(files, "media.example", "*.cdn.example"), resolve=resolve)
    assert [name.lower() for name in looked_up] == [f"{host.lower()}:443"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
    ],
)
def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    assert refused(f"https://{host}/a", ANYWHERE) == "blocked_address"


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("2130706433", "blocked_host"),
        ("0177.0.0.1", "blocked_host"),
        ("127.1", "blocked_host"),
        ("0x7f000001", "blocked_address"),
        ("localhost", "blocked_address"),
    ],
)
def test_other_spellings_of_loopback_are_refused(host: str, code: str) -> None:
    assert refused(f"https://{host}/a", ANYWHERE) == code


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0"])
def test_one_private_address_among_public_ones_is_enough(address: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return [PUBLIC, address]

    assert refused("https://media.example/a", ANYWHERE, resolve) == "blocked_address"


def test_a_refusal_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    refused("https://169.254.169.254/latest/?token=secret", ANYWHERE)
    refused("https://evil.test@x\r\ninjected/", ANYWHERE)
    assert [record.getMessage() for record in caplog.records] == [
        "media.blocked reason=blocked_address host=169.254.169.254",
        "media.blocked reason=blocked_host host=",
    ]


def test_loopback_is_allowed_only_as_the_base_url_says(files: FileServer) -> None:
    with file_server() as other:
        url = other.answer("/a", b"secret")
        assert refused(url, rule(files)) == "blocked_host"
        assert refused(url.replace("http:", "https:"), rule(files, "127.0.0.1")) == "blocked_address"
        assert other.asked == []


# Redirects ----------------------------------------------------------------------------------


def redirect(files: FileServer, path: str, location: str) -> str:
    return files.answer(path, status=302, headers={"Location": location})


def test_a_redirect_within_the_rule_is_followed(files: FileServer) -> None:
    files.answer("/b", b"photo")
    redirect(files, "/a", "/b")
    headers = {"Authorization": "Bearer token-of-tests"}
    assert download(f"{files.url}/a", rule(files), headers=headers)[1] == b"photo"
    assert [(asked.path, asked.headers["authorization"]) for asked in files.asked] == [
        ("/a", "Bearer token-of-tests"),
        ("/b", "Bearer token-of-tests"),
    ]


def test_at_most_three_redirects(files: FileServer) -> None:
    assert refused(redirect(files, "/a", "/a"), rule(files)) == "too_many_redirects"
    assert len(files.asked) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1:5432/", "blocked_host"),
        ("https://169.254.169.254/latest/meta-data/", "blocked_host"),
        ("file:///etc/passwd", "blocked_host"),
        ("https://127.0.0.1/", "blocked_address"),
    ],
)
def test_a_redirect_off_the_rule_is_refused(files: FileServer, location: str, code: str) -> None:
    allowed = rule(files, "127.0.0.1")
    assert refused(redirect(files, "/a", location), allowed) == code


@connecting
def test_a_redirect_to_another_name_of_the_rule_is_followed(files: FileServer) -> None:
    seen: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        seen.append(host)
        return [PUBLIC]

    with pytest.raises(SocketConnectBlockedError, match=PUBLIC):
        download(
            redirect(files, "/a", "https://media.example/b"),
            rule(files, "media.example"),
            resolve=resolve,
        )
    assert seen == ["media.example"]


# Get and post_file --------------------------------------------------------------------------


def get(url: str) -> HttpAnswer:
    async def run() -> HttpAnswer:
        async with HttpClient(connect_seconds=1.0, total_seconds=1.0) as client:
            return await client.get(url, headers={"X-Test": "1"})

    return asyncio.run(run())


def test_get_returns_whatever_is_answered(files: FileServer) -> None:
    answer = get(files.answer("/a", b'{"error":{}}', status=400, headers={"X-Trace": "t"}))
    assert (answer.status, answer.body, answer.headers["x-trace"]) == (400, b'{"error":{}}', "t")
    assert (files.asked[0].method, files.asked[0].headers["x-test"]) == ("GET", "1")


def test_get_follows_no_redirect(files: FileServer) -> None:
    assert get(redirect(files, "/a", "/b")).status == 302
    assert len(files.asked) == 1


def test_get_of_something_endless_is_unreachable(files: FileServer) -> None:
    with pytest.raises(Unreachable) as caught:
        get(files.answer("/a", b"x" * (ANSWER_MAX_BYTES + 1)))
    assert (caught.value.code, caught.value.http_status) == ("answer_too_large", 200)


@pytest.mark.parametrize(("url", "code"), [("http://127.0.0.1:1/", "connection_refused"), ("nonsense", "invalid_url")])
def test_get_without_an_answer_is_unreachable(url: str, code: str) -> None:
    with pytest.raises(Unreachable) as caught:
        get(url)
    assert caught.value.code == code


def test_a_file_is_posted_as_a_form(files: FileServer) -> None:
    content = bytes(range(256)) * 1000
    source = FileSource(
        name='voz "1" año.ogg\r\nX: y', mime_type="audio/ogg", size=len(content), open=lambda: io.BytesIO(content)
    )

    async def run() -> HttpAnswer:
        async with HttpClient() as client:
            return await client.post_file(
                files.answer("/media", b'{"id":"1"}'),
                {"messaging_product": "whatsapp"},
                source,
                headers={"Authorization": "Bearer token-of-tests"},
            )

    assert asyncio.run(run()).body == b'{"id":"1"}'
    (asked,) = files.asked
    assert asked.headers["authorization"] == "Bearer token-of-tests"
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    assert asked.headers["content-type"].startswith("multipart/form-data;")
    first, second = asked.body.split(b"--" + boundary + b"\r\n")[1:]
    assert first.endswith(b'name="messaging_product"\r\n\r\nwhatsapp\r\n')
    head, _, body = second.partition(b"\r\n\r\n")
    assert sorted(head.split(b"\r\n"))[:2] == [
        'Content-Disposition: form-data; name="file"; filename="voz \\"1\\" año.oggX: y"'.encode(),
        b"Content-Type: audio/ogg",
    ]
    assert body == content + b"\r\n--" + boundary + b"--\r\n"
