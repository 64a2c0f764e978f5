"""What we send arrives on a phone: it answers with an id, and tells how far it came."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from apps.core.actors import Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.simulator.actions.telling import status_of, tell
from apps.simulator.models import Phone, PhoneFile, PhoneMessage, new_message_id
from providers.contents import FILE_KINDS
from providers.meta import clean_text
from providers.simulator import wire

ACTS = frozenset({"reaction", "edit", "deletion"})


class CannotTake(Exception):
    """The phone does not take this; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def take_message(*, inbox: Inbox, sent: wire.Send, actor: Actor) -> str:
    """Take what we sent, as a provider does, and return the id it gets here; at once it is "sent".

    Raises: CannotTake with code "no_such_file" or "no_such_message".
    """
    require(actor, Scope.SIMULATE)
    phone, _is_new = Phone.objects.get_or_create(inbox=inbox, address=sent.to, defaults={"name": sent.to})
    if sent.kind in ACTS:
        _act(phone, sent)
        return new_message_id()
    message = phone.messages.create(
        kind=sent.kind,
        text=sent.text,
        details=_details(sent),
        file=_file(inbox, sent),
        quoted_id=sent.reply_to or "",
        token=sent.token,
        status=PhoneMessage.Status.SENT,
        at=timezone.now(),
    )
    tell(phone, [status_of(message, PhoneMessage.Status.SENT)], actor)
    return message.message_id


def take_file(*, inbox: Inbox, file: "UploadedFile[bytes]", name: str, mime_type: str, actor: Actor) -> PhoneFile:
    """Keep a file that a message will name."""
    require(actor, Scope.SIMULATE)
    return PhoneFile.objects.create(
        inbox=inbox,
        kind="document",
        name=clean_text(name)[:300],
        mime_type=mime_type[:300],
        size=file.size or 0,
        file=file,
    )


def _act(phone: Phone, sent: wire.Send) -> None:
    changes: dict[str, dict[str, Any]] = {
        "reaction": {"our_emoji": sent.text[:40]},
        "edit": {"text": sent.text, "is_edited": True},
        "deletion": {"is_deleted": True},
    }
    if not phone.messages.filter(message_id=sent.target or "").update(**changes[sent.kind]):
        raise CannotTake("no_such_message")


def _details(sent: wire.Send) -> dict[str, Any]:
    parts = {"location": sent.location, "menu": sent.menu}
    details: dict[str, Any] = {name: part.model_dump() for name, part in parts.items() if part is not None}
    if sent.contacts:
        details["contacts"] = [card.model_dump() for card in sent.contacts]
    return details


def _file(inbox: Inbox, sent: wire.Send) -> PhoneFile | None:
    if sent.kind not in FILE_KINDS:
        return None
    file = PhoneFile.objects.filter(inbox=inbox, key=sent.file.id if sent.file else "").first()
    if file is None:
        raise CannotTake("no_such_file")
    file.kind = sent.kind
    file.name = sent.file.name if sent.file else file.name
    file.save(update_fields=["kind", "name"])
    return file
