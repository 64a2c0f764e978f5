"""What people decide about what is proposed."""

from functools import partial
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django_q.models import OrmQ

from apps.assistant.actions.decisions import (
    accept_suggestion,
    another_suggestion,
    discard_suggestion,
    rate_suggestion,
)
from apps.assistant.actions.respondents import pin
from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.queries import difference
from apps.assistant.types import Change
from apps.conversations.actions.marks import close
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import Role
from apps.core.models import LiveEvent
from apps.people.models import Identity
from tests.assistant.proposing import ANSWER, propose
from tests.conversations.arriving import edit
from tests.crowd import crowd
from tests.factories import make_actor, make_inbox, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(db):
    return make_inbox()


@pytest.fixture
def asked(inbox):
    return receive(inbox, "¿Cuándo empieza?", message_id="wamid.asked")


def code_of(caught):
    """Return the code of a refusal, or its fields with theirs."""
    error = caught.value
    if hasattr(error, "error_dict"):
        return {name: found[0].code for name, found in error.error_dict.items()}
    return error.code


def sent():
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def refused(work, **told):
    with pytest.raises(ValidationError) as caught:
        work(**told)
    return code_of(caught)


def test_what_is_proposed_leaves_as_it_is(asked, actor):
    suggestion = propose(asked)
    LiveEvent.objects.all().delete()
    message = accept_suggestion(suggestion=suggestion, text=f" {ANSWER}\r\n", client_key="k", actor=actor)
    suggestion.refresh_from_db()
    assert (message.text, message.sender, message.author_id) == (ANSWER, "operator", actor.user_id)
    assert (suggestion.state, suggestion.message, suggestion.sent_text) == ("accepted", message, ANSWER)
    assert (suggestion.decided_by_id, suggestion.decided_at is not None) == (actor.user_id, True)
    assert Conversation.objects.get().has_suggestion is False
    assert LiveEvent.objects.filter(kind="suggestion_changed", conversation_id=asked.conversation_id).count() == 1
    assert [(piece.change, piece.text) for piece in difference(suggestion)] == [(Change.KEPT, ANSWER)]


def test_what_was_changed_is_kept_beside_what_was_proposed(asked, actor):
    suggestion = propose(asked)
    text = "El curso empieza el martes 8 a las 18. ¡Te esperamos!"
    accept_suggestion(suggestion=suggestion, text=text, client_key="k", actor=actor)
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.text, suggestion.sent_text) == ("edited", ANSWER, text)
    assert [(str(piece.change), piece.text) for piece in difference(suggestion)] == [
        ("kept", "El curso empieza el "),
        ("gone", "lunes"),
        ("new", "martes"),
        ("kept", " "),
        ("gone", "7"),
        ("new", "8"),
        ("kept", " a las 18."),
        ("new", " ¡Te esperamos!"),
    ]


def test_the_same_click_again_is_the_same_message(asked, actor):
    suggestion = propose(asked)
    accept = partial(accept_suggestion, suggestion=suggestion, actor=actor)
    message = accept(text=ANSWER, client_key="k")
    assert accept(text=ANSWER, client_key="k") == message
    assert refused(accept, text="Otra cosa", client_key="k") == {"client_key": "client_key_reused"}
    assert refused(accept, text=ANSWER, client_key="other") == "already_decided"
    assert sent() == [ANSWER]


def test_the_key_of_an_earlier_message_sends_nothing_and_says_so(inbox, actor):
    conversation = receive(inbox).conversation
    send_message(conversation=conversation, text=ANSWER, client_key="k", actor=actor)
    suggestion = propose(receive(inbox, "¿Y?"))
    told = {"suggestion": suggestion, "text": ANSWER, "client_key": "k", "actor": actor}
    assert refused(accept_suggestion, **told) == {"client_key": "client_key_reused"}
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.message, sent()) == ("shown", None, [ANSWER])


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_one_sends(inbox, asked, actor):
    suggestion = propose(asked)
    others = [make_actor(Role.OPERATOR, (inbox.branch,)) for _ in range(3)]

    def accept(actor):
        try:
            return accept_suggestion(suggestion=suggestion, text=ANSWER, client_key="k", actor=actor).text
        except ValidationError as error:
            return error.code

    with crowd(4) as together:
        said = together.at_once(*[partial(accept, each) for each in [actor, *others]])
    assert sorted(said) == sorted([ANSWER, *["already_decided"] * 3])
    assert sent() == [ANSWER]


