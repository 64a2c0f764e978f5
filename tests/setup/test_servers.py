"""The embedded servers: started, shared, healed, ended; in the test's own data folder."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apps.core import servers
from apps.core.servers import valkey
from tests.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
CANARY = "what a customer wrote"
ANOTHER_USER = """
import sys
from pathlib import Path
from apps.core import servers
folder = Path(sys.argv[1])
print(servers.ensure(folder).postgres_port, flush=True)
sys.stdin.read()
servers.release(folder)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder whose servers and data are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mostrador-test-") as folder:
        yield Path(folder) / "data"
        servers.destroy(Path(folder) / "data")


def connect(running: servers.Servers) -> psycopg.Connection:
    return psycopg.connect(running.database_url, autocommit=True)


def test_a_new_folder_gets_a_database_with_the_extensions_and_no_powers_beyond(data_dir: Path) -> None:
    running = servers.ensure(data_dir)

    with connect(running) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")
        row = connection.execute("SELECT lower(unaccent('ÑANDÚ')), rolsuper FROM pg_roles WHERE rolname = current_user")
        assert row.fetchone() == ("nandu", False)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    assert valkey.answers(running.valkey_port, running.valkey_password)
    assert not valkey.answers(running.valkey_port, "wrong")
    assert (data_dir / "servers.json").stat().st_mode & 0o777 == 0o600


def test_an_ended_server_starts_again_with_its_data_at_the_same_address(data_dir: Path) -> None:
    first = servers.ensure(data_dir)
    with connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    servers.release(data_dir)
    assert servers.missing(data_dir) == ["postgres", "valkey"]

    second = servers.ensure(data_dir)

    assert second == first
    with connect(second) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize("victim", ["postgres", "valkey"])
def test_a_killed_server_is_missed_and_started_again(data_dir: Path, victim: str) -> None:
    first = servers.ensure(data_dir)
    server = servers.postgres_of(data_dir) if victim == "postgres" else servers.valkey_of(data_dir)
    pid = server.pid()
    assert pid is not None

    os.kill(pid, signal.SIGKILL)

    eventually(lambda: servers.missing(data_dir) == [victim])
    assert servers.ensure(data_dir) == first
    assert servers.missing(data_dir) == []
    with connect(first) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_last_of_several_users_ends_the_servers(data_dir: Path) -> None:
    servers.ensure(data_dir)
    other = subprocess.Popen(
        [sys.executable, "-c", ANOTHER_USER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert other.stdin
    assert other.stdout
    assert int(other.stdout.readline()) == servers.known(data_dir).postgres_port

    servers.release(data_dir)
    assert servers.missing(data_dir) == []

    other.stdin.close()
    assert other.wait(30) == 0
    other.stdout.close()
    assert servers.missing(data_dir) == ["postgres", "valkey"]


def test_a_lost_password_is_set_anew(data_dir: Path) -> None:
    servers.ensure(data_dir)
    servers.release(data_dir)
    (data_dir / "servers.json").unlink()

    with connect(servers.ensure(data_dir)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("mostrador",)


def test_a_pid_file_that_names_a_stranger_is_not_believed(data_dir: Path) -> None:
    servers.ensure(data_dir)
    servers.release(data_dir)
    (servers.postgres_of(data_dir).data / "postmaster.pid").write_text(f"{os.getpid()}\n")

    assert "postgres" in servers.missing(data_dir)
    servers.ensure(data_dir)
    assert servers.missing(data_dir) == []


def test_no_words_of_people_reach_the_log(data_dir: Path) -> None:
    with connect(servers.ensure(data_dir)) as connection:
        connection.execute("CREATE TABLE words (word text UNIQUE)")
        connection.execute("INSERT INTO words VALUES (%s)", [CANARY])
        for statement in ("INSERT INTO words VALUES (%s)", "SELECT %s::integer", "SELECT broken %s"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, [CANARY])
        with pytest.raises(psycopg.OperationalError):
            connection.execute(f"SELECT '{CANARY}', pg_terminate_backend(pg_backend_pid())")

    assert CANARY not in (data_dir / "logs/postgres.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")
def test_root_runs_them_as_nobody_and_opens_no_folder(data_dir: Path) -> None:
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    try:
        servers.ensure(data)

        pid = servers.postgres_of(data).pid()
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert closed.stat().st_mode & 0o777 == 0o700
        assert not (data / "servers").resolve().is_relative_to(closed)
    finally:
        home = (data / "servers").resolve()
        servers.destroy(data)
    assert not home.exists()
