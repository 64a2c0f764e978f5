"""manage.py create_token: a token for an application, from a script."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from apps.accounts.actions import create_token
from apps.accounts.models import User
from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand


class Command(ScriptCommand):
    help = "Make a token for an application; prints it this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="the user the application acts for")
        parser.add_argument("--name", required=True, help="how people call the application")
        parser.add_argument("--scopes", required=True, help="such as conversations:read,messages:send; * is all")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        scopes = [scope.strip() for scope in options["scopes"].split(",")]
        row, token = create_token(user=user, name=options["name"], scopes=scopes, expires_at=None, actor=SYSTEM)
        return {"id": row.pk, "token": token, "scopes": row.scopes}