@pytest.mark.django_db(transaction=True)
def test_the_same_click_many_times_at_once_sends_once(asked, actor):
    suggestion = propose(asked)
    accept = partial(accept_suggestion, suggestion=suggestion, text=ANSWER, client_key="k", actor=actor)
    with crowd(4) as together:
        assert len({message.pk for message in together.at_once(*[accept] * 4)}) == 1
    assert sent() == [ANSWER]


@pytest.mark.parametrize("went_on", ["a newer message", "other words", "an answer of ours", "taken back"])
def test_what_was_overtaken_is_refused(inbox, asked, actor, went_on):
    suggestion = propose(asked)
    match went_on:
        case "a newer message":
            receive(inbox, "Ah, y otra cosa")
        case "other words":
            edit(inbox, "¿Cuándo termina?", key="wamid.asked")
        case "taken back":
            Message.objects.filter(pk=asked.pk).update(deleted_at=timezone.now())
        case _:
            colleague = make_actor(Role.OPERATOR, (inbox.branch,))
            send_message(conversation=asked.conversation, text="El lunes", client_key="c", actor=colleague)
    before = sent()
    told = {"suggestion": suggestion, "text": ANSWER, "client_key": "k", "actor": actor}
    assert refused(accept_suggestion, **told) == "overtaken"
    assert (sent(), Suggestion.objects.get().state) == (before, "shown")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("queued", "not_ready"),
        ("generating", "not_ready"),
        ("failed", "failed"),
        ("discarded", "already_decided"),
        ("sent", "already_decided"),
        ("superseded", "overtaken"),
    ],
)
def test_only_what_is_proposed_can_be_sent(asked, actor, state, code):
    leased = {"lease_token": uuid4(), "lease_until": timezone.now()} if state == "generating" else {}
    suggestion = propose(asked, state=state, **leased)
    told = {"suggestion": suggestion, "text": ANSWER, "client_key": "k", "actor": actor}
    assert (refused(accept_suggestion, **told), sent()) == (code, [])


def test_a_refused_sending_changes_nothing(asked, actor):
    suggestion = propose(asked)
    told = {"suggestion": suggestion, "client_key": "k", "actor": actor}
    assert refused(accept_suggestion, text=" ", **told) == {"text": "empty"}
    Conversation.objects.update(window_ends_at=timezone.now())
    assert refused(accept_suggestion, text=ANSWER, **told) == "window_closed"
    assert (Suggestion.objects.get().state, Conversation.objects.get().has_suggestion) == ("shown", True)


def test_what_is_dropped_is_gone(asked, actor):
    suggestion = propose(asked, state="generating", lease_token=uuid4(), lease_until=timezone.now())
    assert discard_suggestion(suggestion=suggestion, actor=actor) is True
    assert discard_suggestion(suggestion=suggestion, actor=actor) is False
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.decided_by_id) == ("discarded", actor.user_id)
    assert (Conversation.objects.get().has_suggestion, sent()) == (False, [])


def test_dropping_what_failed_leaves_what_is_written_since(asked, actor):
    failed = propose(asked, state="failed")
    propose(asked)
    assert discard_suggestion(suggestion=failed, actor=actor) is True
    assert Conversation.objects.get().has_suggestion is True


def test_what_was_sent_cannot_be_dropped(asked, actor):
    suggestion = propose(asked)
    accept_suggestion(suggestion=suggestion, text=ANSWER, client_key="k", actor=actor)
    assert refused(discard_suggestion, suggestion=suggestion, actor=actor) == "already_decided"
    assert Suggestion.objects.get().state == "accepted"


def test_a_rating_can_be_changed_also_after_sending(asked, actor):
    suggestion = propose(asked)
    rate_suggestion(suggestion=suggestion, rating=2, feedback=" Falta el precio\n", actor=actor)
    accept_suggestion(suggestion=suggestion, text=ANSWER, client_key="k", actor=actor)
    assert Suggestion.objects.values_list("rating", "feedback", "rated_by").get() == (
        2,
        "Falta el precio",
        actor.user_id,
    )
    other = make_actor(Role.SUPERVISOR, (asked.conversation.inbox.branch,))
    rate_suggestion(suggestion=suggestion, rating=5, feedback="", actor=other)
    assert Suggestion.objects.values_list("rating", "feedback", "rated_by").get() == (5, "", other.user_id)


