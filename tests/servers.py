"""An early pytest plugin: the real servers run before the settings are read.

Every xdist worker shares them, with a database of its own.
"""

import os
from pathlib import Path

import psycopg
import pytest

from apps.core import servers

DATA_DIR = Path(os.environ.get("TEST_DATA_DIR", Path(__file__).resolve().parent.parent / ".data" / "test"))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

_started = servers.ensure(DATA_DIR)
with psycopg.connect(_started.database_url, autocommit=True) as database:
    # No test pulls this server's plug: those that kill one start their own, which waits for the disk.
    database.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
os.environ |= {
    "DATA_DIR": str(DATA_DIR / WORKER),
    "DATABASE_URL": _started.database_url,
    "REDIS_URL": _started.redis_url,
    "CHANNEL_PREFIX": f"test-{WORKER}",
    "PUBLIC_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SECRET_KEY": "the secret of tests is no secret",
    "ENCRYPTION_KEYS": "dGVzdHMtaGF2ZS1vbmUta2V5LWFuZC1pdC1pcy1pdCE=",
    "LOG_LEVEL": "WARNING",
    "ASSISTANT_DEBOUNCE_SECONDS": "0",
}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give up our share; the last process ends the servers."""
    servers.release(DATA_DIR)
