"""Reactions, corrections and withdrawals of ours: rows that leave like messages and are shown nowhere."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from apps.conversations.actions.acts import edit_message, react, withdraw_message
from apps.conversations.actions.deliver import permit, record_failure, record_sent
from apps.conversations.actions.outbound import ACT_TRIES
from apps.conversations.actions.recover import end_lost_leases
from apps.conversations.actions.statuses import apply_statuses
from apps.conversations.models import Conversation, Message, MessageAlias, Reaction
from apps.conversations.queries import ChatFilter, chat_list, messages_for, needs_attention, thread, threads
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from providers import contents
from providers.errors import Rejected, UncertainSend
from providers.types import DeliveryStatus, SendResult, StatusUpdate
from tests.conversations.sending import claim, pass_time, say
from tests.factories import make_account, make_actor, make_branch, make_conversation, make_inbox
from tests.providers.accounts import SAMPLES


@pytest.fixture
def conversation(db):
    return make_conversation(make_inbox(make_account("simulator")))


def begin():
    [claimed] = claim()
    permit(claims=[claimed], actor=SYSTEM)
    return claimed


def take(claimed, key):
    return record_sent(claim=claimed, result=SendResult(provider_message_id=key), actor=SYSTEM)


def ours(conversation, text="Sí"):
    message = say(conversation, text)[0]
    take(begin(), f"out.{text}")
    message.refresh_from_db()
    return message


def code_of(raised):
    error = raised.value
    return error.code if hasattr(error, "code") else next(iter(error.error_dict.values()))[0].code


def test_a_reaction_leaves_and_shows_when_it_is_taken(conversation):
    theirs = conversation.messages.get()
    actor = make_actor(Role.ADMINISTRATOR)
    assert react(message=theirs, emoji="👍", client_key="k", actor=actor) == theirs
    assert not Reaction.objects.exists()
    claimed = begin()
    assert claimed.outbound().content == contents.Reaction(target=theirs.provider_message_id, emoji="👍")
    assert take(claimed, "act.1")
    reaction = theirs.reactions.get()
    assert (reaction.emoji, reaction.identity, reaction.user_id) == ("👍", None, actor.user_id)
    event = LiveEvent.objects.latest("pk")
    assert (event.kind, event.message_id) == ("message_changed", theirs.pk)


def test_a_reaction_can_be_changed_and_taken_back(conversation):
    theirs = conversation.messages.get()
    for number, emoji in enumerate(["👍", "❤️", ""]):
        react(message=theirs, emoji=emoji, client_key=f"k{number}", actor=SYSTEM)
        take(begin(), f"act.{number}")
        assert theirs.reactions.get().emoji == emoji


def test_a_correction_keeps_what_we_said_before(conversation):
    message = ours(conversation)
    edit_message(message=message, text=" Sí, hay lugar ", client_key="k", actor=SYSTEM)
    claimed = begin()
    assert claimed.outbound().content == contents.Rewriting(target="out.Sí", body="Sí, hay lugar")
    take(claimed, "act.1")
    message.refresh_from_db()
    assert (message.text, message.edited_at is not None, message.edits.get().text) == ("Sí, hay lugar", True, "Sí")
    conversation.refresh_from_db()
    assert conversation.last_message_text == "Sí, hay lugar"


def test_a_withdrawal_takes_a_message_of_ours_away(conversation):
    message = ours(conversation)
    withdraw_message(message=message, client_key="k", actor=SYSTEM)
    claimed = begin()
    assert claimed.outbound().content == contents.Withdrawal(target="out.Sí")
    take(claimed, "act.1")
    message.refresh_from_db()
    conversation.refresh_from_db()
    assert (message.deleted_at is not None, conversation.last_message_kind) == (True, "deleted")


def test_acts_leave_in_their_turn(conversation):
    theirs = conversation.messages.get()
    say(conversation, "uno")
    react(message=theirs, emoji="👍", client_key="k", actor=SYSTEM)
    first = begin()
    assert (first.message.kind, claim()) == ("text", [])
    take(first, "out.1")
    assert begin().message.kind == "reaction"


def test_an_act_is_shown_nowhere(conversation):
    message = ours(conversation)
    before = Conversation.objects.values().get()
    react(message=message, emoji="👍", client_key="k", actor=SYSTEM)
    claimed = begin()
    assert Conversation.objects.values().get() == before
    record_failure(claim=claimed, error=Rejected("131009"), actor=SYSTEM)
    shown = [*conversation.messages.exclude(kind="reaction")]
    assert Conversation.objects.values().get() == before
    assert thread(conversation) == threads([conversation], limit=9)[conversation.pk] == shown
    assert (messages_for(SYSTEM).count(), needs_attention(SYSTEM).count()) == (2, 0)
    assert chat_list(SYSTEM, ChatFilter()).get().last_message_id == message.pk


def test_the_same_key_is_one_act(conversation):
    theirs = conversation.messages.get()
    for _ in range(2):
        react(message=theirs, emoji="👍", client_key="k", actor=SYSTEM)
    assert Message.objects.filter(kind="reaction").count() == 1
    with pytest.raises(ValidationError) as raised:
        react(message=theirs, emoji="❤️", client_key="k", actor=SYSTEM)
    assert code_of(raised) == "client_key_reused"


def test_a_refused_act_changes_nothing(conversation):
    message = ours(conversation)
    edit_message(message=message, text="No", client_key="k", actor=SYSTEM)
    record_failure(claim=begin(), error=Rejected("too_late"), actor=SYSTEM)
    message.refresh_from_db()
    assert (message.text, message.edited_at) == ("Sí", None)


def test_an_act_of_unknown_outcome_is_done_once_more(conversation):
    theirs = conversation.messages.get()
    react(message=theirs, emoji="👍", client_key="k", actor=SYSTEM)
    claimed = begin()
    record_failure(claim=claimed, error=UncertainSend("read_timeout"), actor=SYSTEM)
    pass_time(claimed.message, seconds=5)
    take(begin(), "act.1")
    assert theirs.reactions.get().emoji == "👍"


def test_nothing_waits_long_behind_an_act_of_unknown_outcome(conversation):
    react(message=conversation.messages.get(), emoji="👍", client_key="k", actor=SYSTEM)
    say(conversation, "Sí")
    for _ in range(ACT_TRIES):
        claimed = begin()
        record_failure(claim=claimed, error=UncertainSend("read_timeout"), actor=SYSTEM)
        pass_time(claimed.message, minutes=1)
    claimed.message.refresh_from_db()
    assert (claimed.message.kind, claimed.message.status) == ("reaction", "uncertain")
    assert [claim.message.text for claim in claim()] == ["Sí"]


def test_an_act_whose_worker_died_is_done_once_more(conversation):
    theirs = conversation.messages.get()
    react(message=theirs, emoji="👍", client_key="k", actor=SYSTEM)
    claimed = begin()
    pass_time(claimed.message, seconds=121)
    assert end_lost_leases(actor=SYSTEM) == 1
    take(begin(), "act.1")
    assert theirs.reactions.get().emoji == "👍"


def test_an_act_that_only_a_status_proves_takes_effect(conversation):
    theirs = conversation.messages.get()
    react(message=theirs, emoji="👍", client_key="k", actor=SYSTEM)
    claimed = begin()
    proof = StatusUpdate(
        path="",
        inbox_address="",
        provider_message_id="act.1",
        status=DeliveryStatus.SENT,
        callback_data=str(claimed.token),
    )
    apply_statuses(inbox=conversation.inbox, updates=[proof], received_at=timezone.now(), actor=SYSTEM)
    record_failure(claim=claimed, error=UncertainSend("read_timeout"), actor=SYSTEM)
    assert theirs.reactions.get().emoji == "👍"


@pytest.mark.parametrize("named", ["true_5493875@c.us_3EB0", "5493875@c.us_3EB0"])
@pytest.mark.parametrize("sender", ["phone", "operator"])
def test_an_act_that_is_answered_with_the_name_of_its_target_takes_nothing_from_it(db, sender, named):
    conversation = make_conversation(make_inbox(make_account("maytapi", credentials=SAMPLES["maytapi"].credentials)))
    message = ours(conversation)
    Message.objects.filter(pk=message.pk).update(provider_message_id="true_5493875@c.us_3EB0", sender=sender)
    MessageAlias.objects.create(inbox=message.inbox, provider_message_id="5493875@c.us_3EB0", message=message)
    message.refresh_from_db()
    react(message=message, emoji="👍", client_key="k", actor=SYSTEM)
    assert take(begin(), named)
    message.refresh_from_db()
    act = message.acts.get()
    assert (message.text, message.reactions.get().emoji, act.status) == ("Sí", "👍", "sent")
    assert (act.provider_message_id, act.aliases.count()) == (f"own:{act.pk}", 0)


def test_an_act_and_what_it_acts_on_stay_two(conversation):
    message = ours(conversation)
    Message.objects.filter(pk=message.pk).update(sender="phone")
    react(message=message, emoji="👍", client_key="k", actor=SYSTEM)
    take(begin(), "act.1")
    told = StatusUpdate(
        path="",
        inbox_address="",
        provider_message_id="act.1",
        status=DeliveryStatus.SENT,
        also_known_as="out.Sí",
    )
    apply_statuses(inbox=conversation.inbox, updates=[told], received_at=timezone.now(), actor=SYSTEM)
    assert Message.objects.get(pk=message.pk).acts.get().provider_message_id == "act.1"


@pytest.mark.parametrize("emoji", ["hola", "👍 👍", "👍" * 20])
def test_a_reaction_is_one_emoji(emoji, conversation):
    with pytest.raises(ValidationError) as raised:
        react(message=conversation.messages.get(), emoji=emoji, client_key="k", actor=SYSTEM)
    assert code_of(raised) == "bad_emoji"


def test_what_is_not_there_cannot_be_acted_on(conversation):
    message = say(conversation, "Sí")[0]
    with pytest.raises(ValidationError) as raised:
        react(message=message, emoji="👍", client_key="k", actor=SYSTEM)
    assert code_of(raised) == "not_there"
    Message.objects.filter(pk=message.pk).update(provider_message_id="x", deleted_at=timezone.now())
    message.refresh_from_db()
    with pytest.raises(ValidationError) as raised:
        withdraw_message(message=message, client_key="k", actor=SYSTEM)
    assert code_of(raised) == "not_there"


@pytest.mark.parametrize("act", [withdraw_message, lambda **told: edit_message(text="No", **told)])
def test_what_a_person_wrote_is_theirs(act, conversation):
    with pytest.raises(ValidationError) as raised:
        act(message=conversation.messages.get(), client_key="k", actor=SYSTEM)
    assert code_of(raised) == "not_editable"


@pytest.mark.parametrize(
    "act", [withdraw_message, lambda **told: edit_message(text="No", **told), lambda **told: react(emoji="👍", **told)]
)
def test_a_stranger_may_not_act(act, conversation):
    stranger = make_actor(Role.OPERATOR, (make_branch(),))
    with pytest.raises(PermissionDenied):
        act(message=conversation.messages.get(), client_key="k", actor=stranger)
    assert Message.objects.count() == 1


def test_a_channel_that_knows_no_corrections_says_so(db):
    conversation = make_conversation()
    message = ours(conversation)
    with pytest.raises(ValidationError) as raised:
        edit_message(message=message, text="No", client_key="k", actor=SYSTEM)
    assert code_of(raised) == "unsupported_kind"
    assert message.conversation.window_ends_at > timezone.now() + timedelta(hours=1)
