"""Both installations on the same servers: ours, by the processes of production, and the floor."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from apps.core import servers
from apps.core.supervisor import address
from apps.core.supervisor.children import Child
from apps.core.supervisor.groups import end_groups
from apps.core.supervisor.house import UVICORN
from apps.core.supervisor.ledger import Ledger

ROOT = Path(__file__).resolve().parent.parent
APPLICATION = "backoffice.asgi:application"
SECRET = "the-secret-of-benches"
CLUSTERS = ("default", "ai", "media", "bulk")
READY_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What `bench.scene` prints."""

    webhook_path: str
    session: str
    token: str


class House:
    """One data folder with its servers, and whatever runs on them while a bench needs it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.ledger = Ledger(data_dir / "run" / "bench.json")
        end_groups(self.ledger.groups(), seconds=0)
        self.ledger.clear()
        servers.destroy(data_dir)
        self.servers = servers.ensure(data_dir)
        self.log = (data_dir / "bench.log").open("w")
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "LOG_LEVEL": "WARNING",
            "BARE_SECRET": SECRET,
        }
        self.scene = Scene(**json.loads(self.python("-m", "bench.scene")))
        self.database = psycopg.connect(self.servers.database_url, autocommit=True)
        self.database.execute((ROOT / "bench/bare/tables.sql").read_text())

    @property
    def whole_environment(self) -> dict[str, str]:
        """The environment of a process that works here."""
        return {**os.environ, **self.environment}

    def close(self) -> None:
        """End the servers and forget what was in them."""
        self.database.close()
        end_groups(self.ledger.groups(), seconds=STOP_SECONDS)
        servers.destroy(self.data_dir)
        self.ledger.clear()
        self.ledger.close()
        self.log.close()

    def empty(self) -> None:
        """Forget every message of both installations."""
        self.database.execute(
            "TRUNCATE inboxes_webhookevent, inboxes_webhookbody, inboxes_deadletter, conversations_conversation,"
            " conversations_message,"
            " conversations_sendattempt, conversations_pendingstatus, core_liveevent, people_person, people_identity,"
            " django_q_ormq, bare.journal, bare.chat, bare.identity, bare.thread, bare.message CASCADE"
        )

    def count(self, question: str) -> int:
        """Return the one number a SELECT gives."""
        row = self.database.execute(question).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def running(
        self, name: str, *command: str, environment: dict[str, str], door: socket.socket | None = None
    ) -> Iterator[Child]:
        """Run one command in a group of its own, on record, until the block ends."""
        child = Child(
            name=name,
            command=command,
            ledger=self.ledger,
            environment={**self.environment, **environment},
            pass_fds=() if door is None else (door.fileno(),),
            say=lambda who, line: print(f"{who}: {line}", file=self.log, flush=True),
        )
        child.start()
        try:
            yield child
        finally:
            if child.group is not None:
                child.group.tell(signal.SIGTERM)
                eventually(child.died, seconds=STOP_SECONDS)
            child.bury()

    def python(self, *arguments: str) -> str:
        """Run something of ours to its end here, and return what it printed."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, check=True, env=self.whole_environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ).stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An installation that is running, the floor or ours."""

    url: str
    webhook_url: str
    graph_url: str
    web: Child
    workers: tuple[Child, ...]


