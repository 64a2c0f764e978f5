"""`manage.py up`: one command starts everything, and one signal ends it."""

import os
import shutil
import socket
import sys
import urllib.request
import uuid
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from apps.core import servers
from tests.setup.installation import Installation, alive, installation
from tests.waiting import eventually

NOBODY = 65534


def answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)


def server_pids(made: Installation) -> tuple[int | None, int | None]:
    return servers.postgres_of(made.data_dir).pid(), servers.valkey_of(made.data_dir).pid()


def proposed(made: Installation) -> int:
    """Return how many answers of the simulated model are ready."""
    with psycopg.connect(servers.known(made.data_dir).database_url or "") as database:
        row = database.execute(
            "SELECT count(*) FROM assistant_suggestion s JOIN assistant_aiprovider p ON p.id = s.provider_id"
            " WHERE s.state = 'shown' AND s.text <> '' AND p.is_simulated"
        ).fetchone()
    return row[0] if row else 0


def test_it_starts_ends_starts_again_and_takes_over_after_its_own_death(record_property, capsys) -> None:
    with installation() as made:
        first = made.up()
        assert answers(made.url)
        assert "password of each: " in made.output
        assert (made.data_dir / "demo.json").stat().st_mode & 0o777 == 0o600
        running = made.processes()
        assert made.stop() == 0
        assert alive(running) == []
        assert servers.missing(made.data_dir) == ["postgres", "valkey"]

        second = made.up()
        record_property("second_start_seconds", round(second, 1))
        with capsys.disabled():
            sys.stdout.write(f" [first start {first:.1f} s, second {second:.1f} s] ")
        _another_is_refused(made)
        eventually(lambda: made.output.count(": started") == len(settings.CLUSTERS), within=30, what="every cluster")
        eventually(lambda: proposed(made) == 6, within=30, what="an answer ready for every chat that waits for one")
        left, pids = made.processes(servers_too=False), server_pids(made)
        made.kill()

        made.up()
        assert answers(made.url)
        assert server_pids(made) == pids
        assert alive(left) == []
        running = made.processes()
        assert made.stop() == 0
        assert alive(running) == []


def _another_is_refused(made: Installation) -> None:
    another = Installation(data_dir=made.data_dir)
    another.launch()
    assert another.wait() == 1
    assert f"Already running on {made.data_dir}" in another.output


def test_an_impatient_end_while_starting_leaves_nothing() -> None:
    with installation() as made:
        made.launch()
        eventually(lambda: servers.known(made.data_dir).database_url, within=60, what="PostgreSQL")
        running = made.processes()

        assert made.stop() == 0

        assert alive(running) == []
        assert servers.missing(made.data_dir) == ["postgres", "valkey"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become somebody else")
def test_it_runs_as_a_normal_user() -> None:
    # The one power left to it: to read this project and its Python, which root may have installed under a closed home.
    powers = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *powers)
    with installation(prefix=become) as made:
        os.chown(made.data_dir.parent, NOBODY, NOBODY)
        made.environment = {"HOME": str(made.data_dir.parent)}
        made.up("--no-demo")
        assert answers(made.url)
        running = made.processes()
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in running} == {NOBODY}

        assert made.stop() == 0

        assert alive(running) == []


def test_servers_that_are_given_are_used(monkeypatch) -> None:
    name = f"given_{uuid.uuid4().hex[:8]}"
    own = os.environ["DATABASE_URL"]
    given = {"DATABASE_URL": own.rpartition("/")[0] + f"/{name}", "REDIS_URL": os.environ["REDIS_URL"]}
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            with installation(environment=given) as made:
                made.up("--no-demo")
                assert answers(made.url)
                assert not (made.data_dir / "servers.json").exists()
                assert made.stop() == 0
        finally:
            connection.execute(f"DROP DATABASE {name}")


def test_a_port_that_was_asked_for_and_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, installation() as made:
        port = taken.getsockname()[1]
        made.launch(PORT=str(port))
        assert made.wait() == 1
        assert f"Port {port} of 127.0.0.1 is taken" in made.output
        assert servers.missing(made.data_dir) == ["postgres", "valkey"]
