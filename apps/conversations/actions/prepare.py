"""Files of ours are made ready for their channel: in a format it takes, and handed over where it wants that.

Until then the message waits in PREPARING, and the later ones of its chat behind it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.conversations.actions.columns import announce, follow_status
from apps.conversations.actions.shares import CANDIDATES, share_out
from apps.conversations.models import Attachment, Dispatch, Message
from apps.core import file_types, live
from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from apps.core.models import Literal
from apps.inboxes.actions.accounts import pause_account
from apps.inboxes.models import ProviderAccount
from providers import registry
from providers.capabilities import FileLimit
from providers.contents import ContentKind
from providers.errors import AuthFailed, Rejected, SendError, WindowClosed
from providers.types import FailureReason

LEASE_SECONDS = 150
ACCOUNT_SHARE = 3
"""How many messages of one account a worker prepares at once."""
RETRY_SECONDS = (2, 10, 60, 300, 900)
UPLOAD_KEPT = timedelta(days=29)
SOUNDS = ("audio/ogg", "audio/mp4", "audio/mpeg")
PICTURES = ("image/jpeg", "image/png", "image/webp")
STICKER_SIDE = 512
STICKER_BYTES = 100 * 1024
"""Of one that does not move; what we make never does."""
CAMERA = re.compile(rb"Exif\0\0|eXIf|EXIF|http://ns\.adobe\.com/")
"""How what a camera tells of place and time begins, in each format; in some it stands behind the picture."""
MONO_OPUS = b"OpusHead\x01\x01"
_ABLE = Q(inbox__account__state=ProviderAccount.State.OK) | Q(
    inbox__account__state=ProviderAccount.State.NEEDS_AUTH, inbox__account__probe_at__lte=Now()
)
DUE = _ABLE & Q(
    dispatch=Literal(Dispatch.PREPARING),
    next_attempt_at__lte=Now(),
    inbox__is_active=True,
    inbox__account__is_active=True,
)
"""An account whose credentials are refused is asked now and then, one that its provider paused never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """One try to make one message ready."""

    message: Message
    attachment: Attachment
    attempt: int

    @property
    def account_id(self) -> int:
        """Whose provider is to have it."""
        return self.message.inbox.account_id

    @property
    def kind(self) -> ContentKind:
        """As what it leaves."""
        return ContentKind(self.message.kind)

    @property
    def limit(self) -> FileLimit:
        """What its channel takes. Raises Rejected if it takes none of this kind."""
        found = registry.PROVIDERS[self.message.inbox.account.kind].capabilities.files.get(self.kind)
        if found is None:
            raise Rejected("unsupported_content", "This channel takes no such files.", reason=FailureReason.CONTENT)
        return found


@transaction.atomic
def claim_preparing(*, limit: int, busy: Sequence[int] = (), actor: Actor) -> list[Preparation]:
    """Take messages whose file is to be made ready; what waited too long, or lost its file, ends here.

    `busy` has the account of each message this worker is preparing already.
    """
    require(actor, Scope.MESSAGES_SEND)
    waiting = Message.objects.filter(DUE).order_by("priority", "next_attempt_at", "pk")
    due = waiting.values_list("pk", "inbox__account")[:CANDIDATES]
    chosen = share_out(due, room=limit, busy=busy, most=ACCOUNT_SHARE)
    locked = Message.objects.select_for_update(of=["self"], skip_locked=True).filter(DUE, pk__in=chosen)
    rows = sorted(locked.select_related("inbox__account"), key=lambda row: chosen.index(row.pk))
    claims = []
    for row in rows:
        row.attempts += 1
        row.next_attempt_at = Now() + timedelta(seconds=LEASE_SECONDS)
    Message.objects.bulk_update(rows, ["attempts", "next_attempt_at"])
    late = set(
        Message.objects.filter(pk__in=[row.pk for row in rows], valid_until__lte=Now()).values_list("pk", flat=True)
    )
    for row in rows:
        attachment = row.attachments.exclude(file="").first()
        if row.pk in late:
            _end(row, dispatch=Dispatch.EXPIRED, failed_at=Now(), error_code="expired")
        elif attachment is None:
            _end(row, dispatch=Dispatch.REJECTED, failed_at=Now(), error_code="no_file")
        else:
            claims.append(Preparation(message=row, attachment=attachment, attempt=row.attempts))
    return claims


def has_preparing(*, actor: Actor) -> bool:
    """Tell whether a message could be claimed now."""
    require(actor, Scope.MESSAGES_SEND)
    return Message.objects.filter(DUE).exists()


