"""A whole installation under `manage.py up`, with WhatsApp on both sides of it, and a hand that kills.

Everything goes through the doors of the street: signed webhooks in, GraphQL with a token, a Graph-shaped
server out. Only the questions "how often is it there?" are asked of the database itself.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from apps.core import servers
from apps.core.supervisor.ledger import read
from tests.graphql_api.documents import LIST, SEND
from tests.providers.graph_server import GraphServer
from tests.providers.meta_webhooks import WebhookSender, text_message
from tests.setup.installation import REPOSITORY, Installation, installation, own_environment
from tests.waiting import eventually

HEAL_SECONDS = 150
APP_SECRET = "the app secret of the fault tests"
OPERATOR_TEXTS = "SELECT status FROM conversations_message WHERE text = %s AND direction = 'out'"
PERSON_TEXTS = "SELECT status FROM conversations_message WHERE text = %s AND direction = 'in'"
GONE = ("sent", "delivered", "read")


@dataclass(kw_only=True)
class Rig:
    """One installation, and both ends of its line."""

    made: Installation
    graph: GraphServer
    token: str = ""
    meta: WebhookSender = field(default_factory=lambda: WebhookSender(url="", app_secret=APP_SECRET))
    came_in: list[str] = field(default_factory=list)
    went_out: list[str] = field(default_factory=list)
    roles: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Add a WhatsApp account with an inbox, and a token for the administrator."""
        credentials = {"app_secret": APP_SECRET, "access_token": "t", "verify_token": "v", "waba_id": "1"}
        account = self.manage("add_account", "--provider", "whatsapp", "--name", "W", "--credentials", credentials)
        address = self.meta.phone_number_id
        self.manage("add_inbox", "--account", str(account["id"]), "--address", address, "--name", "W")
        self.token = self.manage("create_token", "--user", "admin", "--name", "faults", "--scopes", "*")["token"]
        self.meta.url = self.made.url + account["webhook_path"]
        self.meta.give_up_seconds = HEAL_SECONDS
        self.graph.webhook = self.meta

    def manage(self, command: str, *arguments: Any) -> dict[str, Any]:
        """Run a management command and return what it says as JSON."""
        words = [part if isinstance(part, str) else json.dumps(part) for part in arguments]
        done = subprocess.run(
            [sys.executable, str(REPOSITORY / "manage.py"), command, *words, "--json"],
            env={**own_environment(), "DATA_DIR": str(self.made.data_dir)},
            stdout=subprocess.PIPE,
            check=True,
        )
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts

    def run(self, code: str) -> None:
        """Run lines of Python in the installation, for what no command does."""
        environment = {**own_environment(), "DATA_DIR": str(self.made.data_dir)}
        command = [sys.executable, str(REPOSITORY / "manage.py"), "shell", "--verbosity", "0", "-c", code]
        subprocess.run(command, env=environment, check=True)

    # The two directions ----------------------------------------------------------------------

    def conversation_with(self, number: str) -> str:
        """Let a new person write, and return the id of the conversation that opens."""
        text = self.receive(number)
        eventually(lambda: self.count(PERSON_TEXTS, text) == ["received"], within=HEAL_SECONDS, what=text)
        nodes = [edge["node"] for edge in self.ask(LIST)["conversations"]["edges"]]
        return str(next(node["id"] for node in nodes if node["lastMessage"]["text"] == text))

    def receive(self, number: str) -> str:
        """Let a person write; Meta tries until we answer 200. Returns the text, which is unique."""
        text = f"in {uuid.uuid4()}"
        self.came_in.append(text)
        self.meta.send([self.meta.body(messages=[text_message(text, sender=number)], names={number: "Ana"})])
        return text

    def send(self, conversation: str) -> str:
        """Let an application answer; it tries until we take it. Returns the text, which is unique."""
        text = f"out {uuid.uuid4()}"
        self.went_out.append(text)
        given = {"conversationId": conversation, "text": text, "clientKey": text}
        answer = self.ask(SEND, input=given)["sendMessage"]
        assert answer["__typename"] == "Message", answer
        return text

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Ask until there is an answer without errors, as a patient application does."""
        return eventually(lambda: self._asked(document, variables), within=HEAL_SECONDS, what="an answer")

    def _asked(self, document: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        request = urllib.request.Request(
            self.made.url + "/graphql/",
            json.dumps({"query": document, "variables": variables}).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(request, timeout=30) as answer:
            content = json.loads(answer.read())
            return None if content.get("errors") else content["data"]
        return None

    # What became of it -----------------------------------------------------------------------

    def has_come_in(self, text: str) -> bool:
        return self.count(PERSON_TEXTS, text) == ["received"]

    def has_gone_out(self, text: str) -> bool:
        return self.deliveries(text) == 1 and self.count(OPERATOR_TEXTS, text)[0] in GONE

    def deliveries(self, text: str) -> int:
        """Return how often the provider delivered it."""
        return sum(item.text == text for item in self.graph.delivered)

    def count(self, question: str, text: str) -> list[str]:
        """Return the status of each row with this text; nothing while the database is away."""
        with contextlib.suppress(psycopg.OperationalError):
            url = servers.known(self.made.data_dir).database_url
            with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
                return [row[0] for row in connection.execute(question, [text])]
        return []

    def wrong(self) -> list[str]:
        """Return every message that is not there exactly once, in the database and at the provider."""
        lost = [text for text in self.came_in if self.count(PERSON_TEXTS, text) != ["received"]]
        return lost + [text for text in self.went_out if not self.has_gone_out(text)]

    # The hand that kills ---------------------------------------------------------------------

    def pid(self, role: str) -> int:
        """Return the process that plays a role now."""
        match role:
            case "web" | "watch":
                name = "web" if role == "web" else "default"
                return read(self.made.data_dir / "run/up.json")[name].pid
            case "postgres":
                return servers.postgres_of(self.made.data_dir).pid() or 0
            case "valkey":
                return servers.valkey_of(self.made.data_dir).pid() or 0
        main = self.main()
        roles = {"main": main.pid, "sentinel": self._sentinel(main).pid, **self._cast(main)}
        return roles[role]

    def kill(self, role: str) -> int:
        """Kill -9 the process that plays a role; return its pid."""
        pid = eventually(lambda: self._pid_or_none(role), within=60, what=role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def _pid_or_none(self, role: str) -> int | None:
        try:
            return self.pid(role)
        except (KeyError, IndexError, psutil.Error):
            return None

    def main(self, cluster: str = "default") -> psutil.Process:
        """Return the main process of a cluster."""
        return psutil.Process(read(self.made.data_dir / f"run/work-{cluster}-1.json")[cluster].pid)

    def idle_monitor(self, cluster: str) -> int:
        """Return the monitor of a cluster of one worker in which nothing was replaced yet."""
        _worker, monitor, _pusher = self._trio(cluster)
        return monitor

    def lone_worker(self, cluster: str) -> int:
        """Return the worker of a cluster of one worker in which nothing was replaced yet."""
        return self._trio(cluster)[0]

    def _trio(self, cluster: str) -> list[int]:
        return sorted(child.pid for child in self._sentinel(self.main(cluster)).children())

    def _sentinel(self, main: psutil.Process) -> psutil.Process:
        return main.children()[0]

    def _cast(self, main: psutil.Process) -> dict[str, int]:
        """Return who is who below the sentinel: it starts the workers first, then the monitor, then the pusher.

        One that was replaced gives its role to the newcomer.
        """
        pids = sorted(child.pid for child in self._sentinel(main).children() if child.is_running())
        names = ("worker", "other worker", "monitor", "pusher")
        if len(pids) != len(names):
            raise KeyError("the cluster is not complete")
        if self.roles.get("main") != main.pid:
            self.roles = {"main": main.pid, **dict(zip(names, pids, strict=True))}
        missing = [name for name in names if self.roles[name] not in pids]
        new = [pid for pid in pids if pid not in self.roles.values()]
        self.roles |= dict(zip(missing, new, strict=True))
        return self.roles

    def sender(self) -> int | None:
        """Return the worker that talks to the provider now."""
        for worker in (self.pid("worker"), self.pid("other worker")):
            if any(other.raddr and other.raddr.port == self.graph.port for other in _connections(worker)):
                return worker
        return None

    def lock_holder(self) -> int:
        """Return the idle worker that waits at the queue itself; the other one waits for its turn."""
        workers = [self.pid("worker"), self.pid("other worker")]
        reading = [pid for pid in workers if "pipe" in Path(f"/proc/{pid}/wchan").read_text()]
        return (reading or workers)[0]


def _connections(pid: int) -> list[Any]:
    return psutil.Process(pid).net_connections("tcp4")


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """Yield a running installation that is connected on both sides."""
    with GraphServer(statuses=("sent", "delivered")) as graph, installation() as made:
        made.up(META_GRAPH_URL=graph.url)
        running = Rig(made=made, graph=graph)
        running.prepare()
        yield running
        made.stop()


@dataclass(kw_only=True)
class Crossing:
    """One message in and one message out, on their way at the same time."""

    rig: Rig
    into: Future[str]
    out: Future[str]
    began: float

    @classmethod
    def begin(cls, rig: Rig, conversation: str, number: str) -> "Crossing":
        pool = ThreadPoolExecutor(2)
        crossing = cls(
            rig=rig,
            into=pool.submit(rig.receive, number),
            out=pool.submit(rig.send, conversation),
            began=time.monotonic(),
        )
        pool.shutdown(wait=False)
        return crossing

    def arrive(self) -> float:
        """Wait until both are there, exactly once each; return the seconds it took."""
        for message, is_there in ((self.into, self.rig.has_come_in), (self.out, self.rig.has_gone_out)):
            text = message.result(HEAL_SECONDS)
            left = HEAL_SECONDS - (time.monotonic() - self.began)
            eventually(lambda text=text, there=is_there: there(text), within=left, what=text)  # type: ignore[misc]
        return time.monotonic() - self.began
