"""Stored files are looked into: how large, how long, a small picture. What cannot be looked into is still a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.conversations.actions.columns import announce
from apps.conversations.models import Attachment
from apps.core import live
from apps.core.actors import Actor, Scope, require
from apps.core.models import Literal

LEASE_SECONDS = 60
TRIES = 3
"""Counted before the work: a file that takes its worker along is not tried for ever."""
WAITS = Q(state=Literal(Attachment.State.READY), is_examined=False)
DUE = WAITS & (Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One try to look into one file."""

    attachment: Attachment
    attempt: int

    @property
    def account_id(self) -> int:
        """Nobody's: it is all done here."""
        return 0


@transaction.atomic
def claim_unexamined(*, limit: int, busy: Sequence[int] = (), actor: Actor) -> list[Examination]:
    """Take stored files nobody looked into yet, the newest first: somebody may be watching."""
    require(actor, Scope.MESSAGES_SEND)
    rows = list(Attachment.objects.select_for_update(skip_locked=True).filter(DUE).order_by("-pk")[:limit])
    for row in rows:
        row.attempts += 1
        row.next_attempt_at = Now() + timedelta(seconds=LEASE_SECONDS)
        row.is_examined = row.attempts > TRIES
    Attachment.objects.bulk_update(rows, ["attempts", "next_attempt_at", "is_examined"])
    return [Examination(attachment=row, attempt=row.attempts) for row in rows if not row.is_examined]


def has_unexamined(*, actor: Actor) -> bool:
    """Tell whether a file could be claimed now."""
    require(actor, Scope.MESSAGES_SEND)
    return Attachment.objects.filter(DUE).exists()


def store_thumbnail(*, claim: Examination, thumbnail: Path, actor: Actor) -> str:
    """Store a small picture and return its name in the storage. Raises OSError, as the disk does."""
    require(actor, Scope.MESSAGES_SEND)
    with thumbnail.open("rb") as content:
        claim.attachment.thumbnail.save("thumbnail.webp", File(content), save=False)
    return claim.attachment.thumbnail.name or ""


def record_examined(*, claim: Examination, found: dict[str, Any], actor: Actor) -> bool:
    """Write what was found, which may be nothing; False when somebody else did so meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    ours = Attachment.objects.filter(WAITS, pk=claim.attachment.pk, attempts=claim.attempt)
    with transaction.atomic():
        written = ours.update(is_examined=True, attempts=0, next_attempt_at=None, **found)
        row = Attachment.objects.select_related("message__inbox").filter(pk=claim.attachment.pk).first()
        if written and row and row.message:
            announce(live.LiveKind.MESSAGE_CHANGED, row.message, branch_id=row.message.inbox.branch_id)
    if not written and (thumbnail := found.get("thumbnail")):
        claim.attachment.thumbnail.storage.delete(thumbnail)
    return bool(written)
