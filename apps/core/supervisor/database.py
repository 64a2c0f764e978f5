"""The database made ready before anything is started: tables, and something to see the first time."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate() -> bool:
    """Bring the tables up to date; return whether there was anything to do."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return bool(plan)


def is_empty() -> bool:
    """Return whether nobody has ever worked with this database."""
    return not get_user_model()._default_manager.exists()


def demonstration(data_dir: Path) -> dict[str, Any]:
    """Return what `manage.py demo` keeps for the newcomer: users and their password."""
    try:
        kept: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
    except FileNotFoundError:
        return {}
    return kept


def close() -> None:
    """Give the connection back: the supervisor itself needs none."""
    connection.close()
