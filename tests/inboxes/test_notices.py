"""What providers say of accounts and inboxes, and the import of old messages."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from apps.conversations.actions.deliver import can_claim, claim_due, permit
from apps.conversations.actions.send import send_message
from apps.core.actors import SYSTEM
from apps.inboxes.actions.notices import record_history, record_notice
from apps.inboxes.models import AccountNotice, HistoryImport, Inbox, ProviderAccount
from providers import types
from providers.types import HistoryProgress, NoticeEffect, NoticeLevel, ProviderError
from tests.factories import make_account, make_inbox, receive

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def says(effect=NoticeEffect.NONE, *, minutes=0, code="phone_status", **fields):
    at = NOON + timedelta(minutes=minutes)
    return types.AccountNotice(path="", code=code, effect=effect, provider_time=at, **fields)


def waiting_message(inbox):
    conversation = receive(inbox).conversation
    return send_message(conversation=conversation, text="Hola", client_key=f"for {inbox.pk}", actor=SYSTEM)


def claimed(*, limit=10):
    return [claim.message.inbox for claim in claim_due(limit=limit, actor=SYSTEM)]


def test_a_notice_is_kept_once():
    inbox = make_inbox()
    notice = says(level=NoticeLevel.WARNING, text="GREEN to YELLOW", subject=inbox.address, details={"now": "YELLOW"})
    known = [record_notice(account=inbox.account, inbox=inbox, notice=notice, actor=SYSTEM) for _ in range(2)]
    row = AccountNotice.objects.get()
    assert known == [True, False]
    assert (row.code, row.level, row.text, row.details) == (
        "phone_status",
        "warning",
        "GREEN to YELLOW",
        {"now": "YELLOW"},
    )
    assert (row.at, row.effect, row.inbox) == (NOON, "none", inbox)


def test_a_notice_without_a_time_is_known_by_when_it_was_received():
    account = make_account()
    notice = types.AccountNotice(path="", code="quality")
    for _ in range(2):
        record_notice(account=account, inbox=None, notice=notice, received_at=NOON, actor=SYSTEM)
    assert AccountNotice.objects.get().at == NOON


def test_a_paused_account_sends_nothing_until_it_is_resumed():
    inbox, other = make_inbox(), make_inbox()
    waiting_message(inbox)
    waiting_message(other)
    record_notice(account=inbox.account, inbox=None, notice=says(NoticeEffect.PAUSE), actor=SYSTEM)
    inbox.account.refresh_from_db()
    assert (inbox.account.state, inbox.account.state_reason) == ("paused", "phone_status")
    assert claimed() == [other]
    assert not can_claim(actor=SYSTEM)
    record_notice(account=inbox.account, inbox=None, notice=says(NoticeEffect.RESUME, minutes=1), actor=SYSTEM)
    inbox.account.refresh_from_db()
    assert (inbox.account.state, inbox.account.state_reason) == ("ok", "")
    assert claimed() == [inbox]


def test_a_notice_about_one_number_pauses_that_number_alone():
    inbox = make_inbox()
    neighbour = make_inbox(inbox.account)
    waiting_message(inbox)
    waiting_message(neighbour)
    record_notice(account=inbox.account, inbox=inbox, notice=says(NoticeEffect.PAUSE), actor=SYSTEM)
    assert claimed() == [neighbour]
    record_notice(account=inbox.account, inbox=inbox, notice=says(NoticeEffect.RESUME, minutes=1), actor=SYSTEM)
    assert claimed() == [inbox]


def test_a_notice_about_a_number_that_is_not_ours_pauses_nothing():
    account = make_account()
    notice = says(NoticeEffect.PAUSE, inbox_address="999")
    assert record_notice(account=account, inbox=None, notice=notice, actor=SYSTEM)
    account.refresh_from_db()
    assert account.state == "ok"


def test_a_pause_stops_what_was_claimed_and_not_yet_sent():
    message = waiting_message(make_inbox())
    claims = claim_due(limit=1, actor=SYSTEM)
    record_notice(account=message.inbox.account, inbox=None, notice=says(NoticeEffect.PAUSE), actor=SYSTEM)
    assert permit(claims=claims, actor=SYSTEM) == set()
    message.refresh_from_db()
    assert message.dispatch == "waiting"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_word_of_the_provider_counts_in_any_order(order):
    inbox = make_inbox()
    said = [
        says(NoticeEffect.PAUSE),
        says(NoticeEffect.RESUME, minutes=1),
        says(NoticeEffect.PAUSE, minutes=2, subject=inbox.address),
    ]
    for number in (*order, *order):
        record_notice(account=inbox.account, inbox=inbox, notice=said[number], actor=SYSTEM)
        record_notice(account=inbox.account, inbox=None, notice=said[number], actor=SYSTEM)
    assert Inbox.objects.get(pk=inbox.pk).is_paused
    assert ProviderAccount.objects.get(pk=inbox.account_id).state == "paused"
    assert AccountNotice.objects.count() == 6


def test_a_resumed_number_does_not_clear_refused_credentials():
    account = make_account(state="needs_auth", state_reason="190")
    record_notice(account=account, inbox=None, notice=says(NoticeEffect.RESUME), actor=SYSTEM)
    account.refresh_from_db()
    assert (account.state, account.state_reason) == ("needs_auth", "190")


PARTS = [(0, 1, 5, 3), (0, 2, 40, 4), (1, 1, 70, 5), (2, 1, 100, 6)]


@pytest.mark.parametrize("order", list(permutations(PARTS))[::3])
def test_parts_of_the_history_come_in_any_order_and_twice(order):
    inbox = make_inbox()
    shown = []
    for phase, chunk, percent, messages in (*order, *order):
        progress = HistoryProgress(path="", inbox_address=inbox.address, phase=phase, chunk=chunk, percent=percent)
        record_history(inbox=inbox, progress=progress, messages=messages, actor=SYSTEM)
        shown.append(HistoryImport.objects.get().percent)
    history = HistoryImport.objects.get(inbox=inbox)
    assert shown == sorted(shown)
    assert (history.state, history.percent, history.chunks, history.messages) == ("done", 100, 4, 18)


def test_a_declined_history_says_so_and_may_come_later():
    inbox = make_inbox()
    error = ProviderError(code="2593109", title="History sharing is turned off")
    declined = HistoryProgress(path="", inbox_address=inbox.address, error=error)
    record_history(inbox=inbox, progress=declined, actor=SYSTEM)
    history = HistoryImport.objects.get(inbox=inbox)
    assert (history.state, history.error_code, history.chunks) == ("declined", "2593109", 0)
    record_history(inbox=inbox, progress=HistoryProgress(path="", inbox_address="", chunk=1, percent=9), actor=SYSTEM)
    history.refresh_from_db()
    assert (history.state, history.error_code, history.percent) == ("running", "", 9)
