"""What a provider is asked at set-up: whether an account can work, and the buttons of its own."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.inboxes.actions.accounts import resume_account
from apps.inboxes.actions.notices import record_notice
from apps.inboxes.models import AccountOperation, HistoryImport, Inbox, ProviderAccount
from providers import registry
from providers.base import Check, CheckState, Operation
from providers.errors import FetchError, SendError
from providers.types import AccountNotice, NoticeEffect

CHECK_EVERY = timedelta(minutes=15)
LOST_AFTER = timedelta(minutes=3)
LOST = "worker_lost"
OUTCOME_LENGTH = 4_000
OPEN = (AccountOperation.State.WAITING, AccountOperation.State.RUNNING)
CLUSTER = "bulk"


def request_operation(
    *, account: ProviderAccount, name: str, inbox: Inbox | None = None, actor: Actor
) -> AccountOperation:
    """Have a provider asked in the background; asked again before it is done, it is the same request.

    Raises: PermissionDenied; ValidationError code "unknown_operation", "needs_inbox", "wrong_inbox".
    """
    require(actor, Scope.SETUP_WRITE)
    _validate(account, name, inbox)
    with transaction.atomic():
        operation, is_new = AccountOperation.objects.get_or_create(
            account=account, inbox=inbox, name=name, state__in=OPEN, defaults={"requested_by_id": actor.user_id}
        )
        if is_new:
            enqueue(Job.OPERATE_ACCOUNTS, cluster=CLUSTER)
    return operation


def begin_operation(
    *, account: ProviderAccount, name: str, inbox: Inbox | None = None, actor: Actor
) -> AccountOperation:
    """Note that a provider is asked at this moment, by whoever calls this.

    Raises as `request_operation`, and code "under_way" while somebody else asks the same.
    """
    require(actor, Scope.SETUP_WRITE)
    _validate(account, name, inbox)
    operation = AccountOperation(
        account=account,
        inbox=inbox,
        name=name,
        state=AccountOperation.State.RUNNING,
        started_at=Now(),
        requested_by_id=actor.user_id,
    )
    try:
        with transaction.atomic():
            operation.save(force_insert=True)
    except IntegrityError:
        raise ValidationError(_("That is under way already."), code="under_way") from None
    return operation


def request_due_checks(*, actor: Actor) -> int:
    """Have every active account checked whose last check is old, and end what lost its worker; return how many."""
    require(actor, Scope.SETUP_WRITE)
    lost = AccountOperation.objects.filter(state=AccountOperation.State.RUNNING, started_at__lt=Now() - LOST_AFTER)
    lost.update(state=AccountOperation.State.FAILED, finished_at=Now(), error_code=LOST)
    fresh = AccountOperation.objects.filter(
        account=OuterRef("pk"), name=AccountOperation.CHECK, requested_at__gt=Now() - CHECK_EVERY
    )
    due = ProviderAccount.objects.filter(~Exists(fresh), is_active=True, kind__in=registry.PROVIDERS)
    requested = [AccountOperation(account=account, name=AccountOperation.CHECK) for account in due]
    AccountOperation.objects.bulk_create(requested, ignore_conflicts=True)
    if AccountOperation.objects.filter(state=AccountOperation.State.WAITING).exists():
        enqueue(Job.OPERATE_ACCOUNTS, cluster=CLUSTER)
    return len(requested)


def claim_operation(*, actor: Actor) -> AccountOperation | None:
    """Take the oldest request that waits; None when there is none."""
    require(actor, Scope.SETUP_WRITE)
    with transaction.atomic():
        waiting = AccountOperation.objects.filter(state=AccountOperation.State.WAITING).order_by("id")
        operation = waiting.select_for_update(skip_locked=True).first()
        if operation is None:
            return None
        AccountOperation.objects.filter(pk=operation.pk).update(state=AccountOperation.State.RUNNING, started_at=Now())
    return AccountOperation.objects.select_related("account", "inbox").get(pk=operation.pk)


@transaction.atomic
def record_outcome(*, operation: AccountOperation, outcome: str, actor: Actor) -> None:
    """Write what came of an operation; the request for old messages now waits for them."""
    require(actor, Scope.SETUP_WRITE)
    _finish(operation, state=AccountOperation.State.DONE, outcome=outcome[:OUTCOME_LENGTH])
    if operation.inbox is not None and _of(operation.account, operation.name).requests_history:
        HistoryImport.objects.update_or_create(inbox=operation.inbox, defaults={"request_id": outcome[:120]})


@transaction.atomic
def record_checks(*, operation: AccountOperation, checks: Sequence[Check], actor: Actor) -> None:
    """Write what a check found, in place of what the last one did; a phone found gone or back counts as told.

    An account that the provider paused goes on when a person asked and all is good: not every end of a pause is told.
    """
    require(actor, Scope.SETUP_WRITE)
    kept = [{name: value for name, value in asdict(check).items() if name != "notice"} for check in checks]
    _finish(operation, state=AccountOperation.State.DONE, checks=kept)
    _forget_older_checks(operation)
    for check in checks:
        if check.notice is not None:
            _heed(operation.account, check.notice, actor)
    if operation.requested_by_id and checks and all(check.state is CheckState.GOOD for check in checks):
        resume_account(account=operation.account, actor=actor)


@transaction.atomic
def record_trouble(*, operation: AccountOperation, error: SendError | FetchError, actor: Actor) -> None:
    """Write why a provider could not be asked, or what it refused."""
    require(actor, Scope.SETUP_WRITE)
    text = error.text if isinstance(error, SendError) else ""
    _finish(operation, state=AccountOperation.State.FAILED, error_code=error.code[:40], error_text=text[:300])
    _forget_older_checks(operation)


def operation_of(kind: str, name: str) -> Operation | None:
    """Return an operation of a provider; None if there is none such."""
    provider = registry.PROVIDERS.get(kind)
    return next((item for item in provider.operations() if item.name == name), None) if provider else None


def _of(account: ProviderAccount, name: str) -> Operation:
    operation = operation_of(account.kind, name)
    return operation or Operation(name=name, label=name)


def _validate(account: ProviderAccount, name: str, inbox: Inbox | None) -> None:
    known = operation_of(account.kind, name)
    if name != AccountOperation.CHECK and known is None:
        raise ValidationError(_("This provider cannot do that."), code="unknown_operation")
    if inbox is not None and inbox.account_id != account.pk:
        raise ValidationError(_("That inbox is not of this account."), code="wrong_inbox")
    if known is not None and known.is_per_inbox and inbox is None:
        raise ValidationError(_("Say for which inbox."), code="needs_inbox")


def _heed(account: ProviderAccount, notice: AccountNotice, actor: Actor) -> None:
    """Record what was found about an inbox, where it is news."""
    inbox = account.inboxes.filter(address=notice.inbox_address, group_address="").first()
    if inbox is not None and inbox.is_paused is not (notice.effect == NoticeEffect.PAUSE):
        record_notice(account=account, inbox=inbox, notice=notice, actor=actor)


def _finish(operation: AccountOperation, **columns: object) -> None:
    AccountOperation.objects.filter(pk=operation.pk).update(**columns, finished_at=Now())


def _forget_older_checks(operation: AccountOperation) -> None:
    if operation.name == AccountOperation.CHECK:
        older = AccountOperation.objects.filter(account=operation.account_id, name=AccountOperation.CHECK)
        older.filter(pk__lt=operation.pk).exclude(state__in=OPEN).delete()
