"""A message of ours is written: once for each key, where it may be, with what the channel can carry."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ

from apps.conversations.actions.send import mark_as_sent, resend_message, send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.core.models import LiveEvent
from apps.inboxes.actions.accounts import set_account_active
from apps.inboxes.models import Inbox
from tests.crowd import crowd
from tests.factories import make_account, make_actor, make_conversation, make_inbox, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(db):
    return make_conversation()


@pytest.fixture
def actor(conversation):
    return make_actor(Role.OPERATOR, (conversation.inbox.branch,))


def code_of(caught):
    """Return the fields and codes of a refusal."""
    error = caught.value
    return (
        {name: found[0].code for name, found in error.error_dict.items()}
        if hasattr(error, "error_dict")
        else error.code
    )


def test_an_answer_is_queued_and_rung_and_told(conversation, actor):
    OrmQ.objects.all().delete()
    message = send_message(conversation=conversation, text="  Sí \n", client_key="k", actor=actor)
    message.refresh_from_db()
    assert (message.text, message.dispatch, message.status, message.sender) == ("Sí", "queued", "queued", "operator")
    assert (message.author_id, message.inbox_id) == (actor.user_id, conversation.inbox_id)
    assert message.next_attempt_at is not None
    assert message.next_attempt_at <= timezone.now()
    assert sorted(OrmQ.objects.values_list("key", flat=True)) == ["bulk", "default"]  # the person learns we read
    assert LiveEvent.objects.filter(kind="message_added", message_id=message.pk).count() == 1


def test_the_same_key_with_the_same_words_is_the_same_message(conversation, actor):
    first = send_message(conversation=conversation, text="Sí", client_key="k", actor=actor)
    rings = OrmQ.objects.count()
    assert send_message(conversation=conversation, text=" Sí ", client_key="k", actor=actor) == first
    assert (Message.objects.filter(direction="out").count(), OrmQ.objects.count()) == (1, rings)


def test_the_same_key_gives_its_message_even_when_the_window_is_closed_by_now(conversation, actor):
    first = send_message(conversation=conversation, text="Sí", client_key="k", actor=actor)
    Conversation.objects.update(window_ends_at=timezone.now())
    conversation.refresh_from_db()
    assert send_message(conversation=conversation, text="Sí", client_key="k", actor=actor) == first


def test_the_same_key_with_anything_else_is_refused(conversation, actor):
    quoted = receive(conversation.inbox)
    other = make_conversation(conversation.inbox, sender="5493875550999")
    send_message(conversation=conversation, text="Sí", client_key="k", actor=actor)
    for told in (
        {"conversation": conversation, "text": "No"},
        {"conversation": other, "text": "Sí"},
        {"conversation": conversation, "text": "Sí", "reply_to": quoted},
    ):
        with pytest.raises(ValidationError) as caught:
            send_message(client_key="k", actor=actor, **told)
        assert code_of(caught) == {"client_key": "client_key_reused"}


def test_a_key_belongs_to_who_uses_it(conversation, actor):
    from apps.accounts.models import ApiToken
    from apps.accounts.queries import actor_for_token
    from tests.factories import make_token, make_user

    user = make_user(Role.OPERATOR, (conversation.inbox.branch,))
    applications = [actor_for_token(make_token(user)) for _ in range(2)]
    for number, somebody in enumerate([actor, SYSTEM, *applications]):
        assert somebody is not None
        message = send_message(conversation=conversation, text=f"{number}", client_key="k", actor=somebody)
        assert message.text == f"{number}"
    senders = list(Message.objects.filter(direction="out").order_by("pk").values_list("sender", flat=True))
    assert senders == ["operator", "operator", "api", "api"]
    assert ApiToken.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_click_twenty_times_at_once_is_one_message():
    conversation = make_conversation()
    actor = make_actor(Role.OPERATOR, (conversation.inbox.branch,))
    with crowd(10) as together:
        work = partial(send_message, conversation=conversation, text="Sí", client_key="k", actor=actor)
        sent = together.at_once(*[work] * 10) + together.at_once(*[work] * 10)
    assert (len({message.pk for message in sent}), Message.objects.filter(direction="out").count()) == (1, 1)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"text": ""}, {"text": "empty"}),
        ({"text": " \n\x00 "}, {"text": "empty"}),
        ({"text": "a" * 4097}, {"text": "too_long"}),
        ({"client_key": ""}, {"client_key": "bad_key"}),
        ({"client_key": "k" * 101}, {"client_key": "bad_key"}),
        ({"client_key": "k\n"}, {"client_key": "bad_key"}),
        ({"client_key": "k\x00"}, {"client_key": "bad_key"}),
        ({"client_key": "\ud800"}, {"client_key": "bad_key"}),
    ],
)
def test_what_cannot_be_sent_is_said_and_not_stored(told, code, conversation, actor):
    with pytest.raises(ValidationError) as caught:
        send_message(**{"conversation": conversation, "text": "Sí", "client_key": "k", "actor": actor, **told})
    assert code_of(caught) == code
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a" * 4096, "a" * 4096),
        ("a\x00b", "ab"),
        ("half \ud800", "half \ufffd"),
        ("e\u0301", "\u00e9"),
        ("🙂" * 4096,) * 2,
    ],
)
def test_any_other_text_is_stored_as_a_database_can_hold_it(text, stored, conversation, actor):
    message = send_message(conversation=conversation, text=text, client_key="k", actor=actor)
    message.refresh_from_db()
    assert message.text == stored


def test_a_quote_must_stand_in_this_chat(conversation, actor):
    here = receive(conversation.inbox)
    there = receive(make_inbox(make_account()))
    assert (
        send_message(conversation=conversation, text="a", client_key="a", actor=actor, reply_to=here).reply_to == here
    )
    with pytest.raises(ValidationError) as caught:
        send_message(conversation=conversation, text="b", client_key="b", actor=actor, reply_to=there)
    assert code_of(caught) == {"reply_to": "wrong_reply"}


@pytest.mark.parametrize(
    ("_case", "shut", "code"),
    [
        ("window over", lambda c: Conversation.objects.update(window_ends_at=timezone.now()), "window_closed"),
        ("never a window", lambda c: Conversation.objects.update(window_ends_at=None), "window_closed"),
        ("chat closed", lambda c: Conversation.objects.update(closed_at=timezone.now()), "conversation_closed"),
        ("inbox off", lambda c: Inbox.objects.update(is_active=False), "inbox_inactive"),
        (
            "account off",
            lambda c: set_account_active(account=c.inbox.account, is_active=False, actor=SYSTEM),
            "inbox_inactive",
        ),
    ],
)
def test_where_nothing_may_leave_nothing_is_queued(_case, shut, code, conversation, actor):
    shut(conversation)
    conversation = Conversation.objects.select_related("inbox__account").get()
    with pytest.raises(ValidationError) as caught:
        send_message(conversation=conversation, text="Sí", client_key="k", actor=actor)
    assert code_of(caught) == code
    assert not Message.objects.filter(direction="out").exists()


def test_a_channel_without_a_window_is_always_open(db):
    conversation = make_conversation(make_inbox(make_account("simulator")))
    assert send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM).pk


# What failed, or nobody knows --------------------------------------------------------------


def ended(conversation, actor, *, dispatch="uncertain", key="k"):
    message = send_message(conversation=conversation, text="Sí", client_key=key, actor=actor)
    Message.objects.filter(pk=message.pk).update(dispatch=dispatch)
    message.refresh_from_db()
    return message


@pytest.mark.parametrize("dispatch", ["uncertain", "rejected", "expired", "window_closed"])
def test_a_person_sends_it_again_as_a_new_message(dispatch, conversation, actor):
    message = ended(conversation, actor, dispatch=dispatch)
    again = resend_message(message=message, client_key="again", actor=actor)
    again.refresh_from_db()
    assert (again.text, again.status, again.resent_of) == (message.text, "queued", message)
    assert resend_message(message=message, client_key="again", actor=actor) == again


def test_what_was_sent_again_is_not_sent_a_third_time(conversation, actor):
    message = ended(conversation, actor)
    again = resend_message(message=message, client_key="again", actor=actor)
    with pytest.raises(ValidationError) as caught:
        resend_message(message=message, client_key="another click", actor=actor)
    assert code_of(caught) == "not_resendable"
    Message.objects.filter(pk=again.pk).update(dispatch="rejected")
    assert resend_message(message=message, client_key="another click", actor=actor).pk != again.pk


@pytest.mark.django_db(transaction=True)
def test_two_who_send_it_again_at_once_send_it_once():
    conversation = make_conversation()
    message = ended(conversation, SYSTEM)

    def again(key):
        try:
            return resend_message(message=message, client_key=key, actor=SYSTEM).pk
        except ValidationError as error:
            return error.code

    with crowd(4) as together:
        said = together.at_once(*(partial(again, f"{number}") for number in range(4)))
    assert said.count("not_resendable") == 3


@pytest.mark.parametrize("dispatch", ["queued", "waiting", "needs_auth"])
def test_what_is_still_on_its_way_is_not_sent_again(dispatch, conversation, actor):
    with pytest.raises(ValidationError) as caught:
        resend_message(message=ended(conversation, actor, dispatch=dispatch), client_key="again", actor=actor)
    assert code_of(caught) == "not_resendable"


def test_what_a_person_wrote_is_not_ours_to_send_again(conversation, actor):
    message = Message.objects.select_related("conversation__inbox").get()
    with pytest.raises(ValidationError):
        resend_message(message=message, client_key="again", actor=actor)


def test_a_person_may_say_that_it_arrived_once(conversation, actor):
    message = mark_as_sent(message=ended(conversation, actor), actor=actor)
    sent_at = message.sent_at
    assert message.status == "sent"
    assert Conversation.objects.get().last_message_status == "sent"
    with pytest.raises(ValidationError) as caught:
        mark_as_sent(message=message, actor=actor)
    message.refresh_from_db()
    assert (code_of(caught), message.sent_at) == ("already_known", sent_at)


def test_the_list_row_shows_the_beginning_of_the_words(conversation, actor):
    send_message(conversation=conversation, text="una línea\n\n  y otra " + "a" * 300, client_key="k", actor=actor)
    shown = Conversation.objects.get().last_message_text
    assert shown.startswith("una línea y otra aaa")
    assert len(shown) == 200


def test_an_answer_costs_few_statements(conversation, actor, django_assert_max_num_queries):
    conversation = Conversation.objects.select_related("inbox__account").get(pk=conversation.pk)
    Conversation.objects.update(unread_count=F("unread_count") + 3)
    with django_assert_max_num_queries(8):
        send_message(conversation=conversation, text="Sí", client_key="k", actor=actor)
