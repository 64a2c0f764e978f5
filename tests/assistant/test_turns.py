"""What is proposed ends where nothing may follow it; nothing waits for ever."""

import pytest

from apps.assistant.actions.claims import claim_due
from apps.assistant.actions.overtaken import supersede_switched_off
from apps.assistant.actions.turns import open_turns
from apps.assistant.models import AIProvider, AssistantSettings, Suggestion
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.inboxes.models import AssistantMode, Inbox
from tests.assistant.proposing import propose
from tests.factories import make_inbox, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(db):
    return make_inbox()


def became():
    """Return what became of what was proposed, and whether the chat says that something is."""
    return Suggestion.objects.values_list("state", "failure").get(), Conversation.objects.get().has_suggestion


def switch_off_inbox():
    Inbox.objects.update(assistant_mode=AssistantMode.OFF)


def switch_off_house():
    AssistantSettings.objects.create(is_enabled=False)


@pytest.mark.parametrize("stands", [switch_off_inbox, switch_off_house, AIProvider.objects.all().delete])
def test_newer_words_end_what_is_proposed_also_where_nothing_follows(inbox, stands):
    propose(receive(inbox))
    receive(inbox, "¿Y el precio?")
    stands()
    assert open_turns(actor=SYSTEM) == 1
    assert became() == (("superseded", ""), False)


@pytest.mark.parametrize("switch_off", [switch_off_inbox, switch_off_house])
@pytest.mark.parametrize("state", ["shown", "queued"])
def test_what_is_switched_off_above_a_chat_ends_what_is_proposed_there(inbox, switch_off, state):
    propose(receive(inbox), state=state)
    assert supersede_switched_off(actor=SYSTEM) == 0
    switch_off()
    assert supersede_switched_off(actor=SYSTEM) == 1
    assert became() == (("superseded", ""), False)


@pytest.mark.parametrize(("mode", "is_pending"), [(AssistantMode.AUTO, True), (AssistantMode.SUGGEST, False)])
def test_without_anybody_to_ask_what_would_be_answered_by_itself_waits_for_a_person(inbox, mode, is_pending):
    Inbox.objects.update(assistant_mode=mode)
    receive(inbox, "Hola")
    assert open_turns(actor=SYSTEM) == 1
    assert not Suggestion.objects.exists()
    row = Conversation.objects.get()
    assert (row.is_pending, row.assistant_pause, row.reply_wanted_at) == (is_pending, "", None)


def test_without_anybody_to_ask_nothing_waits_for_ever(inbox):
    propose(receive(inbox), "", state="queued")
    AIProvider.objects.update(is_enabled=False)
    assert claim_due(actor=SYSTEM) == []
    assert became() == (("failed", "no_provider"), False)
