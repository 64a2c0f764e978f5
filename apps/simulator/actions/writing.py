"""What people do on their phones."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.simulator.actions.samples import FOLDER, SAMPLES
from apps.simulator.actions.telling import message_of, tell
from apps.simulator.models import Phone, PhoneFile, PhoneMessage
from providers.meta import clean_id, clean_text
from providers.simulator import wire
from providers.simulator.adapter import LARGEST, Simulator

TEXT_LENGTH = Simulator.capabilities.text_max_length
EMOJI_LENGTH = 40
SHOWN_AS = {"image": "image", "audio": "audio", "video": "video"}
"""As what a phone sends a file, by the first half of its type; anything else is a document."""


@transaction.atomic
def write_message(*, phone: Phone, text: str, quoted_id: str, actor: Actor) -> PhoneMessage:
    """Write to the inbox, perhaps quoting. Raises ValidationError code "empty", "too_long" (field text)."""
    require(actor, Scope.SIMULATE)
    return _send(phone, actor, text=_words(text), quoted_id=_quoted(phone, quoted_id))


@transaction.atomic
def send_sample(*, phone: Phone, name: str, actor: Actor) -> PhoneMessage:
    """Send one of the things the person has at hand. Raises ValidationError code "no_such_sample"."""
    require(actor, Scope.SIMULATE)
    sample = SAMPLES.get(name)
    if sample is None:
        raise ValidationError(_("There is no such thing to send."), code="no_such_sample")
    file = None
    if sample.filename:
        content = ContentFile((FOLDER / sample.filename).read_bytes())
        file = _keep(phone, content, kind=sample.kind, name=sample.name or sample.filename, mime_type=sample.mime_type)
    return _send(phone, actor, kind=sample.kind, text=sample.text, details=sample.details, file=file)


@transaction.atomic
def send_file(*, phone: Phone, file: "File[bytes]", mime_type: str, caption: str, actor: Actor) -> PhoneMessage:
    """Send a file of one's own. Raises ValidationError code "too_large" (field file), "too_long" (field text)."""
    require(actor, Scope.SIMULATE)
    if file.size > LARGEST:
        raise ValidationError({"file": ValidationError(_("The file is too large."), code="too_large")})
    kind = SHOWN_AS.get(mime_type.partition("/")[0], "document")
    kept = _keep(phone, file, kind=kind, name=file.name or "", mime_type=mime_type)
    return _send(phone, actor, kind=kind, text=_words(caption, is_needed=False), file=kept)


@transaction.atomic
def choose(*, phone: Phone, message: PhoneMessage, choice_id: str, actor: Actor) -> PhoneMessage:
    """Choose from a menu of ours. Raises ValidationError code "no_such_choice"."""
    require(actor, Scope.SIMULATE)
    menu = message.details.get("menu", {})
    rows = [*menu.get("buttons", []), *(row for section in menu.get("sections", []) for row in section["rows"])]
    chosen = next((row for row in rows if row["id"] == choice_id), None)
    if chosen is None:
        raise ValidationError(_("That is not on the menu."), code="no_such_choice")
    details = {"choice": {"payload": chosen["id"], "answers": {}}}
    return _send(phone, actor, kind="interactive", text=chosen["title"], details=details, quoted_id=message.message_id)


@transaction.atomic
def react(*, phone: Phone, message: PhoneMessage, emoji: str, actor: Actor) -> None:
    """Put an emoji on a message, or take it back by giving it again."""
    require(actor, Scope.SIMULATE)
    emoji = clean_text(emoji).strip()[:EMOJI_LENGTH]
    message.emoji = "" if message.emoji == emoji else emoji
    message.save(update_fields=["emoji"])
    said = {"id": message.message_id, "from": phone.address, "name": phone.name, "at": timezone.now()}
    tell(phone, [wire.Reaction.model_validate(said | {"emoji": message.emoji})], actor)


@transaction.atomic
def edit(*, phone: Phone, message: PhoneMessage, text: str, actor: Actor) -> None:
    """Give a message of one's own other words. Raises ValidationError as `write_message`, and "not_yours"."""
    require(actor, Scope.SIMULATE)
    _require_own(message)
    message.text, message.is_edited = _words(text), True
    message.save(update_fields=["text", "is_edited"])
    tell(phone, [wire.Edit(id=message.message_id, text=message.text, at=timezone.now())], actor)


@transaction.atomic
def delete(*, phone: Phone, message: PhoneMessage, actor: Actor) -> None:
    """Take a message of one's own back. Raises ValidationError code "not_yours"."""
    require(actor, Scope.SIMULATE)
    _require_own(message)
    message.is_deleted = True
    message.save(update_fields=["is_deleted"])
    tell(phone, [wire.Deletion(id=message.message_id, at=timezone.now())], actor)


def _send(phone: Phone, actor: Actor, **content: Any) -> PhoneMessage:
    message = phone.messages.create(at=timezone.now(), **content)
    tell(phone, [message_of(phone, message)], actor)
    return message


def _keep(phone: Phone, file: "File[bytes]", *, kind: str, name: str, mime_type: str) -> PhoneFile:
    shown = clean_text(name)[:300]
    kept = PhoneFile(inbox=phone.inbox, kind=kind, name=shown, mime_type=clean_id(mime_type)[:300], size=file.size)
    kept.file.save("", file, save=False)
    kept.save(force_insert=True)
    return kept


def _words(text: str, *, is_needed: bool = True) -> str:
    words = clean_text(text).strip()
    if is_needed and not words:
        raise ValidationError({"text": ValidationError(_("Write something first."), code="empty")})
    if len(words) > TEXT_LENGTH:
        raise ValidationError({"text": ValidationError(_("The message is too long."), code="too_long")})
    return words


def _quoted(phone: Phone, message_id: str) -> str:
    quoted = phone.messages.filter(message_id=clean_id(message_id)).first() if message_id else None
    return quoted.message_id if quoted else ""


def _require_own(message: PhoneMessage) -> None:
    if message.status != PhoneMessage.Status.WRITTEN or message.is_deleted:
        raise ValidationError(_("Only what was written on this phone can be changed."), code="not_yours")