def needed_type(claim: Preparation, content: BinaryIO) -> str:
    """Return the type a file must become before it leaves; nothing if it can leave as it is.

    Raises Rejected when this channel takes neither it nor anything we could make of it.
    """
    limit, mime_type = claim.limit, claim.attachment.mime_type
    is_taken = limit.takes(mime_type) and claim.attachment.size <= limit.max_bytes
    match claim.kind:
        case ContentKind.VOICE | ContentKind.AUDIO:
            is_good = mime_type != "audio/ogg" or MONO_OPUS in content.read(file_types.HEAD_BYTES)
            if is_taken and is_good and (claim.kind is ContentKind.AUDIO or mime_type in SOUNDS):
                return ""
            return _first(limit, SOUNDS)
        case ContentKind.STICKER:
            return "" if is_taken and mime_type == "image/webp" else _first(limit, ("image/webp", "image/png"))
        case ContentKind.IMAGE if mime_type in PICTURES and file_types.holds(content, CAMERA):
            return mime_type if limit.takes(mime_type) else _first(limit, PICTURES)
        case ContentKind.IMAGE:
            return "" if is_taken else _first(limit, PICTURES)
    if not limit.takes(mime_type):
        raise Rejected("file_type", "This channel does not take this format.", reason=FailureReason.MEDIA)
    require_size(claim, claim.attachment.size)
    return ""


def require_size(claim: Preparation, size: int) -> None:
    """Raise Rejected if a file is larger than its channel takes."""
    if size > claim.limit.max_bytes:
        raise Rejected("file_too_large", "This channel takes only smaller files.", reason=FailureReason.MEDIA)


def store_made(*, claim: Preparation, made: Path, mime_type: str, actor: Actor) -> None:
    """Store a file as its channel takes it. Raises OSError, as the disk does."""
    require(actor, Scope.MESSAGES_SEND)
    row = claim.attachment
    with made.open("rb") as content:
        row.channel_file.save(file_types.with_ending("file", mime_type), File(content), save=False)
    row.channel_mime_type = mime_type


def record_ready(*, claim: Preparation, media_id: str, actor: Actor) -> bool:
    """Queue a message whose file is ready; False when somebody else did so meanwhile."""
    require(actor, Scope.MESSAGES_SEND)
    row = claim.attachment
    with transaction.atomic():
        queued = _settle(
            claim, dispatch=Dispatch.QUEUED, attempts=0, next_attempt_at=Now(), error_code="", error_text=""
        )
        if queued:
            row.channel_media_id = media_id
            row.channel_media_until = Now() + UPLOAD_KEPT if media_id else None
            row.save(update_fields=["channel_file", "channel_mime_type", "channel_media_id", "channel_media_until"])
            enqueue(Job.DELIVER_MESSAGES)
    return queued


@transaction.atomic
def record_unready(*, claim: Preparation, error: SendError | None, actor: Actor) -> bool:
    """Write why a file is not ready: the class of the error decides whether it is tried again. None: our own fault."""
    require(actor, Scope.MESSAGES_SEND)
    words = {"error_code": error.code[:40], "error_text": error.text[:300]} if error else {"error_code": "storage"}
    if isinstance(error, AuthFailed):
        pause_account(account=claim.message.inbox.account, reason=error.code, actor=actor)
    if isinstance(error, Rejected | WindowClosed):
        return _settle(claim, dispatch=Dispatch.REJECTED, failed_at=Now(), **words)
    planned = RETRY_SECONDS[min(claim.attempt, len(RETRY_SECONDS)) - 1]
    pause = max(planned, (error.retry_after if error else None) or 0)
    return _settle(claim, next_attempt_at=Now() + timedelta(seconds=pause), **words)


def _first(limit: FileLimit, types: tuple[str, ...]) -> str:
    for mime_type in types:
        if limit.takes(mime_type):
            return mime_type
    raise Rejected("file_type", "This channel does not take this format.", reason=FailureReason.MEDIA)


def _settle(claim: Preparation, **changes: object) -> bool:
    ours = Message.objects.filter(pk=claim.message.pk, dispatch=Dispatch.PREPARING, attempts=claim.attempt).update(
        **changes
    )
    if ours:
        _announce(claim.message)
    return bool(ours)


def _end(message: Message, **changes: object) -> None:
    Message.objects.filter(pk=message.pk).update(**changes)
    _announce(message)


def _announce(message: Message) -> None:
    follow_status([message.pk])
    announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=message.inbox.branch_id)
