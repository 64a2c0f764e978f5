"""Files of messages: those that were announced to us, those somebody uploaded, and those that leave."""

import base64
import hashlib
import logging
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Attachment, Message
from apps.conversations.queries import channel_name, provider_media_url
from apps.core import file_types
from apps.core.actors import Actor, Scope, require
from apps.core.jobs import Job, enqueue
from providers.capabilities import MEGABYTE
from providers.contents import ContentKind, OutboundFile, RemoteFile
from providers.meta import clean_id

logger = logging.getLogger(__name__)

NAME_LENGTH = 120
UPLOAD_MAX_BYTES = 100 * MEGABYTE
KEPT_FOR = timedelta(days=7)
"""How long a provider is believed to keep a file when nobody says so."""
UNUSED_KEPT = timedelta(hours=24)
PRUNED_AT_ONCE = 200
INLINE = "data:;base64,"
LOOKED_INTO = ("image", "audio", "video")


def expect_files(
    *, message: Message, files: Sequence[RemoteFile], kept_until: datetime | None = None, actor: Actor
) -> list[Attachment]:
    """Note the files of a message that arrived, and ring for them; the message itself never waits for that.

    What came inside the event waits in its row all the same: a disk that is full must not cost the words.
    """
    require(actor, Scope.MESSAGES_SEND)
    rows = [_expected(message, file, kept_until) for file in files]
    if not rows:
        return []
    Attachment.objects.bulk_create(rows)
    enqueue(Job.FETCH_MEDIA)
    return rows


def _expected(message: Message, file: RemoteFile, kept_until: datetime | None) -> Attachment:
    content = file.content
    return Attachment(
        message=message,
        kind=file.kind,
        name=clean_name(file.name),
        mime_type=_plain_type(file.mime_type),
        size=len(content) if content is not None else 0,
        state=Attachment.State.WAITING,
        is_examined=False,
        next_attempt_at=Now(),
        kept_until=kept_until or Now() + KEPT_FOR,
        source_id=clean_id(file.media_id)[:500],
        source_url=clean_id(file.url) if content is None else INLINE + base64.b64encode(content).decode(),
    )


def add_upload(*, file: "UploadedFile[Any]", actor: Actor, kind: str = "") -> Attachment:
    """Store a file that is to be sent; `kind` may ask for "voice", "sticker" or "document".

    Raises: PermissionDenied; ValidationError (field file) with code "empty_file", "too_large", "unsafe_type",
            "wrong_type", or "storage" when the disk is full.
    """
    require(actor, Scope.MESSAGES_SEND)
    name = clean_name(file.name or "")
    if not file.size:
        raise _refused("empty_file", _("This file is empty."))
    if file.size > UPLOAD_MAX_BYTES:
        limit = UPLOAD_MAX_BYTES // MEGABYTE
        raise _refused("too_large", _("A file may have at most %(limit)d MB."), limit=limit)
    content: BinaryIO = file.file  # type: ignore[assignment]
    mime_type = file_types.type_of(content, name)
    _require_honest(content, mime_type, name)
    attachment = Attachment(
        uploaded_by_id=actor.user_id,
        api_token_id=actor.token_id,
        kind=_kind_of(mime_type, kind),
        name=file_types.with_ending(name, mime_type) if name else "",
        mime_type=mime_type,
        size=file.size,
        sha256=digest_of(content),
        is_examined=file_types.family(mime_type) not in LOOKED_INTO,
    )
    content.seek(0)
    try:
        attachment.file.save(file_types.with_ending(name, mime_type), file, save=False)
    except OSError as error:
        logger.error("media.storage upload error=%s", error.strerror)
        raise _refused("storage", _("The file could not be stored. Try again later.")) from error
    attachment.save(force_insert=True)
    if not attachment.is_examined:
        enqueue(Job.EXAMINE_MEDIA)
    return attachment


