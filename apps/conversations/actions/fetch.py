"""Files that arrived are fetched: each is ours for one try, and tried as long as the provider keeps it.

The number of the try fences it: whoever was too slow finds a higher one and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.conversations.actions.columns import announce
from apps.conversations.actions.files import INLINE, LOOKED_INTO, digest_of, fitting_kind
from apps.conversations.actions.shares import CANDIDATES, share_out
from apps.conversations.models import Attachment, Message
from apps.core import file_types, live
from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.core.models import Literal
from providers.base import FetchedFile
from providers.contents import ContentKind, RemoteFile
from providers.errors import MediaGone, MediaRefused

LEASE_SECONDS = 180
ACCOUNT_SHARE = 4
"""How many files of one account a worker fetches at once."""
RETRY_SECONDS = (5, 30, 120, 600, 3600, 6 * 3600)
DUE = Q(state=Literal(Attachment.State.WAITING), next_attempt_at__lte=Now(), message__isnull=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One try to get one file."""

    attachment: Attachment
    message: Message
    attempt: int

    @property
    def account_id(self) -> int:
        """Whose provider has it."""
        return self.message.inbox.account_id

    @property
    def is_inline(self) -> bool:
        """Tell whether the file came inside the event."""
        return self.attachment.source_url.startswith(INLINE)

    @property
    def source(self) -> RemoteFile:
        """Where the provider has it."""
        return RemoteFile(
            kind=ContentKind(self.attachment.kind),
            mime_type=self.attachment.mime_type,
            name=self.attachment.name,
            media_id=self.attachment.source_id,
            url=self.attachment.source_url,
        )


@transaction.atomic
def claim_files(*, limit: int, busy: Sequence[int] = (), actor: Actor) -> list[Fetch]:
    """Take files that are due; what people wait for before what is only history.

    `busy` has the account of each file this worker is fetching already.
    """
    require(actor, Scope.MESSAGES_SEND)
    waiting = Attachment.objects.filter(DUE).order_by("message__is_imported", "next_attempt_at", "pk")
    due = waiting.values_list("pk", "message__inbox__account")[:CANDIDATES]
    chosen = share_out(due, room=limit, busy=busy, most=ACCOUNT_SHARE)
    locked = Attachment.objects.select_for_update(of=["self"], skip_locked=True).filter(DUE, pk__in=chosen)
    rows = sorted(locked.select_related("message__inbox__account"), key=lambda row: chosen.index(row.pk))
    claims = []
    for row in rows:
        row.attempts = min(row.attempts + 1, 30_000)
        if row.message is not None:
            claims.append(Fetch(attachment=row, message=row.message, attempt=row.attempts))
        row.next_attempt_at = Now() + timedelta(seconds=LEASE_SECONDS)
    Attachment.objects.bulk_update(rows, ["attempts", "next_attempt_at"])
    return claims


def has_due_files(*, actor: Actor) -> bool:
    """Tell whether a file could be claimed now."""
    require(actor, Scope.MESSAGES_SEND)
    return Attachment.objects.filter(DUE).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was stored of a file, in the columns of its row."""

    columns: dict[str, Any]


def store(*, claim: Fetch, content: BinaryIO, fetched: FetchedFile, actor: Actor) -> Stored:
    """Put what came into the storage, as what it is; the row is another step. Raises OSError, as the disk does."""
    require(actor, Scope.MESSAGES_SEND)
    row = claim.attachment
    mime_type = file_types.type_of(content, row.name)
    kind = fitting_kind(row.kind, mime_type)
    if mime_type == file_types.OCTETS and kind == ContentKind.DOCUMENT:
        mime_type = _harmless(row.mime_type or fetched.mime_type)
    digest = digest_of(content)
    content.seek(0)
    row.file.save(file_types.with_ending(row.name, mime_type), File(content), save=False)
    columns = {"kind": kind, "mime_type": mime_type, "size": fetched.size, "sha256": digest, "file": row.file.name}
    return Stored(columns={**columns, "is_examined": file_types.family(mime_type) not in LOOKED_INTO})


def record_stored(*, claim: Fetch, stored: Stored, actor: Actor) -> bool:
    """Show a file that is stored; False when somebody else did so meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    is_ours = _settle(claim, state=Attachment.State.READY, source_url="", error_code="", **stored.columns)
    if not is_ours:
        claim.attachment.file.storage.delete(stored.columns["file"])
    elif not stored.columns["is_examined"]:
        enqueue(Job.EXAMINE_MEDIA)
    return is_ours


def record_missing(*, claim: Fetch, error: Exception, code: str, actor: Actor) -> bool:
    """Write why a file did not come: it is tried again as long as that can help."""
    require(actor, Scope.MESSAGES_SEND)
    state = Attachment.State
    match error:
        case MediaGone():
            return _settle(claim, state=state.GONE, error_code=code[:40])
        case MediaRefused():
            return _settle(claim, state=state.REFUSED, error_code=code[:40])
    pause = timedelta(seconds=RETRY_SECONDS[min(claim.attempt, len(RETRY_SECONDS)) - 1])
    ours = Attachment.objects.filter(pk=claim.attachment.pk, state=state.WAITING, attempts=claim.attempt)
    if ours.filter(kept_until__gt=Now() + pause).update(next_attempt_at=Now() + pause, error_code=code[:40]):
        return True
    return _settle(claim, state=state.FAILED, error_code=code[:40])


def _harmless(claimed: str) -> str:
    """Return the claimed type of a document nobody recognises, if it could only ever be saved."""
    plain = claimed.partition(";")[0].strip().lower()[:100]
    is_told = plain.startswith("application/") and not file_types.UNSAFE.fullmatch(plain)
    return plain if is_told and plain != "application/pdf" else file_types.OCTETS


@transaction.atomic
def _settle(claim: Fetch, **changes: object) -> bool:
    ours = Attachment.objects.filter(
        pk=claim.attachment.pk, state=Attachment.State.WAITING, attempts=claim.attempt
    ).update(next_attempt_at=None, attempts=0, **changes)
    if ours:
        announce(live.LiveKind.MESSAGE_CHANGED, claim.message, branch_id=claim.message.inbox.branch_id)
    return bool(ours)
