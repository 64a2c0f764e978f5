"""What providers are asked at set-up: once, in the background, with everything they may answer."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django_q.models import OrmQ

from apps.core.actors import SYSTEM, Role
from apps.inboxes.actions import operations
from apps.inboxes.models import AccountNotice, AccountOperation, HistoryImport, ProviderAccount
from apps.inboxes.tasks import check_accounts, operate_accounts, perform
from providers import types
from providers.base import Check, CheckState
from providers.types import NoticeEffect
from tests.factories import make_account, make_actor, make_inbox
from tests.inboxes.toy import toy

__all__ = ["toy"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toy")]


def make_toy(secret: str = "it works", **fields: object) -> ProviderAccount:
    return make_account("toy", credentials={"secret": secret}, **fields)


def ask(account: ProviderAccount, name: str = "subscribe", **given: object) -> AccountOperation:
    operation = operations.begin_operation(account=account, name=name, actor=SYSTEM, **given)  # type: ignore[arg-type]
    perform(operations_of(operation))
    return operations_of(operation)


def operations_of(operation: AccountOperation) -> AccountOperation:
    return AccountOperation.objects.select_related("account", "inbox").get(pk=operation.pk)


def test_what_is_asked_twice_is_asked_once():
    account = make_toy()
    first = operations.request_operation(account=account, name="subscribe", actor=SYSTEM)
    second = operations.request_operation(account=account, name="subscribe", actor=SYSTEM)

    assert (first.pk, OrmQ.objects.count()) == (second.pk, 1)
    assert operate_accounts() == "1 operations"
    done = operations_of(first)
    assert (done.state, done.outcome, done.error_code) == ("done", "subscribed", "")
    assert done.started_at is not None
    assert done.finished_at is not None
    again = operations.request_operation(account=account, name="subscribe", actor=SYSTEM)
    assert again.pk != first.pk


def test_a_check_keeps_what_the_provider_says_and_only_the_newest():
    account = make_toy("wrong")
    inbox = make_inbox(account)
    make_inbox(account, address=inbox.address, group_address="a group")
    make_inbox(account, is_active=False)

    ask(account, "check")
    checked = ask(account, "check")

    assert AccountOperation.objects.get() == checked
    assert checked.checks == [
        {
            "code": "token", "label": "Token valid", "state": "bad", "detail": account.webhook_url,
            "remedy": "Renew the token.", "inbox_address": "",
        },
        {
            "code": "number", "label": "Number reachable", "state": "unknown", "detail": "", "remedy": "",
            "inbox_address": inbox.address,
        },
    ]  # fmt: skip


def test_a_phone_that_a_check_finds_gone_or_back_counts_as_told():
    account = make_toy()
    inbox = make_inbox(account)

    def find(status: str, effect: NoticeEffect, address: str = inbox.address) -> tuple[bool, int]:
        notice = types.AccountNotice(path="", code="phone_status", text=status, inbox_address=address, effect=effect)
        found = Check(code="number", label="Phone", state=CheckState.BAD, notice=notice)
        operation = operations.begin_operation(account=account, name="check", actor=SYSTEM)
        operations.record_checks(operation=operation, checks=[found], actor=SYSTEM)
        assert "notice" not in operations_of(operation).checks[0]
        inbox.refresh_from_db()
        return inbox.is_paused, AccountNotice.objects.count()

    assert find("active", NoticeEffect.RESUME) == (False, 0)
    assert find("qr-code", NoticeEffect.PAUSE) == (True, 1)
    assert find("idle", NoticeEffect.PAUSE) == (True, 1)
    assert find("active", NoticeEffect.RESUME) == (False, 2)
    assert find("qr-code", NoticeEffect.PAUSE, "nobody's") == (False, 2)


@pytest.mark.parametrize(
    ("_case", "asked_by", "state", "after"),
    [
        ("a person asked and all is good", Role.ADMINISTRATOR, CheckState.GOOD, "ok"),
        ("something is not good", Role.ADMINISTRATOR, CheckState.UNKNOWN, "paused"),
        ("nobody asked", None, CheckState.GOOD, "paused"),
    ],
)
def test_a_pause_ends_when_a_person_finds_all_in_order(
    _case: str, asked_by: Role | None, state: CheckState, after: str
):
    account = make_toy(state="paused", state_reason="restriction")
    actor = make_actor(asked_by) if asked_by else SYSTEM
    operation = operations.begin_operation(account=account, name="check", actor=actor)
    checks = [Check(code="token", label="Token", state=CheckState.GOOD), Check(code="number", label="N", state=state)]
    operations.record_checks(operation=operation, checks=checks, actor=SYSTEM)
    account.refresh_from_db()
    assert account.state == after


@pytest.mark.parametrize(
    ("secret", "name", "error", "text"),
    [
        ("refused", "subscribe", "2593107", "It was asked before."),
        ("fault", "subscribe", "internal_error", "RuntimeError"),
        ("away", "check", "connection_refused", ""),
    ],
)
def test_whatever_it_answers_is_recorded(secret: str, name: str, error: str, text: str):
    operation = ask(make_toy(secret), name)

    assert (operation.state, operation.error_code, operation.error_text) == ("failed", error, text)
    assert operation.finished_at is not None


def test_an_account_that_cannot_speak_says_so():
    account = make_toy()
    operation = operations.begin_operation(account=account, name="subscribe", actor=SYSTEM)
    ProviderAccount.objects.filter(pk=account.pk).update(webhook_key="another, so that nothing opens")
    perform(operations_of(operation))
    assert operations_of(operation).error_code == "unusable_credentials"


def test_the_request_for_old_messages_waits_for_them():
    inbox = make_inbox(make_toy(), address="77")
    assert ask(inbox.account, "history", inbox=inbox).outcome == "request-77"
    history = HistoryImport.objects.get()
    assert (history.inbox, history.request_id, history.state) == (inbox, "request-77", "requested")


def test_what_makes_no_sense_is_refused():
    account, elsewhere = make_toy(), make_inbox()
    cases = {
        "unknown_operation": ("dance", None),
        "wrong_inbox": ("history", elsewhere),
        "needs_inbox": ("history", None),
    }
    for code, (name, inbox) in cases.items():
        with pytest.raises(ValidationError) as refusal:
            operations.request_operation(account=account, name=name, inbox=inbox, actor=SYSTEM)
        assert refusal.value.code == code
    for role in (Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR):
        with pytest.raises(PermissionDenied):
            operations.request_operation(account=account, name="subscribe", actor=make_actor(role))
    operations.begin_operation(account=account, name="subscribe", actor=SYSTEM)
    with pytest.raises(ValidationError) as refusal:
        operations.begin_operation(account=account, name="subscribe", actor=SYSTEM)
    assert refusal.value.code == "under_way"
    assert not OrmQ.objects.exists()


def test_accounts_are_checked_now_and_then():
    account = make_toy()
    make_toy(is_active=False)
    assert [check_accounts(), check_accounts()] == ["1 checks", "0 checks"]
    assert operate_accounts() == "1 operations"
    first = AccountOperation.objects.get()
    assert (first.account, first.state, first.requested_by) == (account, "done", None)
    AccountOperation.objects.update(requested_at=timezone.now() - operations.CHECK_EVERY - timedelta(seconds=1))
    assert [check_accounts(), operate_accounts()] == ["1 checks", "1 operations"]
    assert AccountOperation.objects.get().pk > first.pk


def test_a_lost_worker_is_not_replaced():
    operation = operations.begin_operation(account=make_toy(), name="subscribe", actor=SYSTEM)
    check_accounts()
    assert operations_of(operation).state == "running"
    AccountOperation.objects.filter(pk=operation.pk).update(started_at=timezone.now() - timedelta(minutes=4))
    check_accounts()
    lost = operations_of(operation)
    assert (lost.state, lost.error_code) == ("failed", "worker_lost")
