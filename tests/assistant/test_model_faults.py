"""A model limits, breaks, hangs, refuses or talks nonsense: the next one is asked, or somebody reads why not."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from apps.assistant.actions import claims
from apps.assistant.actions.decisions import another_suggestion
from apps.assistant.models import AIProvider, Completion, Suggestion
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import Role
from apps.core.models import SiteSettings
from tests.assistant import model_behaviour as model
from tests.assistant.rig import ask_at, outcomes_of, settle, wait_for
from tests.factories import make_actor, make_inbox, receive
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
State = Suggestion.State

FAULTS = {
    "limited": (model.limited("120"), "limited"),
    "fault": (model.fails(500), "fault"),
    "reset": (model.resets(), "unreachable"),
    "break": (model.breaks_off(), "broken_off"),
    "html": (model.html(), "unreadable"),
    "broken json": (model.broken_json(), "unreadable"),
    "refuses": (model.refuses(), "refused"),
    "empty": (model.empty(), "empty"),
    "key": (model.fails(401), "unauthorized"),
    "no model": (model.fails(404), "no_model"),
}


@pytest.fixture
def inbox(db):
    return make_inbox()


def test_the_next_one_is_asked(assistant, inbox):
    ask_at(assistant, "Otra", model="m-2", priority=20)
    became = {}
    for number, (fault, (behaviour, _)) in enumerate(FAULTS.items()):
        AIProvider.objects.update(resting_until=None)
        assistant.choose = lambda asked, behaviour=behaviour: behaviour if asked.model == "m-1" else None
        suggestion = wait_for(receive(inbox, sender=f"549387555000{number}"))
        assert (suggestion.failure, str(suggestion.provider)) == ("", "Otra")
        became[fault] = outcomes_of(suggestion)

    assert became == {fault: [("Modelos", outcome), ("Otra", "ok")] for fault, (_, outcome) in FAULTS.items()}


def test_who_reads_the_chat_is_told_why_there_is_nothing(assistant, inbox):
    became = {}
    for number, (fault, (behaviour, _)) in enumerate(FAULTS.items()):
        AIProvider.objects.update(resting_until=None)
        assistant.default = behaviour
        suggestion = wait_for(receive(inbox, sender=f"549387555000{number}"), State.FAILED)
        assert (suggestion.text, suggestion.conversation.has_suggestion) == ("", False)
        became[fault] = (suggestion.failure, outcomes_of(suggestion))

    assert became == {fault: (outcome, [("Modelos", outcome)]) for fault, (_, outcome) in FAULTS.items()}


def test_who_hangs_is_given_up_sooner_while_somebody_else_can_be_asked(assistant, inbox, monkeypatch):
    monkeypatch.setattr(claims, "FIRST_TEXT_SECONDS", 0.2)
    ask_at(assistant, "Otra", model="m-2", priority=20)
    assistant.choose = lambda asked: model.hangs() if asked.model == "m-1" else None

    suggestion = wait_for(receive(inbox))

    assert outcomes_of(suggestion) == [("Modelos", "too_slow"), ("Otra", "ok")]
    assistant.wait_until_open(0)


def test_all_requests_together_have_one_deadline(assistant, inbox, monkeypatch):
    settle(deadline_seconds=2)
    monkeypatch.setattr(claims, "FIRST_TEXT_SECONDS", 1.5)
    ask_at(assistant, "Otra", model="m-2", priority=20)
    ask_at(assistant, "Tercera", model="m-3", priority=30)
    assistant.default = model.hangs_after_headers()

    suggestion = wait_for(receive(inbox), State.FAILED)

    assert suggestion.failure == "too_slow"
    assert outcomes_of(suggestion) == [("Modelos", "too_slow")]  # what is left after it is too short for another
    assert suggestion.started_at is not None
    assert suggestion.finished_at is not None
    assert suggestion.finished_at - suggestion.started_at < timedelta(seconds=3)


def test_who_failed_rests_longer_each_time_until_it_answers(assistant, inbox):
    assistant.default = model.fails(500)
    rests = []
    for number in range(3):
        AIProvider.objects.update(resting_until=None)
        wait_for(receive(inbox, sender=f"549387555000{number}"), State.FAILED)
        until = AIProvider.objects.get().resting_until or timezone.now()
        rests.append(round((until - timezone.now()).total_seconds()))
    assert rests == [5, 10, 20]

    AIProvider.objects.update(resting_until=None)
    assistant.default = model.replies("Hola.")
    wait_for(receive(inbox, sender="5493875550009"))

    provider = AIProvider.objects.get()
    assert (provider.failures, provider.resting_until, provider.last_failure) == (0, None, "fault")


def test_who_rests_is_not_asked(assistant, inbox):
    ask_at(assistant, "Otra", model="m-2", priority=20)
    AIProvider.objects.filter(name="Modelos").update(resting_until=Now() + timedelta(minutes=5))

    assert outcomes_of(wait_for(receive(inbox))) == [("Otra", "ok")]


def test_a_short_rest_is_waited_for_and_a_long_one_is_not(assistant, inbox):
    AIProvider.objects.update(resting_until=Now() + timedelta(seconds=0.4))
    assert outcomes_of(wait_for(receive(inbox))) == [("Modelos", "ok")]

    AIProvider.objects.update(resting_until=Now() + timedelta(minutes=5))
    suggestion = wait_for(receive(inbox, sender="5493875550009"), State.FAILED)
    assert (suggestion.failure, outcomes_of(suggestion)) == ("resting", [])


def test_who_wants_another_one_does_not_wait_for_a_rest(assistant, inbox):
    AIProvider.objects.update(resting_until=Now() + timedelta(minutes=5))
    message = receive(inbox)
    wait_for(message, State.FAILED)
    operator = make_actor(Role.OPERATOR, (inbox.branch,))

    another_suggestion(conversation=message.conversation, instruction="", actor=operator)

    assert outcomes_of(wait_for(message)) == [("Modelos", "ok")]


def test_who_limits_is_asked_again_when_it_says(assistant, inbox):
    assistant.script(model.limited("0.3"))

    suggestion = wait_for(receive(inbox))

    assert outcomes_of(suggestion) == [("Modelos", "limited"), ("Modelos", "ok")]


@pytest.mark.parametrize("where", ["provider", "inbox"])
def test_what_may_be_spent_in_a_day_is_not_exceeded(assistant, inbox, where):
    AIProvider.objects.update(price_input=1, price_output=1, daily_budget="0.01" if where == "provider" else None)
    settle(inbox_daily_budget="0.01" if where == "inbox" else None, context_tokens=1000)
    first = wait_for(receive(inbox))
    # what a request may cost at most does not fit any more: 1000 tokens read and 600 written
    spent = "0.0085" if where == "provider" else "0.0084"
    Completion.objects.create(
        suggestion=first,
        conversation=first.conversation,
        inbox=first.inbox,
        attempt=1,
        provider_id=AIProvider.objects.get().pk,
        outcome="ok",
        price=spent,
    )

    suggestion = wait_for(receive(inbox, sender="5493875550009"), State.FAILED)

    assert suggestion.failure == "budget"
    assert len(assistant.asked) == 1
    if where == "inbox":
        wait_for(receive(make_inbox(), sender="5493875550010"))


def test_what_is_under_way_counts_as_spent_until_it_is_over(assistant, inbox):
    AIProvider.objects.update(price_input=1, price_output=1, daily_budget="0.0020")
    settle(context_tokens=1000)
    assistant.default = model.held()
    first, second = (receive(inbox, sender=f"549387555000{number}") for number in range(2))
    assistant.wait_for(1)
    wait_for(second, State.QUEUED)

    assistant.release(2)

    wait_for(first)
    eventually(lambda: Suggestion.objects.filter(trigger=second, state__in=[State.SHOWN, State.FAILED]).exists())
    assert assistant.most_open == 1


def test_people_send_while_every_model_hangs(assistant, inbox):
    assistant.default = model.hangs()
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    for number in range(5):
        receive(inbox, sender=f"549387555000{number}")
    assistant.wait_for(5)

    for conversation in Conversation.objects.all():
        send_message(conversation=conversation, text="Hola.", client_key=str(conversation.pk), actor=actor)

    assistant.wait_until_open(0)
    assert Message.objects.filter(direction="out").count() == 5


def test_a_broken_answer_leaves_once(assistant, inbox):
    SiteSettings.objects.update_or_create(defaults={"auto_reply": True})
    ask_at(assistant, "Otra", model="m-2", priority=20)
    assistant.choose = lambda asked: model.breaks_off() if asked.model == "m-1" else None

    suggestion = wait_for(receive(inbox), State.SENT)

    assert Message.objects.get(direction="out").pk == suggestion.message_id