@contextmanager
def ours(
    house: House, *, statuses: str = "", with_workers: bool = True, more: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """Our web process and our clusters, each under its watch, as in production; `more` is said to all of them."""
    work = [(name, [str(ROOT / "manage.py"), "work", "--cluster", name]) for name in CLUSTERS if with_workers]
    with _line(house, "ours", APPLICATION, house.scene.webhook_path, work, statuses, more) as line:
        if with_workers:
            beats = "SELECT count(*) FROM core_heartbeat WHERE finished_at > now() - interval '20 s'"
            eventually(lambda: house.count(beats) == len(CLUSTERS), what="the workers")
        yield line


@contextmanager
def floor(
    house: House, *, statuses: str = "", with_workers: bool = True, more: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """The floor's web process and its worker."""
    work = [("worker", ["-m", "bench.bare.worker"])] if with_workers else []
    with _line(house, "bare", "bench.bare.web:application", "/webhooks/bare/", work, statuses, more) as line:
        ears = 1 + with_workers
        listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN bare_%'"
        eventually(lambda: house.count(listening) >= ears, what="the floor")
        yield line


@contextmanager
def _line(
    house: House,
    name: str,
    application: str,
    webhook_path: str,
    work: list[tuple[str, list[str]]],
    statuses: str,
    more: Mapping[str, str] | None,
) -> Iterator[Line]:
    with ExitStack() as running:
        door = address.listen("127.0.0.1", 0, or_next=False)
        running.callback(door.close)
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        graph_url = running.enter_context(graph_server(house, webhook_url=url + webhook_path, statuses=statuses))
        here = {"PUBLIC_URL": url, "META_GRAPH_URL": graph_url, "PORT": str(door.getsockname()[1]), **(more or {})}
        command = [application if part == APPLICATION else part for part in UVICORN]
        web = running.enter_context(
            house.running(
                f"{name}-web", sys.executable, *command, "--fd", str(door.fileno()), environment=here, door=door
            )
        )
        workers = [
            running.enter_context(house.running(f"{name}-{cluster}", sys.executable, *arguments, environment=here))
            for cluster, arguments in work
        ]
        eventually(lambda: answers(f"{url}/healthz"), what="the web process")
        yield Line(url=url, webhook_url=url + webhook_path, graph_url=graph_url, web=web, workers=tuple(workers))


@contextmanager
def graph_server(house: House, *, webhook_url: str, statuses: str) -> Iterator[str]:
    """Run a Graph-shaped server that reports these statuses; yield its address."""
    options = ["--webhook-url", webhook_url, "--app-secret", SECRET, "--statuses", statuses]
    with serving("tests.providers.graph_server", *options) as url:
        yield url


@contextmanager
def serving(module: str, *options: str) -> Iterator[str]:
    """Run a simulated server in a process of its own; yield the address it tells."""
    command = [sys.executable, "-m", module, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Tell whether a web server answers, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def eventually(is_so: Callable[[], bool], *, seconds: float = READY_SECONDS, what: str = "") -> None:
    """Wait until something is so; with a name for it, raise TimeoutError when it does not become so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            if what:
                raise TimeoutError(f"{what}: not in {seconds:.0f} s; see bench.log")
            return
        time.sleep(0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """What one process takes; PSS shares what several have in common."""

    role: str
    rss_mb: float
    pss_mb: float

    @property
    def is_worker(self) -> bool:
        return self.role.endswith(" worker")

    def __str__(self) -> str:
        return f"{self.role:24}RSS {self.rss_mb:6.1f} MB  PSS {self.pss_mb:6.1f} MB"


def memory_of(line: Line) -> list[ProcessMemory]:
    """Return every process of an installation with its part in it."""
    return [_memory(role, process) for role, process in _processes(line)]


def _processes(line: Line) -> Iterator[tuple[str, psutil.Process]]:
    for child in (line.web, *line.workers):
        if child.group is None:
            continue
        name = child.name.partition("-")[2]
        top = psutil.Process(child.group.pid)
        yield (name if child is line.web else f"{name} watch"), top
        for main in top.children():
            yield f"{name} main", main
            for sentinel in main.children():
                yield f"{name} sentinel", sentinel
                # It starts its workers first, then the monitor, then the pusher.
                *tasks, monitor, pusher = sorted(sentinel.children(), key=lambda child: child.pid)
                yield from ((f"{name} worker", task) for task in tasks)
                yield f"{name} monitor", monitor
                yield f"{name} pusher", pusher


def _memory(role: str, process: psutil.Process) -> ProcessMemory:
    taken = process.memory_full_info()
    return ProcessMemory(role=role, rss_mb=taken.rss / 2**20, pss_mb=getattr(taken, "pss", 0) / 2**20)
