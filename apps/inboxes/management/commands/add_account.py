"""manage.py add_account: an account at a provider, from a script."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand
from apps.inboxes.actions.accounts import add_account


class Command(ScriptCommand):
    help = "Add an account at a provider; prints its id and where the provider posts to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--provider", required=True, help="whatsapp, simulator, …")
        parser.add_argument("--name", required=True, help="how people call the account")
        parser.add_argument("--credentials", required=True, help="a JSON object; “-” reads it from standard input")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        account = add_account(
            kind=options["provider"],
            name=options["name"].strip(),
            credentials=_credentials(options["credentials"]),
            actor=SYSTEM,
        )
        return {"id": account.pk, "webhook_key": account.webhook_key, "webhook_path": account.webhook_path}


def _credentials(given: str) -> dict[str, Any]:
    """Read the object; what was given is never repeated in an error."""
    text = sys.stdin.read() if given == "-" else given
    try:
        credentials = json.loads(text)
    except ValueError:
        raise CommandError("--credentials is not JSON.") from None
    if not isinstance(credentials, dict):
        raise CommandError("--credentials is not a JSON object.")
    return credentials
