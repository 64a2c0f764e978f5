"""Marks on a conversation: changed in one statement, told once, and only when something changed."""

import pytest
from django.core.exceptions import ValidationError

from apps.conversations.actions import marks
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from tests.factories import make_conversation, make_user, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(db):
    conversation = make_conversation()
    LiveEvent.objects.all().delete()
    return conversation


def told():
    return list(LiveEvent.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        (lambda c: marks.mark_read(conversation=c, actor=SYSTEM), "unread_count", 0),
        (lambda c: marks.set_pending(conversation=c, is_pending=True, actor=SYSTEM), "is_pending", True),
        (lambda c: marks.close(conversation=c, actor=SYSTEM), "is_pending", False),
    ],
)
def test_a_change_is_made_and_told_once(change, column, value, conversation):
    assert change(conversation)
    assert not change(conversation)
    conversation.refresh_from_db()
    assert (getattr(conversation, column), told()) == (value, ["conversation_changed"])


def test_pending_remembers_since_when_and_ends_with_the_mark(conversation):
    marks.set_pending(conversation=conversation, is_pending=True, actor=SYSTEM)
    conversation.refresh_from_db()
    since = conversation.pending_since
    assert since is not None
    marks.set_pending(conversation=conversation, is_pending=True, actor=SYSTEM)
    conversation.refresh_from_db()
    assert conversation.pending_since == since
    marks.close(conversation=conversation, actor=SYSTEM)
    conversation.refresh_from_db()
    assert (conversation.is_pending, conversation.pending_since) == (False, None)


def test_a_conversation_is_given_to_who_works_there(conversation):
    here = make_user(Role.OPERATOR, (conversation.inbox.branch,))
    elsewhere, gone = make_user(Role.OPERATOR), make_user(Role.OPERATOR, (conversation.inbox.branch,), is_active=False)
    assert marks.assign(conversation=conversation, assignee=here, actor=SYSTEM)
    assert not marks.assign(conversation=conversation, assignee=here, actor=SYSTEM)
    for nobody in (elsewhere, gone):
        with pytest.raises(ValidationError) as caught:
            marks.assign(conversation=conversation, assignee=nobody, actor=SYSTEM)
        assert caught.value.error_dict["assignee"][0].code == "cannot_see"
    assert marks.assign(conversation=conversation, assignee=make_user(Role.ADMINISTRATOR), actor=SYSTEM)
    assert marks.assign(conversation=conversation, assignee=None, actor=SYSTEM)
    assert not marks.assign(conversation=conversation, assignee=None, actor=SYSTEM)
    assert told() == ["conversation_changed"] * 3


def test_a_closed_conversation_opens_again_unless_a_newer_one_is_open(conversation):
    marks.close(conversation=conversation, actor=SYSTEM)
    assert marks.reopen(conversation=conversation, actor=SYSTEM)
    marks.close(conversation=conversation, actor=SYSTEM)
    newer = receive(conversation.inbox).conversation
    with pytest.raises(ValidationError) as caught:
        marks.reopen(conversation=conversation, actor=SYSTEM)
    assert caught.value.code == "another_open"
    assert Conversation.objects.get(closed_at=None) == newer