def test_a_rating_has_bounds(asked, actor):
    rate = partial(rate_suggestion, suggestion=propose(asked), actor=actor)
    assert refused(rate, rating=0, feedback="") == {"rating": "bad_rating"}
    assert refused(rate, rating=6, feedback="") == {"rating": "bad_rating"}
    assert refused(rate, rating=3, feedback="x" * 2001) == {"feedback": "too_long"}
    Suggestion.objects.update(state="failed")
    assert refused(rate, rating=3, feedback="") == "not_ready"
    assert Suggestion.objects.get().rating is None


def test_another_one_takes_the_place_of_what_is_proposed(asked, actor):
    first = propose(asked)
    OrmQ.objects.all().delete()
    second = another_suggestion(conversation=asked.conversation, instruction="  más\n corto ", actor=actor)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.trigger) == ("superseded", "queued", asked)
    assert (second.instruction, second.mode, second.asked_by_id) == ("más corto", "suggest", actor.user_id)
    assert Conversation.objects.get().has_suggestion is True
    assert list(OrmQ.objects.values_list("key", flat=True)) == ["ai"]


def test_another_one_is_drawn_anew_unless_somebody_says_how(asked, actor):
    ask = partial(another_suggestion, conversation=asked.conversation, actor=actor)
    first = ask(instruction="").respondent
    assert ask(instruction="más corto").respondent == first
    second = ask(instruction="").respondent
    assert second != first
    pin(conversation=asked.conversation, is_pinned=True, actor=actor)
    assert ask(instruction="").respondent == second


def test_another_one_needs_a_question_and_an_assistant(inbox, asked, actor):
    ask = partial(another_suggestion, conversation=asked.conversation, actor=actor)
    assert refused(ask, instruction="x" * 501) == {"instruction": "too_long"}
    AssistantSettings.objects.create(is_enabled=False)
    assert refused(ask, instruction="") == "assistant_off"
    AssistantSettings.objects.all().delete()
    send_message(conversation=asked.conversation, text="El lunes", client_key="c", actor=actor)
    assert refused(ask, instruction="") == "nothing_to_answer"
    receive(inbox, "¿Y el precio?")
    close(conversation=asked.conversation, actor=actor)
    assert refused(ask, instruction="") == "conversation_closed"
    assert Suggestion.objects.count() == 0


def test_another_one_is_written_where_our_answer_did_not_arrive(asked, actor):
    ours = send_message(conversation=asked.conversation, text="El lunes", client_key="c", actor=actor)
    Message.objects.filter(pk=ours.pk).update(dispatch="rejected", failed_at=timezone.now())
    suggestion = another_suggestion(conversation=asked.conversation, instruction="", actor=actor)
    assert suggestion.trigger == asked


def test_no_other_one_is_asked_for_in_a_group(asked, actor):
    Identity.objects.update(scope=Identity.Scope.GROUP)
    assert refused(another_suggestion, conversation=asked.conversation, instruction="", actor=actor) == "group"


@pytest.mark.parametrize("who", ["a viewer", "another branch"])
def test_who_may_not_answer_decides_nothing(asked, who):
    branches = (asked.conversation.inbox.branch,) if who == "a viewer" else ()
    actor = make_actor(Role.VIEWER if who == "a viewer" else Role.OPERATOR, branches)
    suggestion = propose(asked)
    for work in (
        partial(accept_suggestion, suggestion=suggestion, text=ANSWER, client_key="k"),
        partial(discard_suggestion, suggestion=suggestion),
        partial(rate_suggestion, suggestion=suggestion, rating=5, feedback=""),
        partial(another_suggestion, conversation=asked.conversation, instruction=""),
    ):
        with pytest.raises(PermissionDenied):
            work(actor=actor)
    assert (Suggestion.objects.get().state, Suggestion.objects.get().rating, sent()) == ("shown", None, [])
