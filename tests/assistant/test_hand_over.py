"""Where the assistant stops answering by itself, and a person takes over."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.assistant.actions.automatic import answer_if_allowed, note_failure
from apps.assistant.actions.decisions import accept_suggestion
from apps.assistant.models import Suggestion
from apps.assistant.models.settings import HANDOFF_MESSAGE
from apps.assistant.queries import is_answered
from apps.conversations.actions.assist import hand_back, set_assistant_mode
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import ASSISTANT, SYSTEM
from apps.inboxes.models import Inbox
from tests.assistant.answering import AUTO, FIRST, OFF, QUIET, SUGGEST, begin, change, finish, pause, sent, turn
from tests.assistant.proposing import ANSWER, propose
from tests.factories import make_inbox, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(db):
    return make_inbox(assistant_mode=AUTO)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Hola! Quiero HABLAR con una persona", "asked"),
        ("me pasás con un operador?", "asked"),
        ("hay alguna PERSONA REAL ahí?", "asked"),
        ("Persona", "asked"),
        ("una persona, por favor!!", "asked"),
        ("Voy a hablar con mi abogado", "rule_word"),
        ("es una emergencia", "rule_word"),
        ("x" * 50_000, "too_long"),
    ],
)
def test_words_that_need_a_person_get_one(inbox, words, reason):
    message = receive(inbox, words)
    assert begin(message) == SUGGEST
    assert (pause(), sent()) == ((reason, True), [HANDOFF_MESSAGE])
    assert is_answered(message) is False  # that somebody comes is no answer: one is proposed still


@pytest.mark.parametrize(
    "words", ["¿Cuánto sale por persona?", "¿Hay curso de operador de drones?", "¿Hay reclamación?", "1 persona"]
)
def test_other_words_are_answered(inbox, words):
    assert (begin(receive(inbox, words)), pause(), sent()) == (AUTO, QUIET, [])


def test_every_message_of_a_burst_is_looked_at(inbox):
    receive(inbox, "quiero hablar con alguien")
    assert begin(receive(inbox, "?")) == SUGGEST
    assert pause() == ("asked", True)


@pytest.mark.parametrize(
    ("proposed", "reason"),
    [
        ({"needs_human": True}, "needs_human"),
        ({"warnings": ["link"]}, "content"),
        ({"warnings": ["phone"], "needs_human": True}, "content"),
        ({"text": " "}, "needs_human"),
    ],
)
def test_what_a_person_should_see_stays_proposed(inbox, proposed, reason):
    assert finish(receive(inbox), **proposed) is False
    assert (pause(), sent(), Suggestion.objects.get().state) == ((reason, True), [HANDOFF_MESSAGE], "shown")
    row = Conversation.objects.get()
    assert (row.has_suggestion, row.assistant_paused_at is not None) == (True, True)


def test_an_operator_may_send_what_was_held_back(inbox, actor):
    message = receive(inbox)
    finish(message, needs_human=True)
    accept_suggestion(suggestion=Suggestion.objects.get(), text=ANSWER, client_key="k", actor=actor)
    assert sent() == [HANDOFF_MESSAGE, ANSWER]


def test_without_words_for_it_the_person_is_told_nothing(inbox):
    change(handoff_message="")
    assert begin(receive(inbox, "Persona")) == SUGGEST
    assert (pause(), sent()) == (("asked", True), [])


def test_being_passed_on_is_told_once_for_a_message(inbox, actor):
    message = receive(inbox, "Persona")
    begin(message)
    Conversation.objects.update(assistant_paused_at=None, assistant_pause="")
    begin(message)
    assert (sent(), pause()) == ([HANDOFF_MESSAGE], ("", True))  # our word came after theirs
    assert (finish(message), sent()) == (False, [HANDOFF_MESSAGE])


def test_a_pause_proposes_until_it_is_handed_back(inbox, actor):
    begin(receive(inbox, "Persona"))
    second = receive(inbox, "¿Cuánto sale?")
    assert (begin(second), finish(second), sent()) == (SUGGEST, False, [HANDOFF_MESSAGE])
    hand_back(conversation=second.conversation, actor=actor)
    assert sent() == [HANDOFF_MESSAGE]  # nothing old leaves
    Suggestion.objects.update(state="superseded")
    assert turn(inbox, "¿Y los lunes?") is True
    assert (sent(), Conversation.objects.get().assistant_pause) == ([HANDOFF_MESSAGE, FIRST], "")


def test_the_mode_of_a_chat_resumes_it_too(inbox, actor):
    message = receive(inbox, "Persona")
    begin(message)
    set_assistant_mode(conversation=message.conversation, mode=AUTO, actor=actor)
    assert turn(inbox, "¿Y los lunes?") is True


def test_after_so_many_in_a_row_a_person_is_asked(inbox, actor):
    change(auto_turns=2, notice="")
    questions = ["¿Cuándo?", "¿Dónde?", "¿Cuánto?", "¿Quién?"]
    assert [turn(inbox, words) for words in questions] == [True, True, False, False]
    assert (sent(), pause()) == ([ANSWER] * 2 + [HANDOFF_MESSAGE], ("turns", True))
    hand_back(conversation=Conversation.objects.get(), actor=actor)
    Suggestion.objects.filter(state="shown").update(state="superseded")
    assert [turn(inbox, words) for words in questions] == [True, True, False, False]


def test_the_same_words_again_and_again_are_a_machine(inbox):
    texts = ["Gracias por escribirnos, en breve respondemos"] * 5
    assert [turn(inbox, words) for words in texts] == [True, True, False, False, False]
    assert (pause(), sent()[-1], len(sent())) == (("loop", True), HANDOFF_MESSAGE, 3)


def test_the_same_words_in_one_burst_are_impatience(inbox):
    for _ in range(4):
        receive(inbox, "Hola?")
    assert turn(inbox, "Hola?") is True


def test_our_own_words_coming_back_are_a_machine(inbox):
    assert [turn(inbox, "¿Cuándo?"), turn(inbox, FIRST)] == [True, False]
    assert pause() == ("loop", True)


def age(by):
    """Let everything said so far be older."""
    Message.objects.update(created_at=F("created_at") - timedelta(seconds=by))


@pytest.mark.parametrize(("seconds", "mode"), [(2, SUGGEST), (12, AUTO)])
def test_nobody_takes_so_many_turns_in_a_minute(inbox, seconds, mode):
    for number in range(6):
        assert turn(inbox, f"Pregunta {number}") is True
        age(by=seconds)
    assert begin(receive(inbox, "¿Y?")) == mode
    assert pause() == (("loop", True) if mode == SUGGEST else QUIET)


def test_answers_within_a_second_time_after_time_are_a_machine(inbox):
    assert [turn(inbox, f"Pregunta {number}") for number in range(5)] == [True, True, True, False, False]
    assert pause() == ("loop", True)


def test_five_hundred_messages_of_one_person_cost_a_day_of_answers(inbox, actor):
    change(conversation_daily_limit=3, auto_turns=99)
    for number in range(3):
        assert turn(inbox, f"Pregunta {number}") is True
        age(by=30)
    modes = {begin(receive(inbox, f"¡Llamame! {number}")) for number in range(10)}
    assert (modes, pause(), sent()[-1], len(sent())) == ({OFF}, ("limit", True), HANDOFF_MESSAGE, 4)
    hand_back(conversation=Conversation.objects.get(), actor=actor)
    assert begin(receive(inbox, "¿Seguimos?")) == AUTO


def test_a_chat_that_only_proposes_has_its_limit_too():
    change(conversation_daily_limit=1)
    inbox = make_inbox(assistant_mode=SUGGEST)
    message = receive(inbox)
    assert begin(message) == SUGGEST
    propose(message, started_at=timezone.now())
    assert (begin(receive(inbox, "¿Y?")), pause(), sent()) == (OFF, ("limit", True), [])


def test_yesterdays_answers_do_not_count(inbox):
    change(conversation_daily_limit=1)
    turn(inbox, "¿Cuándo?")
    Suggestion.objects.update(started_at=timezone.now() - timedelta(days=1))
    assert begin(receive(inbox, "¿Dónde?")) == AUTO


@pytest.mark.parametrize("closed", ["window", "inbox", "too long"])
def test_what_cannot_leave_stays_proposed_and_waits_for_a_person(inbox, closed):
    message = receive(inbox)
    text = ANSWER
    match closed:
        case "window":
            Conversation.objects.update(window_ends_at=timezone.now())
        case "inbox":
            Inbox.objects.update(is_active=False)
        case _:
            text = "x" * 5000
    assert finish(message, text) is False
    assert (pause(), sent(), Suggestion.objects.get().state) == (("unsent", True), [], "shown")


def test_a_closed_window_tells_nobody_that_somebody_comes(inbox):
    message = receive(inbox, "Persona")
    Conversation.objects.update(window_ends_at=timezone.now())
    assert (begin(message), pause(), sent()) == (SUGGEST, ("asked", True), [])


def test_an_answer_nobody_could_write_waits_for_a_person(inbox):
    note_failure(suggestion=propose(receive(inbox), state="failed", mode=AUTO), actor=SYSTEM)
    assert pause() == ("", True)


def test_a_failed_proposal_leaves_the_chat_as_it_is(inbox):
    note_failure(suggestion=propose(receive(inbox), state="failed"), actor=SYSTEM)
    assert pause() == QUIET


def test_an_answer_of_its_own_pauses_nothing(inbox):
    send_message(conversation=receive(inbox).conversation, text="Hola", client_key="x", actor=ASSISTANT)
    assert pause() == QUIET


def test_deciding_costs_a_fixed_number_of_queries(inbox, django_assert_max_num_queries):
    for number in range(3):
        turn(inbox, f"Pregunta {number}")
        age(by=30)
    message = receive(inbox, "¿Y?")
    with django_assert_max_num_queries(16):
        begin(message)
    suggestion = propose(message, mode=AUTO)
    with django_assert_max_num_queries(28):
        answer_if_allowed(suggestion=suggestion, actor=SYSTEM)
