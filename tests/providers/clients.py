"""HTTP clients without a wire."""

from providers.base import FetchedFile, FileSource, HostRule
from providers.errors import Unreachable
from providers.types import HttpAnswer


class Deaf:
    """A client that must not be used."""

    async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
        raise AssertionError("nothing should have been sent")


class Answering:
    """A client on which every request gets one answer."""

    def __init__(self, body: bytes, *, status: int = 200) -> None:
        self.answer = HttpAnswer(status=status, headers={}, body=body)
        self.requests: list[tuple[str, bytes]] = []

    async def post(self, url: str, body: bytes, *, headers: object) -> HttpAnswer:
        self.requests.append((url, body))
        return self.answer

    async def get(self, url: str, *, headers: object) -> HttpAnswer:
        self.requests.append((url, b""))
        return self.answer

    async def post_file(self, url: str, fields: object, file: FileSource, *, headers: object) -> HttpAnswer:
        with file.open() as opened:
            self.requests.append((url, opened.read()))
        return self.answer

    async def download(self, url: str, *, headers: object, rule: HostRule, to: object) -> FetchedFile:
        raise Unreachable("connect_timeout")
