"""The assistant answers by itself where all of it holds, once, and hands over to people where something does not."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.assistant.actions.automatic import answer_if_allowed, mode_for, note_failure
from apps.assistant.actions.decisions import accept_suggestion
from apps.assistant.actions.holding import hold_conversation
from apps.assistant.models import AssistantSettings, Suggestion
from apps.assistant.models.settings import HANDOFF_MESSAGE, NOTICE
from apps.assistant.queries import is_answered
from apps.conversations.actions.assist import hand_back, set_assistant_mode
from apps.conversations.actions.deliver import claim_due
from apps.conversations.actions.marks import close, set_pending
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import ASSISTANT, SYSTEM, Role
from apps.core.models import SiteSettings
from apps.inboxes.models import AssistantMode, Inbox
from tests.assistant.proposing import ANSWER, propose
from tests.conversations.arriving import echo
from tests.crowd import crowd
from tests.factories import make_account, make_actor, make_inbox, receive
from tests.providers.accounts import SAMPLES

pytestmark = pytest.mark.django_db

AUTO, SUGGEST, OFF = AssistantMode.AUTO, AssistantMode.SUGGEST, AssistantMode.OFF


@pytest.fixture
def inbox(db):
    return make_inbox(assistant_mode=AUTO)


@pytest.fixture
def actor(inbox):
    return make_actor(Role.OPERATOR, (inbox.branch,))


def change(**settings):
    AssistantSettings.objects.update_or_create(defaults=settings)


def begin(message):
    """Ask what is done about these words, as the engine does before it asks a model."""
    with transaction.atomic():
        held = hold_conversation(message.conversation_id)
        mode = mode_for(conversation=held, trigger=message, actor=SYSTEM)
    message.conversation.refresh_from_db()
    return mode


def finish(message, text=ANSWER, **columns):
    """Propose an answer as the engine does in the end, and tell whether it left."""
    suggestion = propose(message, text, mode=AUTO, **columns)
    return answer_if_allowed(suggestion=suggestion, actor=SYSTEM)


def turn(inbox, words, text=ANSWER):
    """Let a person write and an answer leave; tell whether it did."""
    message = receive(inbox, words)
    return begin(message) == AUTO and finish(message, text, started_at=timezone.now())


def sent():
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def pause():
    return Conversation.objects.values_list("assistant_pause", "is_pending").get()


QUIET = ("", False)
FIRST = f"{ANSWER}\n\n{NOTICE}"


def test_an_answer_leaves_by_itself(inbox):
    message = receive(inbox, "¿Cuándo empieza?")
    assert begin(message) == AUTO
    assert finish(message) is True
    suggestion = Suggestion.objects.get()
    ours = Message.objects.get(direction="out")
    assert (ours.text, ours.sender, ours.client_key) == (FIRST, "assistant", f"auto-{message.pk}")
    assert (suggestion.state, suggestion.message, suggestion.sent_text) == ("sent", ours, FIRST)
    assert (suggestion.decided_by, suggestion.decided_at is not None) == (None, True)
    row = Conversation.objects.get()
    assert (row.has_suggestion, row.unread_count, row.assistant_pause) == (False, 0, "")


def test_the_note_stands_under_the_first_answer_only(inbox):
    assert [turn(inbox, words) for words in ("¿Cuándo?", "¿Dónde?", "¿Cuánto?")] == [True] * 3
    assert sent() == [FIRST, ANSWER, ANSWER]


def test_what_waits_for_somebody_is_not_settled_by_an_answer_of_its_own(inbox, actor):
    message = receive(inbox, "¿Cuándo?")
    set_pending(conversation=message.conversation, is_pending=True, actor=actor)
    assert (finish(message), pause()) == (True, ("", True))
    send_message(conversation=message.conversation, text="Listo", client_key="k", actor=actor)
    assert pause() == ("operator", False)


def test_its_own_echo_is_nobody_of_the_team():
    inbox = make_inbox(make_account("maytapi", credentials=SAMPLES["maytapi"].credentials), assistant_mode=AUTO)
    message = receive(inbox, "¿Cuándo?")
    finish(message)
    claim_due(limit=1, actor=SYSTEM)
    assert echo(inbox, FIRST, at=timezone.now(), received_at=timezone.now()) is None
    assert (sent(), pause()) == ([FIRST], QUIET)


def test_without_a_note_none_stands_there(inbox):
    change(notice="")
    assert (turn(inbox, "¿Cuándo?"), sent()) == (True, [ANSWER])


@pytest.mark.parametrize("length", [4096 - len(NOTICE) - 2, 4096])
def test_a_note_that_does_not_fit_is_a_message_of_its_own(inbox, length):
    text = "x" * length
    message = receive(inbox)
    assert finish(message, text) is True
    fits = length + len(NOTICE) + 2 <= 4096
    assert sent() == ([f"{text}\n\n{NOTICE}"] if fits else [text, NOTICE])
    assert is_answered(message) is True
    assert turn(inbox, "¿Dónde?") is True
    assert sent()[-1] == ANSWER


def test_a_channel_that_splits_gets_the_note_at_the_end():
    credentials = {"access_token": "t", "app_secret": "s"}
    inbox = make_inbox(make_account("instagram", credentials=credentials), assistant_mode=AUTO)
    assert finish(receive(inbox), "sí " * 250) is True
    first, second = sent()
    assert (first, second) == (("sí " * 250).strip(), NOTICE)
    assert Suggestion.objects.get(message__text=first).state == "sent"


@pytest.mark.parametrize(
    ("house", "of_inbox", "of_chat", "is_on", "mode"),
    [
        (False, "", "", True, SUGGEST),
        (True, "", "", True, AUTO),
        (True, SUGGEST, "", True, SUGGEST),
        (True, "", SUGGEST, True, SUGGEST),
        (True, AUTO, OFF, True, OFF),
        (False, SUGGEST, AUTO, True, AUTO),
        (True, OFF, AUTO, True, OFF),
        (True, AUTO, AUTO, False, OFF),
    ],
)
def test_the_narrowest_word_counts_and_off_is_off(house, of_inbox, of_chat, is_on, mode):
    SiteSettings.objects.update_or_create(defaults={"auto_reply": house})
    change(is_enabled=is_on)
    message = receive(make_inbox(assistant_mode=of_inbox))
    Conversation.objects.update(assistant_mode=of_chat)
    assert begin(message) == mode
    message.conversation.refresh_from_db()
    suggestion = propose(message, mode=AUTO)
    assert answer_if_allowed(suggestion=suggestion, actor=SYSTEM) is (mode == AUTO)
    assert (sent() == [FIRST]) is (mode == AUTO)


def test_what_was_asked_for_by_hand_never_leaves_by_itself(inbox):
    suggestion = propose(receive(inbox))
    assert (answer_if_allowed(suggestion=suggestion, actor=SYSTEM), sent()) == (False, [])
    assert (Suggestion.objects.get().state, pause()) == ("shown", QUIET)


@pytest.mark.parametrize(
    "meanwhile", ["wrote", "changed words", "took back", "operator", "phone", "closed", "off", "suggest", "paused"]
)
def test_whatever_happens_meanwhile_holds_the_answer_back(inbox, actor, meanwhile):
    message = receive(inbox, "¿Cuándo empieza?")
    suggestion = propose(message, mode=AUTO)
    conversation = message.conversation
    match meanwhile:
        case "wrote":
            receive(inbox, "¿Y cuánto sale?")
        case "changed words":
            Conversation.objects.update(reply_wanted_at=timezone.now())
        case "took back":
            Message.objects.update(deleted_at=timezone.now())
        case "operator":
            send_message(conversation=conversation, text="El lunes", client_key="k", actor=actor)
        case "phone":
            echo(inbox, "El lunes", at=timezone.now())
        case "closed":
            close(conversation=conversation, actor=actor)
        case "off":
            Inbox.objects.update(assistant_mode=OFF)
        case "suggest":
            set_assistant_mode(conversation=conversation, mode=SUGGEST, actor=actor)
        case _:
            Conversation.objects.update(assistant_paused_at=timezone.now(), assistant_pause="operator")
    before = sent()
    assert answer_if_allowed(suggestion=suggestion, actor=SYSTEM) is False
    assert (sent(), Suggestion.objects.get().state) == (before, "shown")
    assert Conversation.objects.get().assistant_pause in {"", "operator", "phone"}


def test_somebody_who_sent_it_first_leaves_nothing_to_send(inbox, actor):
    suggestion = propose(receive(inbox), mode=AUTO)
    accept_suggestion(suggestion=suggestion, text=ANSWER, client_key="k", actor=actor)
    assert (answer_if_allowed(suggestion=suggestion, actor=SYSTEM), sent()) == (False, [ANSWER])


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_one_answer(inbox):
    suggestion = propose(receive(inbox), mode=AUTO)
    with crowd(4) as together:
        left = together.at_once(*[partial(answer_if_allowed, suggestion=suggestion, actor=SYSTEM)] * 4)
    assert (sorted(left), sent()) == ([False, False, False, True], [FIRST])


@pytest.mark.django_db(transaction=True)
def test_an_operator_at_the_same_moment_is_seen_or_comes_after(inbox, actor):
    for number in range(3):
        message = receive(inbox, sender=f"54938755502{number:02}")
        suggestion = propose(message, mode=AUTO)
        conversation = Conversation.objects.select_related("inbox__account").get(pk=message.conversation_id)
        operator = partial(send_message, conversation=conversation, text="Voy", client_key=str(number), actor=actor)
        with crowd(2) as together:
            _, left = together.at_once(operator, partial(answer_if_allowed, suggestion=suggestion, actor=SYSTEM))
        texts = set(conversation.messages.filter(direction="out").values_list("text", flat=True))
        assert texts == ({FIRST, "Voy"} if left else {"Voy"})


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_assistant_at_once_leave_no_stale_answer(inbox):
    for number in range(3):
        sender = f"54938755503{number:02}"
        message = receive(inbox, sender=sender)
        suggestion = propose(message, mode=AUTO)
        with crowd(2) as together:
            newer, left = together.at_once(
                partial(receive, inbox, "Otra cosa", sender=sender),
                partial(answer_if_allowed, suggestion=suggestion, actor=SYSTEM),
            )
        answers = list(message.conversation.messages.filter(direction="out"))
        assert [answer.pk < newer.pk or answer.created_at <= newer.created_at for answer in answers] == [True] * left


def test_the_database_itself_takes_one_answer_for_a_message(inbox):
    message = receive(inbox)
    finish(message)
    with pytest.raises(IntegrityError, match="suggestion_one_automatic_answer"), transaction.atomic():
        propose(message, state="sent")
    with pytest.raises(IntegrityError, match="message_client_key"), transaction.atomic():
        Message.objects.create(
            conversation=message.conversation, inbox=inbox, direction="out", sender="assistant", text="Otra",
            client_key=f"auto-{message.pk}", next_attempt_at=timezone.now(), valid_until=timezone.now(),
        )  # fmt: skip


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
