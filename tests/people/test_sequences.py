"""Whatever is written, merged and separated in whatever order, the rows stay sound."""

import random

import pytest

from apps.conversations.actions.join import follow_identities, gather_stragglers
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from apps.people.actions.merge import merge_persons, unmerge_persons
from apps.people.models import Identity, PersonMerge
from apps.people.queries import people_for
from tests.factories import make_account, make_inbox
from tests.people.telling import phone, user, write

ADDRESSES = [
    *(phone(f"{start}38755501{number:02}") for number in range(3) for start in ("549", "54")),
    *(user(f"AR.{number}") for number in range(4)),
]


def sound():
    for identity in Identity.objects.select_related("person", "alias_of", "reached_by"):
        assert identity.person.merged_into_id is None
        main = identity.alias_of or identity
        assert (main.alias_of_id, main.person_id) == (None, identity.person_id)
        if identity.alias_of is None and identity.reached_by:
            assert identity.reached_by.alias_of_id == identity.pk
    for chat in Conversation.objects.filter(joined_to=None).select_related("identity"):
        assert (chat.identity.alias_of_id, chat.identity.person_id) == (None, chat.person_id)
        latest = chat.messages.order_by("occurred_at", "pk").last()
        assert chat.last_message_id == (latest.pk if latest else None)
        assert latest is not None or chat.closed_at is not None
    assert not Message.objects.filter(conversation__joined_to__isnull=False).exists()


@pytest.mark.parametrize("seed", range(4))
def test_rows_stay_sound(seed, inbox):
    draw = random.Random(seed)
    inboxes = [inbox, make_inbox(inbox.account), make_inbox(make_account())]
    written = 0
    for _ in range(15):
        match draw.choice(("write", "write", "merge", "separate")):
            case "write":
                write(draw.choice(inboxes), *draw.sample(ADDRESSES, draw.choice((1, 1, 1, 2))))
                written += 1
            case "merge":
                people = list(people_for(SYSTEM).order_by("pk"))
                if len(people) > 1:
                    kept, merged = draw.sample(people, 2)
                    merge_persons(kept=kept, merged=merged, reason=PersonMerge.Reason.BY_HAND, actor=SYSTEM)
            case _:
                merges = list(PersonMerge.objects.filter(undone_at=None).order_by("pk"))
                if merges:
                    unmerge_persons(merge=draw.choice(merges), actor=SYSTEM)
        if draw.random() < 0.7:
            follow_identities(actor=SYSTEM)
    follow_identities(actor=SYSTEM)
    gather_stragglers(actor=SYSTEM)
    sound()
    assert Message.objects.count() == written
    for merge in PersonMerge.objects.filter(undone_at=None).order_by("-pk"):
        unmerge_persons(merge=merge, actor=SYSTEM)
        follow_identities(actor=SYSTEM)
        sound()
    assert not Identity.objects.filter(person__merged_into__isnull=False).exists()
