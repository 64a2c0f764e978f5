"""Start everything on this machine and keep it running."""

import os
import signal
import sys
import threading
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apps.core import servers
from apps.core.supervisor import address, database
from apps.core.supervisor.console import Console
from apps.core.supervisor.house import House
from apps.core.supervisor.ledger import Ledger, Occupied

STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Command(BaseCommand):
    """Servers, tables, demonstration data the first time, web and workers: one command, one Ctrl-C."""

    help = "Start the servers, the web process and the workers, and keep them running until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="Leave an empty database empty.")

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        self._stopping = threading.Event()
        for number in STOP:
            signal.signal(number, lambda *_: self._stopping.set())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
        self._console = Console()
        try:
            ledger = Ledger(settings.DATA_DIR / "run/up.json")
        except Occupied as other:
            message = (
                f"Already running on {settings.DATA_DIR}, as process {other.pid}: stop it or give another DATA_DIR."
            )
            raise CommandError(message) from None
        house = House(settings.DATA_DIR, ledger, self._console)
        try:
            self._start(house, no_demo=no_demo)
            house.watch(self._stopping)
        except servers.ServerError as error:
            raise CommandError(str(error)) from error
        finally:
            self._tell("stopping")
            house.stop()
            self._tell("stopped")

    def _start(self, house: House, *, no_demo: bool) -> None:
        house.end_leftovers()
        self._start_servers(house)
        if self._stopping.is_set():
            return
        door = self._listen()
        if database.migrate():
            self._tell("tables are up to date")
        if database.is_empty() and not no_demo:
            self._tell("loading demonstration data")
            call_command("demo", stdout=StringIO())
        database.close()
        if self._stopping.is_set():
            return
        port = door.getsockname()[1]
        url = address.url(settings.HOST, port)
        environment = {"PORT": str(port)}
        house.start_web(door, environment)
        if house.wait_for_web(url, self._stopping):
            house.start_clusters(settings.CLUSTERS, environment)  # not before: they would slow the page down
            self._welcome(url)
        elif not self._stopping.is_set():
            raise CommandError("The web process does not answer; its lines above say why.")

    def _start_servers(self, house: House) -> None:
        """Start the servers that were not given; settings that were read before they had an address are read anew."""
        before = servers.known(settings.DATA_DIR)
        house.start_servers(postgres=not os.environ.get("DATABASE_URL"), valkey=not os.environ.get("REDIS_URL"))
        if servers.known(settings.DATA_DIR) != before and not self._stopping.is_set():
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # one that comes now is heard when we are back
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606

    def _listen(self) -> Any:
        try:
            return address.listen(settings.HOST, settings.PORT, or_next="PORT" not in os.environ)
        except address.Taken:
            message = f"Port {settings.PORT} of {settings.HOST} is taken: give another PORT."
            raise CommandError(message) from None

    def _welcome(self, url: str) -> None:
        kept = database.demonstration(settings.DATA_DIR)
        lines = ["", f"{settings.PRODUCT_NAME} runs at  {url}/"]
        if kept:
            lines += [f"customers' phones: {url}/simulator/"]
            lines += [f"users: {', '.join(kept['users'])}", f"password of each: {kept['password']}"]
        for line in [*lines, "Ctrl-C stops everything.", ""]:
            self._tell(line)

    def _tell(self, line: str) -> None:
        self._console.say("up", line)
