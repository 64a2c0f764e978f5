"""Keep the published schema and the code the same."""

from argparse import ArgumentParser
from difflib import unified_diff
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from graphql_api.schema import schema

PUBLISHED = Path(__file__).resolve().parents[2] / "schema.graphql"


class Command(BaseCommand):
    """Writes graphql_api/schema.graphql, or compares it."""

    help = "Write graphql_api/schema.graphql anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when it is not current.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        current = schema.as_str()
        if not check:
            PUBLISHED.write_text(current)
            return
        published = PUBLISHED.read_text() if PUBLISHED.exists() else ""
        if published != current:
            difference = unified_diff(published.splitlines(), current.splitlines(), "published", "current", lineterm="")
            raise CommandError("\n".join(["Run `make schema`:", *difference]))
