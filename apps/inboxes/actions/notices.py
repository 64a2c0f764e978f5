"""What providers say about accounts and inboxes of ours, and how far the import of old messages came."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.inboxes.models import AccountNotice, HistoryImport, Inbox, ProviderAccount
from providers import types
from providers.types import HistoryProgress, NoticeEffect

WHOLE = 100


@transaction.atomic
def record_notice(
    *,
    account: ProviderAccount,
    inbox: Inbox | None,
    notice: types.AccountNotice,
    received_at: datetime | None = None,
    actor: Actor,
) -> bool:
    """Keep what a provider says, once, and let it pause or resume what it is about; False when it was known.

    A notice about an inbox stops or frees that inbox alone, any other the whole account. What came late never
    undoes what the provider said after it. Without a time of the provider's it is known by `received_at`.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    row, is_new = AccountNotice.objects.get_or_create(
        account=account,
        inbox=inbox,
        code=notice.code[:60],
        subject=notice.subject[:200],
        at=notice.provider_time or received_at or Now(),
        defaults={
            "level": AccountNotice.Level(notice.level),
            "text": notice.text[:300],
            "details": dict(notice.details),
            "effect": AccountNotice.Effect(notice.effect),
        },
    )
    is_about_ours = inbox is not None or not notice.inbox_address  # another's number changes nothing here
    if is_new and is_about_ours and notice.effect != NoticeEffect.NONE and not _is_overtaken(row):
        _apply(account, inbox, notice)
    return is_new


def _is_overtaken(row: AccountNotice) -> bool:
    """Tell whether the provider paused or resumed the same at a later time; waits for whoever is saying so."""
    ProviderAccount.objects.select_for_update(no_key=True).get(pk=row.account_id)
    row.refresh_from_db(fields=["at"])
    of_the_same = AccountNotice.objects.filter(account=row.account_id, inbox=row.inbox_id)
    return of_the_same.filter(at__gt=row.at).exclude(effect=AccountNotice.Effect.NONE).exists()


def _apply(account: ProviderAccount, inbox: Inbox | None, notice: types.AccountNotice) -> None:
    is_paused = notice.effect == NoticeEffect.PAUSE
    if inbox is not None:
        Inbox.objects.filter(pk=inbox.pk).update(is_paused=is_paused)
    elif is_paused:
        ProviderAccount.objects.filter(pk=account.pk).update(
            state=ProviderAccount.State.PAUSED, state_reason=notice.code[:200], probe_at=None
        )
    else:
        ProviderAccount.objects.filter(pk=account.pk, state=ProviderAccount.State.PAUSED).update(
            state=ProviderAccount.State.OK, state_reason=""
        )
    if not is_paused:
        refused = ProviderAccount.objects.filter(pk=account.pk, state=ProviderAccount.State.NEEDS_AUTH)
        refused.update(probe_at=Now())  # it may have been refused for just what is over now
        enqueue(Job.SWEEP)


@transaction.atomic
def record_history(*, inbox: Inbox, progress: HistoryProgress, messages: int = 0, actor: Actor) -> None:
    """Note one part of the old messages of a phone, or that they will not come.

    Parts come in any order and more than once: each counts once, and the percentage never goes back.
    """
    require(actor, Scope.JOURNAL_REPLAY)
    HistoryImport.objects.bulk_create([HistoryImport(inbox=inbox)], ignore_conflicts=True)
    history = HistoryImport.objects.select_for_update().get(inbox=inbox)
    part = f"{progress.phase}:{progress.chunk}"
    if progress.error is not None:
        if history.state != HistoryImport.State.DONE:
            history.state, history.error_code = HistoryImport.State.DECLINED, progress.error.code[:40]
            history.save(update_fields=["state", "error_code", "updated_at"])
    elif part not in history.parts or progress.percent > history.percent:
        if part not in history.parts:
            history.parts = [*history.parts, part]
            history.chunks = len(history.parts)
            history.messages += messages
        history.percent = min(max(history.percent, progress.percent), WHOLE)
        history.state = HistoryImport.State.DONE if history.percent == WHOLE else HistoryImport.State.RUNNING
        history.error_code = ""
        history.save()
