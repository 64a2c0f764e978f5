"""Who has seen what: the person ours, and we theirs."""

from datetime import timedelta

import pytest
from django.db.models import F
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from apps.conversations.actions.marks import mark_read
from apps.conversations.actions.reads import apply_read_up_to
from apps.conversations.actions.receipts import show_typing
from apps.conversations.models import Conversation, Message, PendingStatus
from apps.conversations.tasks import mark_read as tell_read
from apps.core.actors import SYSTEM
from apps.core.jobs import Job
from apps.core.models import LiveEvent
from apps.people.models import Person
from providers.types import ReadUpTo
from tests.conversations.arriving import ANA, BETO, NOON, echo, hear, second
from tests.conversations.sending import say
from tests.factories import make_account, make_conversation, make_inbox


@pytest.fixture
def inbox(db):
    return make_inbox()


def see(inbox, *, key="", at=60, reader=ANA):
    told = ReadUpTo(
        path="",
        inbox_address="",
        reader=reader,
        provider_message_id=key,
        provider_time=second(at) if at is not None else None,
    )
    return apply_read_up_to(inbox=inbox, read=told, received_at=second(90), actor=SYSTEM)


def three(inbox):
    for number in (1, 2, 3):
        echo(inbox, f"{number}", key=f"mid.{number}", at=second(number * 10))


def seen():
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("status", flat=True))


def test_all_of_ours_up_to_a_message_are_read(inbox):
    three(inbox)
    assert see(inbox, key="mid.2") == 1
    assert seen() == ["read", "read", "sent"]
    assert Message.objects.get(text="1").read_at == second(60)
    assert LiveEvent.objects.filter(kind="message_changed").count() == 2


def test_all_of_ours_up_to_a_time_are_read(inbox):
    three(inbox)
    assert see(inbox, at=25) == 2
    assert seen() == ["read", "read", "sent"]


def test_the_first_time_it_was_seen_counts_and_the_same_again_changes_nothing(inbox):
    three(inbox)
    see(inbox, key="mid.3", at=60)
    see(inbox, key="mid.3", at=50)
    events = LiveEvent.objects.count()
    assert see(inbox, key="mid.3", at=60) == 0
    assert set(Message.objects.values_list("read_at", flat=True)) == {second(50)}
    assert LiveEvent.objects.count() == events


def test_what_failed_or_has_not_left_was_not_seen(inbox):
    three(inbox)
    Message.objects.filter(text="1").update(failed_at=NOON)
    say(make_conversation(inbox, sender=ANA.value), "todavía no")
    Message.objects.filter(dispatch="queued").update(occurred_at=NOON)
    see(inbox, key="mid.3")
    assert seen() == ["failed", "read", "read", "queued"]


def test_somebody_else_has_not_seen_it(inbox):
    three(inbox)
    assert see(inbox, at=60, reader=BETO) == 0
    assert (seen(), Person.objects.count()) == (["sent"] * 3, 1)


def test_a_message_that_is_seen_before_it_is_known_is_read_when_it_comes(inbox):
    see(inbox, key="mid.1", at=None)
    assert PendingStatus.objects.get().status == "read"
    three(inbox)
    assert seen() == ["read", "sent", "sent"]


# What we tell ------------------------------------------------------------------------------


def test_reading_a_chat_is_told_where_the_channel_can(graph):
    inbox = make_inbox()
    hear(inbox, key="wamid.1")
    hear(inbox, "y?", key="wamid.2", at=second(5))
    OrmQ.objects.all().delete()
    mark_read(conversation=Conversation.objects.get(), actor=SYSTEM)
    [ring] = OrmQ.objects.all()
    task = SignedPackage.loads(ring.payload)
    assert (ring.key, task["func"], task["args"]) == ("bulk", str(Job.MARK_READ), (Conversation.objects.get().pk,))
    assert tell_read(*task["args"]) == "told"
    [told] = graph.objects.receipts
    assert (told["status"], told["message_id"]) == ("read", "wamid.2")


def test_reading_what_was_read_is_not_told_again(inbox):
    conversation = make_conversation(inbox)
    mark_read(conversation=conversation, actor=SYSTEM)
    OrmQ.objects.all().delete()
    assert not mark_read(conversation=conversation, actor=SYSTEM)
    assert not OrmQ.objects.exists()


def test_a_channel_that_tells_nothing_is_not_asked(db):
    conversation = make_conversation(make_inbox(make_account("simulator")))
    OrmQ.objects.all().delete()
    mark_read(conversation=conversation, actor=SYSTEM)
    assert not show_typing(conversation=conversation, actor=SYSTEM)
    assert not OrmQ.objects.exists()
    assert tell_read(conversation.pk) == "nothing to tell"


def test_a_provider_that_cannot_be_told_is_no_accident(graph, settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:1"
    conversation = make_conversation()
    assert tell_read(conversation.pk) == "not told: NotSent"
    assert tell_read(conversation.pk + 1) == "nothing to tell"
    Message.objects.update(occurred_at=F("occurred_at") - timedelta(days=1), is_imported=True)
    assert tell_read(conversation.pk) == "nothing to tell"
