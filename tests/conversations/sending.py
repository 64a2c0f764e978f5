"""Words for tests of delivery: say something, claim it, look at where it stands."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from apps.conversations.actions.deliver import claim_due
from apps.conversations.actions.send import send_message
from apps.conversations.models import Message
from apps.core.actors import SYSTEM
from providers.types import SendResult
from tests.factories import make_conversation

ACCEPTED = SendResult(provider_message_id="wamid.out")


def say(conversation, *texts):
    return [
        send_message(conversation=conversation, text=text, client_key=f"{conversation.pk}-{text}", actor=SYSTEM)
        for text in texts
    ]


def one(inbox):
    """Queue one message in a new conversation."""
    return say(make_conversation(inbox, sender=f"5493875{timezone.now():%S%f}"), "Sí")[0]


def claim(limit=50):
    return claim_due(limit=limit, actor=SYSTEM)


def wait_seconds(message):
    message.refresh_from_db()
    assert message.next_attempt_at is not None
    return (message.next_attempt_at - timezone.now()).total_seconds()


def pass_time(message, **age):
    """Let everything about a message that is to come be nearer."""
    passed = timedelta(**age)
    Message.objects.filter(pk=message.pk).update(
        next_attempt_at=F("next_attempt_at") - passed, lease_until=F("lease_until") - passed
    )


def state(message):
    message.refresh_from_db()
    return message.dispatch, message.status
