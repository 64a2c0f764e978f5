"""The doors of this room."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.crypto import salted_hmac

from apps.conversations.models import Conversation, Message
from apps.conversations.queries import conversations_for
from apps.core.actors import Actor, Scope
from apps.inboxes.models import Inbox
from apps.inboxes.queries import inboxes_for
from apps.simulator.models import Phone, PhoneFile, PhoneMessage
from providers.simulator.adapter import Simulator

SHOWN = 50


def simulated_inboxes(actor: Actor) -> QuerySet[Inbox]:
    """Return the inboxes a phone can write to, of those that exist for `actor`."""
    if not actor.can(Scope.SIMULATE):
        return Inbox.objects.none()
    return inboxes_for(actor).filter(account__kind=Simulator.kind, account__is_active=True, is_active=True)


def phones_for(actor: Actor) -> QuerySet[Phone]:
    """Return the phones in front of those inboxes."""
    return Phone.objects.select_related("inbox__account", "inbox__branch").filter(inbox__in=simulated_inboxes(actor))


def get_file(actor: Actor, key: str) -> PhoneFile:
    """Return a file on one of those phones. Raises PhoneFile.DoesNotExist for hidden and missing alike."""
    return PhoneFile.objects.filter(inbox__in=simulated_inboxes(actor)).get(key=key)


def get_phone(actor: Actor, pk: int) -> Phone:
    """Return one phone. Raises Phone.DoesNotExist for hidden and missing alike."""
    return phones_for(actor).get(pk=pk)


def conversations_without_phone(actor: Actor) -> QuerySet[Conversation]:
    """Return a conversation of each person who wrote to such an inbox from a phone that nobody opened yet."""
    phones = Phone.objects.filter(inbox=OuterRef("inbox"), address=OuterRef("identity__address"))
    return (
        conversations_for(actor)
        .filter(~Exists(phones), inbox__in=simulated_inboxes(actor))
        .select_related("person", "identity", "inbox")
        .order_by("inbox_id", "identity_id", "-pk")
        .distinct("inbox_id", "identity_id")
    )


def last_messages(phone: Phone) -> Sequence[PhoneMessage]:
    """Return what the phone shows, oldest first.

    Shape: each with `is_heard`, whether the house has what was written here, and `quoted_text` and `quoted_kind`,
           None when it answers nothing or something that is not on this phone.
    """
    heard = Message.objects.filter(inbox=phone.inbox_id, provider_message_id=OuterRef("message_id"))
    quoted = phone.messages.filter(message_id=OuterRef("quoted_id"))
    rows = phone.messages.select_related("file").annotate(
        is_heard=Exists(heard),
        quoted_text=Subquery(quoted.values("text")),
        quoted_kind=Subquery(quoted.values("kind")),
    )
    return list(rows.order_by("-at", "-pk")[:SHOWN])[::-1]


def model_key() -> str:
    """Return the key of the simulated model: nobody needs to keep it, and nobody else can guess it."""
    return f"sim-{salted_hmac('apps.simulator.model', 'key', algorithm='sha256').hexdigest()}"
