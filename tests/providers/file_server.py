"""A server on loopback whose every path does what a test says, down to the bytes on the wire."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


type Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class FileServer:
    """Say what a path answers in `replies`; read what was asked in `asked`."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(
        self, path: str, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> str:
        """Let a path answer this; return its URL."""

        def reply(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        return self.does(path, reply)

    def does(self, path: str, reply: Reply) -> str:
        """Let a path do this; return its URL."""
        self.replies[path] = reply
        return self.url + path


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Run a server until the end of the block."""
    server = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            reply = server.replies.get(self.path.partition("?")[0])
            if reply is None:
                self.send_error(404)
                return
            try:
                reply(self)
            except OSError:
                self.close_connection = True  # whoever asked went away

        do_POST = do_GET  # noqa: N815 – the name is the library's

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

        log_error = log_request  # type: ignore[assignment]

    class Server(ThreadingHTTPServer):
        daemon_threads = False

    with Server(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, name="file-server")
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listening.shutdown()
            thread.join()
