"""Run a command while the servers of a data folder run: `python -m apps.core.servers make something`."""

import os
import subprocess
import sys
from pathlib import Path

from apps.core import servers

data_dir = Path(os.environ.get("DATA_DIR", ".data"))
running = servers.ensure(data_dir)
addresses = {"DATABASE_URL": running.database_url, "REDIS_URL": running.redis_url}
try:
    code = subprocess.call(sys.argv[1:], env={**os.environ, **addresses})  # noqa: S603
finally:
    servers.release(data_dir)
sys.exit(code)
