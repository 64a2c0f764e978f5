"""The phone's side of the wire: what it says goes into the journal, in the transaction of what happened."""

from collections.abc import Sequence

from django.utils import timezone

from apps.core.actors import Actor
from apps.inboxes.actions.journal import add_event
from apps.simulator.models import Phone, PhoneMessage
from providers.simulator import wire


def tell(phone: Phone, items: Sequence[wire.Item], actor: Actor) -> None:
    """Write one delivery into the journal."""
    body = wire.encode_delivery(phone.inbox.address, items)
    add_event(account=phone.inbox.account, body=body, headers={"content-type": "application/json"}, actor=actor)


def status_of(message: PhoneMessage, status: str, code: str = "") -> wire.Status:
    """Return what a phone says of a message of ours."""
    return wire.Status(
        id=message.message_id, status=status, at=timezone.now(), token=message.token or None, code=code or None
    )


def message_of(phone: Phone, message: PhoneMessage) -> wire.Message:
    """Return what a phone says of a message that was written on it."""
    details, file = message.details, message.file
    shown = {"id": file.key, "name": file.name, "mime_type": file.mime_type, "size": file.size} if file else None
    return wire.Message.model_validate(
        {
            "id": message.message_id,
            "from": phone.address,
            "name": phone.name,
            "kind": details.get("unsupported", message.kind),
            "text": message.text,
            "file": shown,
            "location": details.get("location"),
            "contacts": details.get("contacts"),
            "choice": details.get("choice"),
            "order": details.get("order", {}).get("items"),
            "notice": details.get("notice", {}).get("code"),
            "at": message.at,
            "reply_to": message.quoted_id or None,
        }
    )
