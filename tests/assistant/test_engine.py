"""The engine: what people say is answered by a model, once, for the newest state, whatever the model does."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.assistant import engine
from apps.assistant.actions import turns
from apps.assistant.actions.decisions import another_suggestion, discard_suggestion
from apps.assistant.models import AIModel, AIProvider, Completion, Suggestion
from apps.assistant.tasks import suggest_reply
from apps.conversations.actions.assist import set_assistant_mode
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation
from apps.inboxes.models import AssistantMode
from tests.assistant import model_behaviour as model
from tests.assistant.rig import ask_at, engine_only, outcomes_of, settle, wait_for
from tests.factories import make_inbox, receive
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
State = Suggestion.State


@pytest.fixture
def inbox(db):
    return make_inbox()


def states(conversation):
    return list(Suggestion.objects.filter(conversation=conversation).order_by("pk").values_list("state", flat=True))


def test_what_a_person_says_is_answered(assistant, inbox):
    assistant.script(model.replies("¡Hola! ¿En qué te ayudo?"))
    message = receive(inbox, "¿Cuándo empieza Robótica?")

    suggestion = wait_for(message)

    assert suggestion.text == "¡Hola! ¿En qué te ayudo?"
    assert suggestion.respondent is not None
    assert (suggestion.attempts, suggestion.lease_token, suggestion.lease_until) == (1, None, None)
    assert outcomes_of(suggestion) == [("Modelos", "ok")]
    assert "¿Cuándo empieza Robótica?" in assistant.asked[0].last
    conversation = Conversation.objects.get()
    assert (conversation.reply_wanted_at, conversation.has_suggestion) == (None, True)


def test_the_log_says_what_it_cost(assistant, inbox):
    AIProvider.objects.update(price_input="2", price_output="10", currency="ARS")
    AIModel.objects.update(price_output="500")

    wait_for(receive(inbox))

    row = Completion.objects.get()
    assert row.price == row.prompt_tokens * Decimal("0.000002") + row.completion_tokens * Decimal("0.0005")
    assert row.completion_tokens > 0
    assert (row.provider_name, row.model_name, row.currency, row.attempt) == ("Modelos", "m-1", "ARS", 1)
    assert [turn["role"] for turn in row.request or ()] == ["system", "user"]
    assert row.first_text_ms is not None
    assert row.first_text_ms <= row.latency_ms


def test_a_burst_gets_one_answer(assistant, inbox):
    settle(debounce_seconds=0.3)

    for text in ("Hola", "¿Hay Robótica?", "¿Cuánto sale?"):
        last = receive(inbox, text)
    wait_for(last)

    assert states(last.conversation) == [State.SHOWN]
    assert len(assistant.asked) == 1
    assert [text in assistant.asked[0].words for text in ("Hola", "¿Hay Robótica?", "¿Cuánto sale?")] == [True] * 3


def test_newer_words_end_the_request_for_older_ones(assistant, inbox):
    assistant.script(model.hangs())
    first = receive(inbox, "Hola")
    assistant.wait_for(1)

    second = receive(inbox, "¿Hay Robótica?")
    wait_for(second)

    assistant.wait_until_open(0)
    assert assistant.asked[0].ended_at is not None
    assert states(first.conversation) == [State.SUPERSEDED, State.SHOWN]
    eventually(lambda: Completion.objects.filter(outcome="overtaken", suggestion__trigger=first).exists())
    assert Suggestion.objects.get(trigger=first).lease_until is None


def test_an_answer_of_somebody_ends_the_request(assistant, inbox, actor):
    assistant.script(model.hangs())
    message = receive(inbox)
    assistant.wait_for(1)

    send_message(conversation=Conversation.objects.get(), text="Te cuento.", client_key="1", actor=actor)

    assistant.wait_until_open(0)
    wait_for(message, State.SUPERSEDED)
    assert not Conversation.objects.get().has_suggestion


def test_what_is_discarded_while_it_is_written_is_not_written_to_its_end(assistant, inbox, actor):
    assistant.script(model.hangs())
    message = receive(inbox)
    assistant.wait_for(1)

    discard_suggestion(suggestion=Suggestion.objects.get(), actor=actor)

    assistant.wait_until_open(0)
    assert states(message.conversation) == [State.DISCARDED]


def test_a_switched_off_chat_is_not_asked_about(assistant, inbox, actor):
    assistant.script(model.hangs())
    message = receive(inbox)
    assistant.wait_for(1)

    set_assistant_mode(conversation=message.conversation, mode=AssistantMode.OFF, actor=actor)

    assistant.wait_until_open(0)
    wait_for(message, State.SUPERSEDED)
    receive(inbox, "¿Hola?")
    eventually(lambda: not Conversation.objects.filter(reply_wanted_at__isnull=False).exists())
    assert Suggestion.objects.count() == 1
    assert len(assistant.asked) == 1


@pytest.mark.parametrize("settings", [{"is_enabled": False}, {}])
def test_without_an_assistant_or_a_provider_nothing_is_proposed(assistant, inbox, settings):
    settle(**settings)
    AIProvider.objects.update(is_enabled=bool(settings))

    receive(inbox)

    eventually(lambda: not Conversation.objects.filter(reply_wanted_at__isnull=False).exists())
    assert not Suggestion.objects.exists()
    assert assistant.asked == []


def test_another_one_is_written_for_who_asks_for_it(assistant, inbox, actor):
    message = receive(inbox)
    wait_for(message)
    assistant.script(model.replies("Con gusto."))

    other = another_suggestion(conversation=message.conversation, instruction="más formal", actor=actor)

    eventually(lambda: Suggestion.objects.filter(pk=other.pk, state=State.SHOWN, text="Con gusto.").exists())
    assert states(message.conversation) == [State.SUPERSEDED, State.SHOWN]
    assert "más formal" in assistant.asked[1].words


def test_whom_somebody_waits_for_is_asked_about_first(assistant, inbox, actor):
    AIProvider.objects.update(concurrency=1)
    assistant.default = model.held(model.result("Hola."))
    names = ("Primera", "Segunda", "Tercera")
    messages = [receive(inbox, name, sender=f"549387555000{number}") for number, name in enumerate(names)]
    assistant.wait_for(1)
    for message in messages[1:]:
        wait_for(message, State.QUEUED)

    wish = another_suggestion(conversation=messages[2].conversation, instruction="", actor=actor)
    assistant.release(3)

    eventually(lambda: Suggestion.objects.filter(state=State.SHOWN).count() == 3)
    assert [next(name for name in names if name in asked.words) for asked in assistant.asked] == [
        "Primera",
        "Tercera",
        "Segunda",
    ]
    assert (wish.priority, wish.asked_by_id) == (-1, actor.user_id)


def test_a_fault_of_ours_is_told_and_not_repeated(assistant, inbox, monkeypatch):
    def broken(*args, **options):
        raise KeyError("secret words")

    monkeypatch.setattr(engine, "build_prompt", broken)

    suggestion = wait_for(receive(inbox), State.FAILED)

    assert (suggestion.failure, suggestion.attempts) == ("internal", 1)
    row = Completion.objects.get()
    assert (row.detail, row.request, row.price) == ("KeyError", None, Decimal(0))


def test_a_chat_that_cannot_be_looked_at_holds_up_nobody(assistant, inbox, monkeypatch):
    def broken(*, conversation, trigger, actor):
        if trigger.text == "Rompe":
            raise IntegrityError("secret words")
        return AssistantMode.SUGGEST

    monkeypatch.setattr(turns, "mode_for", broken)

    receive(inbox, "Rompe")
    wait_for(receive(inbox, "Hola", sender="5493875550009"))

    eventually(lambda: not Conversation.objects.filter(reply_wanted_at__isnull=False).exists())
    assert Suggestion.objects.count() == 1


@pytest.mark.django_db(transaction=False)
def test_looking_for_nothing_costs_a_few_queries(django_assert_num_queries):
    engine._look([])
    with django_assert_num_queries(4):
        assert engine._look([]) == ([], set(), False)
    with django_assert_num_queries(3):
        assert engine._pause() is None


def test_the_text_grows_while_it_is_written(assistant, inbox):
    words = "Robótica empieza el lunes siete a las dieciocho en la sede de siempre."
    assistant.script(model.replies(words, piece_seconds=0.02))
    message = receive(inbox)
    seen = set()

    def look():
        seen.add(Suggestion.objects.filter(trigger=message).values_list("text", flat=True).first() or "")
        return Suggestion.objects.filter(trigger=message, state=State.SHOWN).exists()

    eventually(look)

    assert len(seen - {"", words}) > 3
    assert all(words.startswith(text) for text in seen)


def test_no_connection_and_no_lock_is_held_while_a_model_is_waited_for(model_server, inbox, actor):
    ask_at(model_server)
    model_server.script(model.hangs_after_headers())
    message = receive(inbox)
    before = _backends()
    with engine_only():  # no worker: it has connections of its own
        suggest_reply()
        model_server.wait_for(1)

        eventually(lambda: _backends() == before, what="no connection more than before")
        assert Suggestion.objects.get(trigger=message).state == State.GENERATING
        with transaction.atomic():
            assert Conversation.objects.select_for_update(nowait=True).count() == 1
            assert AIProvider.objects.select_for_update(nowait=True).count() == 1
        send_message(conversation=message.conversation, text="Hola.", client_key="1", actor=actor)


def _backends():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]
