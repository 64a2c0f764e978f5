"""manage.py operate_account: what the buttons of an account's set-up page do, from a script."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand
from apps.inboxes.actions.operations import begin_operation
from apps.inboxes.management.commands.add_inbox import account_of
from apps.inboxes.models import AccountOperation, Inbox, ProviderAccount
from apps.inboxes.queries import inboxes_for, operations_for
from apps.inboxes.tasks import perform
from providers import registry


class Command(ScriptCommand):
    """It asks the provider itself, without a worker, and waits for the answer."""

    help = "Ask a provider what its set-up page offers: “check”, or an operation of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--account", required=True, type=int, help="the id of the account")
        parser.add_argument("--operation", required=True, help="“check”, or an operation of the provider")
        parser.add_argument("--inbox", help="the address of the inbox, for what is asked for each")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        account = account_of(options["account"])
        name = options["operation"]
        known = _names(account)
        if name not in known:
            raise CommandError(f"This provider has no operation “{name}”. There is: {', '.join(known)}.")
        inbox = _inbox(account, options["inbox"]) if options["inbox"] else None
        operation = begin_operation(account=account, name=name, inbox=inbox, actor=SYSTEM)
        perform(operation)
        operation = operations_for(SYSTEM).get(pk=operation.pk)
        if operation.state == AccountOperation.State.FAILED:
            raise CommandError(f"It failed: {operation.error_code} {operation.error_text}".strip())
        return {"operation": name, "outcome": operation.outcome, "checks": operation.checks}


def _names(account: ProviderAccount) -> list[str]:
    provider = registry.PROVIDERS.get(account.kind)
    return [AccountOperation.CHECK, *(item.name for item in provider.operations())] if provider else []


def _inbox(account: ProviderAccount, address: str) -> Inbox:
    inbox = inboxes_for(SYSTEM).filter(account=account, address=address).order_by("pk").first()
    if inbox is None:
        raise CommandError(f"This account has no inbox {address}.")
    return inbox
