"""The page about adding a provider, followed to the letter: its files, two lines of the registry, and it works."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

import providers
from apps.conversations.actions.send import send_message
from apps.conversations.models import Message
from apps.core.actors import SYSTEM
from providers.registry import PROVIDERS
from tests.docs.pages import REPOSITORY, files
from tests.factories import make_account, make_inbox
from tests.jobs import run_jobs
from tests.providers.meta_webhooks import sign

PAGE = (REPOSITORY / "docs/how-to/add-a-provider.md").read_text()
BLOCKS = dict(re.findall(r"^```(?:json|python|markdown) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
REGISTRY = "providers/registry.py"
COPIED = ("providers", "tests", "docs/reference/providers", "apps", "backoffice", "graphql_api", "pyproject.toml")


def follow(place: Path) -> None:
    """Do in a copy of the project what the page says."""
    for path, text in BLOCKS.items():
        target = place / path
        if path == REGISTRY:
            target.write_text(registered(target.read_text(), text))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)


def registered(registry: str, line: str) -> str:
    """Return the registry with the import among the others, and the class at the end of the providers."""
    name = line.split()[-1]
    registry = registry.replace("from providers.types import", f"{line}from providers.types import", 1)
    listed, count = re.subn(r"(for provider in \([^()]*?),?(\s*\))", rf"\1, {name}\2", registry)
    assert count == 1
    return listed


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the parts of the project that the page is about."""
    for path in files():
        name = path.relative_to(REPOSITORY)
        if str(name).startswith(COPIED):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, tmp_path / name)
    return tmp_path


def test_nothing_changes_elsewhere_but_the_registry() -> None:
    assert [path for path in BLOCKS if (REPOSITORY / path).exists()] == [REGISTRY]


def test_the_contract_suite_takes_the_provider_of_the_page(copy: Path) -> None:
    follow(copy)

    def run(*command: str) -> str:
        done = subprocess.run([sys.executable, "-m", *command], cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    run("ruff", "check", "--select", "ALL", "--ignore", "D,ANN,COM,INP,CPY,TC,TRY,EM,PLR,S", "providers/postbox")
    run("ruff", "format", "--check", "providers/postbox", "tests/providers/postbox")
    run("tests.providers.feature_table")
    assert "[Postbox](postbox.md)" in (copy / "docs/reference/providers/README.md").read_text()
    suite = ("test_contract.py", "test_contract_sending.py", "test_payloads.py", "test_documents.py")
    said = run("pytest", "-n", "0", "-q", *(f"tests/providers/{name}" for name in suite), "-k", "postbox or table")
    assert int(re.findall(r"(\d+) passed", said)[0]) > 60


class Letters(BaseHTTPRequestHandler):
    """Postbox itself: takes letters and remembers them."""

    taken: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append((self.headers["x-postbox-secret"], json.loads(body)))
        answer = json.dumps({"id": f"ours-{len(self.taken)}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def post_office() -> Iterator[HTTPServer]:
    Letters.taken = []
    with HTTPServer(("127.0.0.1", 0), Letters) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def postbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The provider of the page in this process."""
    (tmp_path / "providers").mkdir()
    shutil.copyfile(REPOSITORY / REGISTRY, tmp_path / REGISTRY)
    follow(tmp_path)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path / "providers")])
    monkeypatch.setitem(PROVIDERS, "postbox", importlib.import_module("providers.postbox.adapter").Postbox)
    yield
    for name in [name for name in sys.modules if name.startswith("providers.postbox")]:
        del sys.modules[name]
    del providers.postbox  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_the_house_receives_and_sends_with_the_provider_of_the_page(
    postbox: None, post_office: HTTPServer, server: str
) -> None:
    endpoint = f"http://127.0.0.1:{post_office.server_port}/letters"
    account = make_account("postbox", credentials={"secret": "shared", "endpoint": endpoint})
    make_inbox(account, address="salta-centro")
    body = BLOCKS["tests/providers/postbox/payloads/delivery__batch.json"].encode()

    proof = {"x-postbox-signature": sign(body, "shared")}
    with urlopen(Request(server + account.webhook_path, body, proof)) as posted:
        assert posted.status == 200
    run_jobs()

    said = Message.objects.select_related("conversation__inbox__account", "conversation__identity").get()
    assert (said.text, said.conversation.identity.address) == ("¿Hay lugar?", "ana")

    answer = send_message(
        conversation=said.conversation, text="Sí, quedan dos.", client_key="k", reply_to=said, actor=SYSTEM
    )
    run_jobs()

    answer.refresh_from_db()
    assert (answer.status, answer.provider_message_id) == ("sent", "ours-1")
    letter = {"from": "salta-centro", "to": "ana", "words": "Sí, quedan dos.", "about": "p-1"}
    assert Letters.taken == [("shared", letter)]
