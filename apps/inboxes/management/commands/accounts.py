"""manage.py accounts: where providers post to, and how well that goes."""

from collections.abc import Mapping
from typing import Any

from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand
from apps.inboxes.models import AccountOperation, ProviderAccount
from apps.inboxes.queries import Health, accounts_for, health_of, operations_for


class Command(ScriptCommand):
    help = "List the accounts with their webhook URLs and their health."

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        accounts = accounts_for(SYSTEM).defer("credentials").prefetch_related("inboxes__branch").order_by("pk")
        health = health_of(accounts)
        return {"accounts": [_facts(account, health[account.pk]) for account in accounts]}

    def show(self, facts: dict[str, Any], *, as_json: bool) -> None:
        """Print one object, or a line for each account."""
        if as_json:
            super().show(facts, as_json=True)
            return
        for account in facts["accounts"]:
            state = "off" if not account["is_active"] else account["state"]
            heard = account["last_event_at"] or "nothing yet"
            self.stdout.write(f"{account['id']} {account['provider']} “{account['name']}”: {state}, heard {heard}")
            self.stdout.write(f"  {account['webhook_url']}")


def _facts(account: ProviderAccount, health: Health) -> dict[str, Any]:
    check = (
        operations_for(SYSTEM).filter(account=account, name=AccountOperation.CHECK).exclude(finished_at=None).first()
    )
    return {
        "id": account.pk,
        "provider": account.kind,
        "name": account.name,
        "is_active": account.is_active,
        "webhook_url": account.webhook_url,
        "webhook_path": account.webhook_path,
        "state": account.state,
        "state_reason": account.state_reason,
        "handshake_at": _moment(account.handshake_at),
        "last_event_at": _moment(health.last_event_at),
        "last_bad_signature_at": _moment(account.last_bad_signature_at),
        "median_delay_seconds": health.delay_seconds,
        "is_silent": health.is_silent,
        "open_dead_letters": health.open_letters,
        "checked_at": _moment(check.finished_at) if check else None,
        "checks": check.checks if check else [],
        "inboxes": [
            {
                "id": inbox.pk,
                "address": inbox.address,
                "name": inbox.name,
                "branch": inbox.branch.slug,
                "is_active": inbox.is_active,
            }
            for inbox in account.inboxes.all()
        ],
    }


def _moment(at: Any) -> str | None:
    return at.isoformat() if at else None
