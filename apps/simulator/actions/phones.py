"""The phones themselves, and what they report of the messages that came."""

import secrets
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Conversation, Direction, Message
from apps.conversations.queries import messages_for
from apps.core.actors import SYSTEM, Actor, Scope, require
from apps.inboxes.models import Inbox
from apps.simulator.actions.telling import status_of, tell
from apps.simulator.models import Phone, PhoneMessage

Status = PhoneMessage.Status

COPIED = 50
#: What a message may have been before it becomes this: a phone never takes back what it told.
BEFORE = {
    Status.DELIVERED: (Status.SENT,),
    Status.READ: (Status.SENT, Status.DELIVERED),
    Status.FAILED: (Status.SENT,),
}


@transaction.atomic
def invent_phone(*, inbox: Inbox, name: str, actor: Actor) -> Phone:
    """Give an invented person a phone with a number nobody has. Raises ValidationError code "no_name"."""
    require(actor, Scope.SIMULATE)
    if not name.strip():
        raise ValidationError({"name": ValidationError(_("Give the person a name."), code="no_name")})
    while True:
        address = f"5493875{secrets.randbelow(10**6):06}"
        phone, is_new = Phone.objects.get_or_create(inbox=inbox, address=address, defaults={"name": name.strip()[:160]})
        if is_new:
            return phone


@transaction.atomic
def open_phone(*, conversation: Conversation, actor: Actor) -> Phone:
    """Return the phone of somebody who wrote before, with the last messages of the conversation on it."""
    require(actor, Scope.SIMULATE)
    phone, is_new = Phone.objects.get_or_create(
        inbox=conversation.inbox,
        address=conversation.identity.address,
        defaults={"name": conversation.person.name or conversation.identity.address},
    )
    if is_new:
        known = messages_for(SYSTEM).filter(conversation=conversation).exclude(provider_message_id="")
        known = known.exclude(status="failed")
        PhoneMessage.objects.bulk_create(_copy(phone, message) for message in known.order_by("-occurred_at")[:COPIED])
    return phone


def _copy(phone: Phone, message: Message) -> PhoneMessage:
    return PhoneMessage(
        phone=phone,
        message_id=message.provider_message_id,
        kind=message.kind,
        text=message.text,
        details=message.details,
        is_edited=message.edited_at is not None,
        is_deleted=message.deleted_at is not None,
        status=Status.WRITTEN if message.direction == Direction.IN else Status.READ,
        at=message.occurred_at,
    )


@transaction.atomic
def report_status(
    *, phone: Phone, status: str, actor: Actor, message_ids: Collection[int] | None = None, code: str = ""
) -> int:
    """Tell us how far messages came, all that came less far or only those given; returns how many it was."""
    require(actor, Scope.SIMULATE)
    reached = Status(status)
    if reached not in BEFORE:
        raise ValidationError(_("A phone does not report that."), code="unknown_status")
    chosen = Q() if message_ids is None else Q(pk__in=message_ids)
    messages = list(phone.messages.select_for_update().filter(chosen, status__in=BEFORE[reached]))
    if not messages:
        return 0
    PhoneMessage.objects.filter(pk__in=[message.pk for message in messages]).update(status=reached)
    tell(phone, [status_of(message, reached, code) for message in messages], actor)
    return len(messages)


def switch_ticks(*, phone: Phone, actor: Actor) -> None:
    """Let the ticks come by themselves, or by hand."""
    require(actor, Scope.SIMULATE)
    Phone.objects.filter(pk=phone.pk).update(is_by_hand=~F("is_by_hand"))
