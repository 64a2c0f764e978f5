"""Load the demonstration data."""

import json
import os
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from apps.simulator.management import demonstration


class Command(BaseCommand):
    """An invented institute with users, a simulated phone and a morning of conversations."""

    help = "Load demonstration data into an empty database; one password for every user is drawn and printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        if get_user_model()._default_manager.exists():
            raise CommandError("This database has users already: the demonstration is for an empty one.")
        password = secrets.token_urlsafe(9)
        demonstration.load(password)
        kept = {"users": [user[0] for user in demonstration.USERS], "password": password}
        path = settings.DATA_DIR / "demo.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file)
        if options["json"]:
            self.stdout.write(json.dumps(kept))
        else:
            self.stdout.write(f"Users: {', '.join(kept['users'])}. Password of all: {password}")
