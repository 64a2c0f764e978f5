"""accounts and operate_account."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.inboxes.models import AccountOperation, DeadLetter
from tests.commands.conftest import Call
from tests.factories import make_account, make_branch, make_event, make_inbox
from tests.inboxes.toy import CREDENTIALS, toy

__all__ = ["toy"]


@pytest.mark.usefixtures("toy")
def test_accounts_are_listed_with_their_health(call: Call) -> None:
    heard = timezone.now()
    account = make_account("toy", credentials=CREDENTIALS, name="Uno", last_event_at=heard)
    inbox = make_inbox(account, make_branch("Centro"), name="Uno Centro", address="1")
    make_account(name="Dos", is_active=False, state="needs_auth", state_reason="190")
    event = make_event(account, state="dead", received_at=heard, delay_ms=1200)
    DeadLetter.objects.create(event=event, error_class="KeyError")
    call("operate_account", "--account", account.pk, "--operation", "check")

    one, two = call("accounts")["accounts"]

    checked_at = AccountOperation.objects.get().finished_at
    assert checked_at is not None
    assert [(check["code"], check["state"]) for check in one.pop("checks")] == [
        ("token", "good"),
        ("number", "unknown"),
    ]
    assert one == {
        "id": account.pk,
        "provider": "toy",
        "name": "Uno",
        "is_active": True,
        "webhook_url": account.webhook_url,
        "webhook_path": f"/webhooks/{account.webhook_key}/",
        "state": "ok",
        "state_reason": "",
        "handshake_at": None,
        "last_event_at": heard.isoformat(),
        "last_bad_signature_at": None,
        "median_delay_seconds": 1.2,
        "is_silent": False,
        "open_dead_letters": 1,
        "checked_at": checked_at.isoformat(),
        "inboxes": [
            {"id": inbox.pk, "address": "1", "name": "Uno Centro", "branch": inbox.branch.slug, "is_active": True}
        ],
    }
    assert (two["name"], two["state"], two["state_reason"], two["checks"]) == ("Dos", "needs_auth", "190", [])
    said = StringIO()
    call_command("accounts", stdout=said)
    assert f"{account.pk} toy “Uno”: ok, heard {heard.isoformat()}\n  {account.webhook_url}\n" in said.getvalue()
    assert "“Dos”: off, heard nothing yet" in said.getvalue()


@pytest.mark.usefixtures("toy")
def test_a_provider_is_asked_from_a_script(call: Call) -> None:
    inbox = make_inbox(make_account("toy", credentials=CREDENTIALS), address="77")
    account = inbox.account_id

    asked = ("operate_account", "--account", account, "--operation")
    assert call(*asked, "subscribe") == {"operation": "subscribe", "outcome": "subscribed", "checks": []}
    assert call(*asked, "history", "--inbox", "77")["outcome"] == "request-77"
    assert AccountOperation.objects.filter(state="done").count() == 2


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--operation", "dance"), "no operation “dance”. There is: check, subscribe, history."),
        (("--operation", "history"), "Say for which inbox."),
        (("--operation", "history", "--inbox", "78"), "This account has no inbox 78."),
    ],
)
def test_what_cannot_be_asked_is_said(given: tuple[str, ...], words: str, call: Call) -> None:
    account = make_account("toy", credentials=CREDENTIALS)
    with pytest.raises(CommandError, match=words):
        call("operate_account", "--account", account.pk, *given)
    assert not AccountOperation.objects.exists()


@pytest.mark.usefixtures("toy")
def test_what_the_provider_refuses_is_said(call: Call) -> None:
    account = make_account("toy", credentials={"secret": "refused"})
    with pytest.raises(CommandError, match=r"It failed: 2593107 It was asked before\."):
        call("operate_account", "--account", account.pk, "--operation", "subscribe")
    assert AccountOperation.objects.get().state == "failed"
