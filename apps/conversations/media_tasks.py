"""What the background does with files. Every task is safe to run twice and rung too often."""

import asyncio
import base64
import logging
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, BinaryIO, Protocol

from django.db.models.fields.files import FieldFile

from apps.conversations.actions import examine, fetch, files, prepare
from apps.conversations.actions.examine import Examination
from apps.conversations.actions.fetch import Fetch
from apps.conversations.actions.prepare import Preparation
from apps.conversations.queries import channel_name
from apps.core.actors import SYSTEM
from apps.core.jobs import Job, enqueue
from apps.core.secrets import UnreadableSecret
from apps.core.workshop import run as workshop
from providers.base import FetchedFile, FileSource, Provider
from providers.capabilities import MediaTransfer
from providers.contents import ContentKind
from providers.errors import AuthFailed, BadCredentials, FetchError, Rejected, SendError, Unreachable
from providers.http import HttpClient
from providers.types import FailureReason

logger = logging.getLogger(__name__)

FETCHES = 8
EXAMINATIONS = 2
PREPARATIONS = 4
CLAIM_SECONDS = 20
"""How long one task goes on claiming: with the longest single piece of work it stays under its timeout."""
LOOK_SECONDS = 0.2


def fetch_media() -> str:
    """Get files that arrived, several at once."""
    return f"{_together(fetch.claim_files, _fetch, _record_fetched, at_once=FETCHES)} files"


def examine_media() -> str:
    """Look into stored files: thumbnails, lengths, waveforms."""
    return f"{_together(examine.claim_unexamined, _examine, _record_examined, at_once=EXAMINATIONS)} files"


def prepare_messages() -> str:
    """Make files of ours ready for their channels, and let their messages go."""
    return f"{_together(prepare.claim_preparing, _prepare, _record_prepared, at_once=PREPARATIONS)} messages"


def sweep_media() -> str:
    """Ring for whatever is due: a lost bell costs seconds, never a file."""
    rung = []
    if fetch.has_due_files(actor=SYSTEM):
        rung.append(Job.FETCH_MEDIA)
    if examine.has_unexamined(actor=SYSTEM):
        rung.append(Job.EXAMINE_MEDIA)
    if prepare.has_preparing(actor=SYSTEM):
        rung.append(Job.PREPARE_MESSAGES)
    for job in rung:
        enqueue(job)
    return f"{len(rung)} rung"


def prune_media() -> str:
    """Delete what was uploaded and never sent."""
    return f"deleted {files.prune_uploads(actor=SYSTEM)}"


class Piece(Protocol):
    """Something that was claimed."""

    @property
    def account_id(self) -> int: ...


