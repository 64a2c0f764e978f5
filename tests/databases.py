"""The database of each worker: a copy of one that was migrated once, for as long as the migrations stay the same."""

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connections
from psycopg import sql

from tests.servers import DATA_DIR

PREFIX = "migrated_"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Have Django copy the migrated database instead of migrating each worker's own."""
    connections["default"].settings_dict["TEST"].update(TEMPLATE=migrated(DATA_DIR), MIGRATE=False)


def migrated(data_dir: Path) -> str:
    """Return the name of a database with every migration in it; made by whoever comes first, and then kept."""
    url = os.environ["DATABASE_URL"]
    name = f"{PREFIX}{_digest()}"
    with (data_dir / "migrated.lock").open("w") as lock, psycopg.connect(url, autocommit=True) as server:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])
        known = {row[0] for row in found}
        for other in known - {name}:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(other)))
        if name not in known:
            _migrate(server, name, url)
    return name


def _migrate(server: psycopg.Connection, name: str, url: str) -> None:
    """Migrate under another name first: whoever dies in the middle leaves nothing that looks complete."""
    half = f"{PREFIX}half"
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(half)))
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half)))
    environment = {**os.environ, "DATABASE_URL": f"{url.rpartition('/')[0]}/{half}"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=environment, check=True)
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(name)))


def _digest() -> str:
    """Return a short word that changes whenever a migration does, or what runs them."""
    digest = hashlib.sha256(version("django").encode())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for file in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]
