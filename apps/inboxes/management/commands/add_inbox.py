"""manage.py add_inbox: one number or account of ours, from a script."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand
from apps.inboxes.actions.inboxes import add_inbox
from apps.inboxes.models import ProviderAccount
from apps.inboxes.queries import accounts_for
from apps.organization.models import Branch
from apps.organization.queries import branches_for


class Command(ScriptCommand):
    help = "Add an inbox to an account; prints its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--account", required=True, type=int, help="the id of the account")
        parser.add_argument(
            "--address",
            required=True,
            help="our address there; WhatsApp: the phone_number_id; Maytapi: the phone id; Instagram: the account id",
        )
        parser.add_argument("--name", required=True, help="how people call the inbox")
        parser.add_argument("--branch", help="the short name of its branch; without it the first one")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        inbox = add_inbox(
            account=account_of(options["account"]),
            branch=_branch(options["branch"]),
            address=options["address"],
            name=options["name"],
            actor=SYSTEM,
        )
        return {"id": inbox.pk, "account": inbox.account_id, "branch": inbox.branch.slug}


def account_of(pk: int) -> ProviderAccount:
    """Return the account a command names. Raises CommandError."""
    account = accounts_for(SYSTEM).filter(pk=pk).first()
    if account is None:
        raise CommandError(f"There is no account {pk}.")
    return account


def _branch(slug: str | None) -> Branch:
    branches = branches_for(SYSTEM).order_by("pk")
    branch = branches.filter(slug=slug).first() if slug else branches.first()
    if branch is None:
        raise CommandError(f"There is no branch “{slug}”." if slug else "There is no branch yet: add one in the admin.")
    return branch