def _together[C: Piece, R](
    claim: Callable[..., list[C]], work: Callable[[C], R], record: Callable[[C, Future[R]], None], *, at_once: int
) -> int:
    """Claim until nothing is due or the time of one task is over; work in threads, and only here in the database."""
    until = time.monotonic() + CLAIM_SECONDS
    under_way: dict[Future[R], C] = {}
    done = 0
    with ThreadPoolExecutor(at_once) as threads:
        while True:
            room = at_once - len(under_way)
            if room and time.monotonic() < until:
                busy = [one.account_id for one in under_way.values()]
                under_way |= {threads.submit(work, one): one for one in claim(limit=room, busy=busy, actor=SYSTEM)}
            if not under_way:
                return done
            finished, _rest = wait(under_way, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                record(under_way.pop(future), future)
                done += 1


# Files that arrived -------------------------------------------------------------------------


def _fetch(claim: Fetch) -> fetch.Stored:
    """Get one file and store it. Raises FetchError, AuthFailed, OSError."""
    with TemporaryFile() as content:
        if claim.is_inline:
            content.write(base64.b64decode(claim.attachment.source_url.removeprefix(files.INLINE)))
            fetched = FetchedFile(size=content.tell())
        else:
            fetched = asyncio.run(_download(claim, content))
        return fetch.store(claim=claim, content=content, fetched=fetched, actor=SYSTEM)


async def _download(claim: Fetch, content: BinaryIO) -> FetchedFile:
    inbox = claim.message.inbox
    async with HttpClient() as client:
        provider = inbox.account.provider()
        return await provider.fetch(client, inbox_address=inbox.address, file=claim.source, to=content)


def _record_fetched(claim: Fetch, fetched: Future[fetch.Stored]) -> None:
    match fetched.exception():
        case None:
            recorded = fetch.record_stored(claim=claim, stored=fetched.result(), actor=SYSTEM)
        case (FetchError() | AuthFailed()) as error:
            recorded = fetch.record_missing(claim=claim, error=error, code=error.code, actor=SYSTEM)
        case (UnreadableSecret() | BadCredentials() | KeyError()) as error:
            recorded = fetch.record_missing(claim=claim, error=error, code="unusable_credentials", actor=SYSTEM)
        case OSError() as error:
            logger.error("media.storage attachment=%s error=%s", claim.attachment.pk, error.strerror)
            recorded = fetch.record_missing(claim=claim, error=error, code="storage", actor=SYSTEM)
        case fault:
            logger.error("media.fault attachment=%s", claim.attachment.pk, exc_info=fault)
            recorded = fetch.record_missing(
                claim=claim, error=Unreachable("internal_error"), code="internal_error", actor=SYSTEM
            )
    if not recorded:
        logger.warning("media.fenced attachment=%s", claim.attachment.pk)


# Files that are here ------------------------------------------------------------------------


def _examine(claim: Examination) -> dict[str, Any]:
    """Look into one file. Raises WorkFailed, OSError."""
    with TemporaryDirectory() as folder:
        source, thumbnail = Path(folder, "source"), Path(folder, "thumbnail")
        _copy(claim.attachment.file, source)
        found = workshop.look_into(source, mime_type=claim.attachment.mime_type, thumbnail=thumbnail)
        if thumbnail.exists():
            found["thumbnail"] = examine.store_thumbnail(claim=claim, thumbnail=thumbnail, actor=SYSTEM)
        return found


def _record_examined(claim: Examination, found: Future[dict[str, Any]]) -> None:
    match found.exception():
        case None:
            examine.record_examined(claim=claim, found=found.result(), actor=SYSTEM)
        case workshop.WorkFailed() as error:
            logger.info("media.no_preview attachment=%s reason=%s", claim.attachment.pk, error.code)
            examine.record_examined(claim=claim, found={}, actor=SYSTEM)
        case fault:  # the lease ends, and it is tried again
            logger.error("media.fault attachment=%s", claim.attachment.pk, exc_info=fault)


# Files that leave ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """A file its channel can take."""

    media_id: str = ""


def _prepare(claim: Preparation) -> Ready:
    """Make one file ready and hand it over where the channel wants that. Raises SendError, OSError."""
    provider = _provider(claim)
    with TemporaryDirectory() as folder:
        path = Path(folder, "source")
        _copy(claim.attachment.channel_file or claim.attachment.file, path)
        if not claim.attachment.channel_file:
            path = _made(claim, path)
        if provider.capabilities.media_transfer is not MediaTransfer.UPLOAD:
            return Ready()
        source = FileSource(
            name=channel_name(claim.attachment),
            mime_type=claim.attachment.channel_mime_type or claim.attachment.mime_type,
            size=path.stat().st_size,
            open=lambda: path.open("rb"),
        )
        return Ready(asyncio.run(_upload(provider, claim, source)))


def _provider(claim: Preparation) -> Provider:
    try:
        return claim.message.inbox.account.provider()
    except (UnreadableSecret, BadCredentials, KeyError) as cause:
        raise AuthFailed("unusable_credentials", f"The account cannot speak: {type(cause).__name__}.") from cause


def _made(claim: Preparation, source: Path) -> Path:
    """Return the file as its channel takes it: the same, or another that is stored besides."""
    with source.open("rb") as content:
        into = prepare.needed_type(claim, content)
    if not into:
        return source
    target = source.with_name("made")
    try:
        if into.startswith("audio/"):
            workshop.convert_sound(source, mime_type=claim.attachment.mime_type, target=target, into=into)
        else:
            side = prepare.STICKER_SIDE if claim.kind is ContentKind.STICKER else None
            most = min(claim.limit.max_bytes, prepare.STICKER_BYTES) if side else claim.limit.max_bytes
            workshop.convert_picture(source, target=target, into=into, max_bytes=most, side=side)
    except workshop.WorkFailed as error:
        text = "The file could not be made into a format of this channel."
        raise Rejected("file_type", text, reason=FailureReason.MEDIA) from error
    prepare.require_size(claim, target.stat().st_size)
    prepare.store_made(claim=claim, made=target, mime_type=into, actor=SYSTEM)
    return target


async def _upload(provider: Provider, claim: Preparation, source: FileSource) -> str:
    async with HttpClient() as client:
        return await provider.upload(client, inbox_address=claim.message.inbox.address, file=source)


def _record_prepared(claim: Preparation, ready: Future[Ready]) -> None:
    match ready.exception():
        case None:
            recorded = prepare.record_ready(claim=claim, media_id=ready.result().media_id, actor=SYSTEM)
        case SendError() as error:
            recorded = prepare.record_unready(claim=claim, error=error, actor=SYSTEM)
        case fault:
            logger.error("media.fault message=%s", claim.message.pk, exc_info=fault)
            recorded = prepare.record_unready(claim=claim, error=None, actor=SYSTEM)
    if not recorded:
        logger.warning("media.fenced message=%s", claim.message.pk)


def _copy(stored: FieldFile, to: Path) -> None:
    with stored.storage.open(stored.name or "") as source, to.open("wb") as target:
        shutil.copyfileobj(source, target)
