"""What is said in a chat, and by whom, tells the assistant when an answer is wanted and when it must be silent."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django_q.models import OrmQ

from apps.accounts.models import ApiToken, User
from apps.conversations.actions.acts import react
from apps.conversations.actions.assist import hand_back, note_suggestion, pause_assistant, set_assistant_mode
from apps.conversations.actions.crowds import receive_messages
from apps.conversations.actions.deliver import permit, record_failure
from apps.conversations.actions.join import follow_identities
from apps.conversations.actions.marks import close
from apps.conversations.actions.recover import expire_unsent
from apps.conversations.actions.send import send_message
from apps.conversations.actions.statuses import apply_statuses
from apps.conversations.models import Conversation, Message, Pause
from apps.core.actors import ASSISTANT, SYSTEM, Role
from apps.inboxes.models import AssistantMode, Inbox
from providers import errors
from providers.contents import SystemNotice, Text
from providers.types import Address, AddressScope, DeliveryStatus, Group, InboundMessage, StatusUpdate
from tests.conversations.arriving import ANA, BETO, NOON, echo, edit, hear, put_emoji, take_back
from tests.conversations.sending import claim
from tests.factories import make_actor, make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(inbox):
    return make_actor(Role.OPERATOR, (inbox.branch,))


def is_wanted():
    """Tell whether an answer is wanted anywhere, and whether the assistant was rung for; begin afresh."""
    wanted = Conversation.objects.filter(reply_wanted_at__isnull=False).exists()
    rung = OrmQ.objects.filter(key="ai").exists()
    OrmQ.objects.all().delete()
    Conversation.objects.update(reply_wanted_at=None)
    return wanted, rung


def pause():
    return Conversation.objects.values_list("assistant_pause", flat=True).get()


def say(actor, text="Voy"):
    """Answer, whatever the hour."""
    Conversation.objects.update(window_ends_at=timezone.now() + timedelta(hours=1))
    conversation = Conversation.objects.select_related("inbox__account").get()
    return send_message(conversation=conversation, text=text, client_key=text, actor=actor)


def test_words_of_a_person_want_an_answer(inbox):
    hear(inbox)
    assert is_wanted() == (True, True)


def test_words_that_are_taken_together_want_one_too(inbox):
    words = [
        InboundMessage(
            path="", inbox_address=inbox.address, provider_message_id=f"w{n}", sender=sender, provider_time=NOON,
            content=Text(body="Hola"),
        )
        for n, sender in enumerate((ANA, BETO))
    ]  # fmt: skip
    receive_messages(inbox=inbox, inbound=words, received_at=timezone.now(), window_hours=24, actor=SYSTEM)
    assert Conversation.objects.filter(reply_wanted_at__isnull=False).count() == 2
    assert is_wanted() == (True, True)


@pytest.mark.parametrize("said", ["in a group", "long ago", "by the channel", "with an emoji", "by us", "in an inbox"])
def test_other_things_do_not(inbox, said):
    match said:
        case "in a group":
            hear(inbox, group=Group(address="g@g.us", name="Familias"))
        case "long ago":
            hear(inbox, is_imported=True)
        case "by the channel":
            hear(inbox, content=SystemNotice(code="number_changed"))
        case "with an emoji":
            hear(inbox)
            is_wanted()
            put_emoji(inbox, "👍")
        case "by us":
            echo(inbox)
        case _:
            Inbox.objects.update(assistant_mode=AssistantMode.OFF)
            inbox.refresh_from_db()
            hear(inbox)
    assert Message.objects.count() == 1
    assert is_wanted() == (False, False)


@pytest.mark.parametrize("change", [lambda inbox: edit(inbox, "¿Y mañana?"), take_back])
def test_words_that_change_matter_where_something_is_proposed(inbox, change):
    conversation = hear(inbox).conversation
    is_wanted()
    change(inbox)
    assert is_wanted() == (False, False)
    note_suggestion(conversations=[conversation.pk], has_one=True)
    edit(inbox, "¿Y pasado?", at=5) if change is not take_back else take_back(inbox, at=-5)
    assert is_wanted() == (True, True)


@pytest.mark.parametrize("who", ["operator", "application", "phone"])
def test_our_own_words_settle_the_wish_and_pause_it(inbox, actor, who):
    hear(inbox)
    match who:
        case "operator":
            say(actor)
        case "application":
            make_token(User.objects.get(pk=actor.user_id))
            say(replace(actor, token_id=ApiToken.objects.get().pk))
        case _:
            echo(inbox, at=NOON.replace(hour=13))
    assert (is_wanted(), pause()) == ((False, True), who)  # the ring is that of the words


def test_the_first_reason_of_a_pause_stays(inbox, actor):
    hear(inbox)
    echo(inbox, at=NOON.replace(hour=13))
    say(actor)
    assert pause() == "phone"


def test_what_is_no_word_of_the_team_pauses_nothing(inbox, actor):
    message = hear(inbox)
    echo(inbox, key="old", is_imported=True)
    say(ASSISTANT)
    own = Message.objects.select_related("conversation__inbox__account").get(pk=message.pk)
    react(message=own, emoji="👍", client_key="r", actor=actor)
    assert pause() == ""


def test_what_is_proposed_is_looked_at_when_we_answer_or_close(inbox, actor):
    conversation = hear(inbox).conversation
    note_suggestion(conversations=[conversation.pk], has_one=True)
    is_wanted()
    say(actor)
    assert is_wanted() == (False, True)
    conversation.refresh_from_db()
    close(conversation=conversation, actor=actor)
    assert is_wanted() == (False, True)


def test_a_click_ends_a_pause(inbox, actor):
    conversation = hear(inbox).conversation
    pause_assistant(conversation=conversation, pause=Pause.LOOP, needs_somebody=True, actor=SYSTEM)
    row = Conversation.objects.get()
    assert (row.assistant_pause, row.is_pending, row.assistant_resumed_at) == ("loop", True, None)
    hand_back(conversation=conversation, actor=actor)
    row = Conversation.objects.get()
    assert (row.assistant_pause, row.assistant_paused_at, row.is_pending) == ("", None, True)
    assert row.assistant_resumed_at is not None
    pause_assistant(conversation=conversation, pause=Pause.TURNS, needs_somebody=False, actor=SYSTEM)
    set_assistant_mode(conversation=conversation, mode=AssistantMode.AUTO, actor=actor)
    assert Conversation.objects.values_list("assistant_pause", "assistant_mode").get() == ("", "auto")


def test_only_who_may_handle_a_chat_says_what_it_does(inbox):
    conversation = hear(inbox).conversation
    for stranger in (make_actor(Role.VIEWER, (inbox.branch,)), make_actor(Role.OPERATOR)):
        with pytest.raises(PermissionDenied):
            set_assistant_mode(conversation=conversation, mode=AssistantMode.AUTO, actor=stranger)
        with pytest.raises(PermissionDenied):
            hand_back(conversation=conversation, actor=stranger)
    row = Conversation.objects.get()
    assert (row.assistant_mode, row.assistant_resumed_at) == ("", None)


@pytest.mark.parametrize(
    ("waits", "of_other"),
    [({"reply_wanted_at": timezone.now()}, True), ({"has_suggestion": True}, True), ({"has_suggestion": True}, False)],
)
def test_words_that_go_on_in_another_chat_are_answered_there(inbox, waits, of_other):
    """Two chats turn out to be with one person: what waited in either waits in the one that goes on."""
    ana = Address(scope=AddressScope.BSUID, value="ana")
    first, other = hear(inbox).conversation, hear(inbox, sender=ana, key="wamid.2").conversation
    hear(inbox, aliases=(ana,), key="wamid.3")
    is_wanted()
    Conversation.objects.filter(pk=(other if of_other else first).pk).update(**waits)
    follow_identities(actor=SYSTEM)
    other.refresh_from_db()
    assert (other.joined_to, other.reply_wanted_at) == (first, None)
    assert is_wanted() == (True, True)


def refuse_at_once(inbox):
    record_failure(claim=claim()[0], error=errors.Rejected("131026"), actor=SYSTEM)


def close_window(inbox):
    [ours] = claim()
    Conversation.objects.update(window_ends_at=timezone.now())
    assert permit(claims=[ours], actor=SYSTEM) == set()


def wait_too_long(inbox):
    Message.objects.filter(direction="out").update(valid_until=timezone.now())
    expire_unsent(actor=SYSTEM)


def refuse_later(inbox):
    Message.objects.filter(direction="out").update(dispatch="accepted", provider_message_id="wamid.out")
    update = StatusUpdate(
        path="", inbox_address="", provider_message_id="wamid.out", status=DeliveryStatus.FAILED, provider_time=NOON
    )
    apply_statuses(inbox=inbox, updates=[update], received_at=timezone.now(), actor=SYSTEM)


@pytest.mark.parametrize("fails", [refuse_at_once, close_window, wait_too_long, refuse_later])
def test_an_answer_of_its_own_that_does_not_arrive_waits_for_a_person(inbox, fails):
    hear(inbox)
    say(ASSISTANT)
    fails(inbox)
    row = Conversation.objects.get()
    assert (row.assistant_pause, row.is_pending, row.last_message_status) == (Pause.UNSENT, True, "failed")


def test_what_people_sent_and_does_not_arrive_is_theirs_to_see(inbox, actor):
    hear(inbox)
    say(actor)
    refuse_at_once(inbox)
    row = Conversation.objects.get()
    assert (row.assistant_pause, row.is_pending) == (Pause.OPERATOR, False)


def test_an_answer_that_is_tried_again_waits_for_nobody(inbox):
    hear(inbox)
    say(ASSISTANT)
    record_failure(claim=claim()[0], error=errors.NotSent("dns"), actor=SYSTEM)
    row = Conversation.objects.get()
    assert (row.assistant_pause, row.is_pending) == ("", False)
