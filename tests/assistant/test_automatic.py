"""The assistant answers by itself where all of it holds, once, and hands over to people where something does not."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.assistant.actions.automatic import answer_if_allowed
from apps.assistant.actions.decisions import accept_suggestion
from apps.assistant.models import Suggestion
from apps.assistant.models.settings import NOTICE
from apps.assistant.queries import is_answered
from apps.conversations.actions.assist import set_assistant_mode
from apps.conversations.actions.deliver import claim_due
from apps.conversations.actions.marks import close, set_pending
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from apps.core.models import SiteSettings
from apps.inboxes.models import Inbox
from tests.assistant.answering import AUTO, FIRST, OFF, QUIET, SUGGEST, begin, change, finish, pause, sent, turn
from tests.assistant.proposing import ANSWER, propose
from tests.conversations.arriving import echo
from tests.crowd import crowd
from tests.factories import make_account, make_inbox, receive
from tests.providers.accounts import SAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(db):
    return make_inbox(assistant_mode=AUTO)


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
