"""manage.py create_token: a token for an application, from a script."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from apps.accounts.actions import create_token
from apps.accounts.models import User
from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand

MAX_DAYS = 3650


class Command(ScriptCommand):
    help = "Make a token for an application; prints it this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="the user the application acts for")
        parser.add_argument("--name", required=True, help="how people call the application")
        parser.add_argument("--scopes", required=True, help="such as conversations:read,messages:send; * is all")
        parser.add_argument("--expires-days", type=int, help="when it ends; without it, never")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”.")
        row, token = create_token(
            user=user,
            name=options["name"],
            scopes=[scope.strip() for scope in options["scopes"].split(",")],
            expires_at=_end(options["expires_days"]),
            actor=SYSTEM,
        )
        expires_at = row.expires_at.isoformat() if row.expires_at else None
        return {"id": row.pk, "token": token, "scopes": row.scopes, "expires_at": expires_at}


def _end(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        raise CommandError(f"--expires-days is a number from 1 to {MAX_DAYS}.")
    return timezone.now() + timedelta(days=days)