def prune_uploads(*, actor: Actor) -> int:
    """Delete what was uploaded a day ago and never sent, with its files."""
    require(actor, Scope.MESSAGES_SEND)
    unused = Attachment.objects.filter(message=None, created_at__lt=Now() - UNUSED_KEPT)
    deleted = 0
    for row in unused.order_by("pk")[:PRUNED_AT_ONCE]:
        if Attachment.objects.filter(pk=row.pk, message=None).delete()[0]:
            delete_stored(row)
            deleted += 1
    return deleted


def delete_stored(attachment: Attachment) -> None:
    """Delete what is stored of a file whose row is gone."""
    for stored in (attachment.file, attachment.thumbnail, attachment.channel_file):
        if stored:
            stored.storage.delete(stored.name or "")


def outbound_file(*, message: Message, attachment: Attachment) -> OutboundFile:
    """Return a file of ours as it crosses the line: by the id it was uploaded under, else by a link for a while."""
    mime_type = attachment.channel_mime_type or attachment.mime_type
    return OutboundFile(
        kind=ContentKind(message.kind),
        mime_type=mime_type,
        name=channel_name(attachment),
        size=attachment.channel_file.size if attachment.channel_file else attachment.size,
        caption=message.text,
        media_id=attachment.channel_media_id,
        url="" if attachment.channel_media_id else provider_media_url(attachment),
    )


def clean_name(name: str) -> str:
    """Return a file's name without folders and without what would make it read as another."""
    last = PurePath(name.replace("\\", "/")).name
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" and letter != "\ufffd")
    path = PurePath(" ".join(shown.split()))
    if not path.name.strip(". "):
        return ""
    if len(path.name) <= NAME_LENGTH:
        return path.name
    ending = path.suffix[:20]
    return path.name[: NAME_LENGTH - len(ending)] + ending


def digest_of(content: BinaryIO) -> str:
    """Return the SHA-256 of a whole file, in hex."""
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(1024 * 1024):
        digest.update(chunk)
    return digest.hexdigest()


def fitting_kind(kind: str, mime_type: str) -> str:
    """Return the kind a file is shown as: what claims to be a picture and is none is a document."""
    wanted = {"image": "image", "sticker": "image", "audio": "audio", "voice": "audio", "video": "video"}.get(kind)
    found = file_types.family(mime_type)
    if wanted is None or wanted == found or {wanted, found} == {"audio", "video"}:
        return kind
    return ContentKind.DOCUMENT


def _plain_type(claimed: str) -> str:
    return clean_id(claimed).partition(";")[0].strip().lower()[:100]


def _require_honest(content: BinaryIO, mime_type: str, name: str) -> None:
    """Refuse what could act, and what is not what its name says."""
    is_picture = file_types.family(mime_type) == "image"
    if file_types.UNSAFE.fullmatch(mime_type) or (is_picture and file_types.has_markup(content)):
        raise _refused("unsafe_type", _("Files of this kind are not sent: they could do harm."))
    claimed = file_types.claimed_type(name)
    if claimed == "application/pdf":
        is_same = mime_type == claimed
    else:
        families = {file_types.family(claimed), file_types.family(mime_type)}
        is_same = not file_types.family(claimed) or len(families) == 1 or families == {"audio", "video"}
    if not is_same:
        raise _refused("wrong_type", _("This file is not what its name says."))


def _kind_of(mime_type: str, asked: str) -> str:
    found = "" if mime_type == "image/heic" else file_types.family(mime_type)  # nothing here can show those
    match asked, found:
        case ("document", _) | (_, ""):
            return ContentKind.DOCUMENT
        case ("sticker", "image"):
            return ContentKind.STICKER
        case ("voice", "audio" | "video"):
            return ContentKind.VOICE
        case (_, "audio") if mime_type == "audio/webm":
            return ContentKind.VOICE  # nothing but a browser's recorder makes them
    return ContentKind(found)


def _refused(code: str, words: Any, **params: Any) -> ValidationError:
    return ValidationError({"file": ValidationError(words, code=code, params=params)})
