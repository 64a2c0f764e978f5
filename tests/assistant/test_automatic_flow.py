"""A person writes, a model answers, and the answer leaves by itself: once, or not at all."""

import threading
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.assistant import engine
from apps.assistant.actions.automatic import answer_if_allowed
from apps.assistant.models import Suggestion
from apps.assistant.models.settings import HANDOFF_MESSAGE, NOTICE
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import AssistantMode
from tests.assistant.model_behaviour import fails, held, replies, result
from tests.assistant.proposing import ANSWER, propose
from tests.assistant.rig import ask_at, settle, wait_for
from tests.conversations.arriving import echo
from tests.crowd import crowd
from tests.factories import APP_SECRET, make_actor, make_inbox, receive
from tests.providers.graph_server import GraphServer
from tests.providers.meta_webhooks import WebhookSender, text_message
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = f"{ANSWER}\n\n{NOTICE}"


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(assistant_mode=AssistantMode.AUTO)


@pytest.fixture
def graph(settings, transactional_db):
    with GraphServer() as running:
        settings.META_GRAPH_URL = running.url
        yield running


def left(graph):
    """Return what arrived at WhatsApp."""
    return [sent.body["text"]["body"] for sent in graph.received if "text" in sent.body]


def states():
    return list(Suggestion.objects.order_by("pk").values_list("state", flat=True))


def is_over():
    """Tell whether nothing is asked or waited for any more: first the wishes, for they become suggestions."""
    is_wanted = Conversation.objects.filter(reply_wanted_at__isnull=False).exists()
    return not is_wanted and not Suggestion.objects.filter(state__in=["queued", "generating"]).exists()


def test_a_webhook_is_answered_once(inbox, server, graph, assistant, worker):
    assistant.default = replies(ANSWER)
    meta = WebhookSender(url=server + inbox.account.webhook_path, app_secret=APP_SECRET, phone_number_id=inbox.address)
    meta.send([meta.body(messages=[text_message("¿Cuándo empieza?", message_id="wamid.1")])], copies=3)
    eventually(lambda: left(graph) == [FIRST], what="the answer")
    eventually(lambda: Message.objects.filter(direction="out", status="sent").exists(), what="sent")
    assert (states(), left(graph), len(assistant.asked)) == (["sent"], [FIRST], 1)


def test_a_burst_gets_one_answer_to_all_of_it(inbox, graph, assistant, run_jobs):
    assistant.default = replies(ANSWER)
    assistant.script(held(result("Del primero")))
    receive(inbox, "Hola")
    assistant.wait_for(1)
    with transaction.atomic():  # what comes in one delivery is there at once
        last = [receive(inbox, words) for words in ("¿Cuándo empieza", "Robótica?")][-1]
    assistant.release()
    wait_for(last, "sent")
    eventually(is_over, what="quiet")
    run_jobs()
    assert (left(graph), set(states()[:-1])) == ([FIRST], {"superseded"})


@pytest.mark.parametrize("who", ["an operator", "the phone"])
def test_whoever_answers_meanwhile_is_the_only_one(inbox, graph, assistant, run_jobs, who):
    assistant.default = held(result(ANSWER))
    message = receive(inbox, "¿Cuándo empieza?")
    assistant.wait_for(1)
    if who == "an operator":
        actor = make_actor(Role.OPERATOR, (inbox.branch,))
        send_message(conversation=message.conversation, text="El lunes", client_key="k", actor=actor)
    else:
        echo(inbox, "El lunes", at=timezone.now(), received_at=timezone.now())
    assistant.release()
    eventually(is_over, what="quiet")
    run_jobs()
    assert (left(graph), states()) == (["El lunes"] if who == "an operator" else [], ["superseded"])
    assert Message.objects.filter(sender="assistant").count() == 0


@pytest.mark.parametrize(
    ("behaviour", "reason", "state", "told"),
    [
        (replies("No lo sé.", needs_human=True), "needs_human", "shown", [HANDOFF_MESSAGE]),
        (replies("Mirá https://evil.example/x?d=1"), "content", "shown", [HANDOFF_MESSAGE]),
        (fails(400), "", "failed", []),
    ],
)
def test_what_must_not_leave_waits_for_a_person(inbox, graph, assistant, run_jobs, behaviour, reason, state, told):
    assistant.default = behaviour
    wait_for(receive(inbox, "¿Cuándo empieza?"), state)
    run_jobs()
    assert left(graph) == told
    assert Conversation.objects.values_list("assistant_pause", "is_pending").get() == (reason, True)


def test_who_asks_for_a_person_gets_a_proposal_for_that_person_ready(inbox, graph, assistant, run_jobs):
    assistant.default = replies(ANSWER)
    suggestion = wait_for(receive(inbox, "Quiero hablar con una persona"))
    run_jobs()
    assert (left(graph), suggestion.text, suggestion.mode) == ([HANDOFF_MESSAGE], ANSWER, "suggest")


def test_two_engines_answer_each_person_once(inbox, graph, model_server, run_jobs):
    ask_at(model_server)
    model_server.default = replies(ANSWER)
    people = [receive(inbox, "¿Cuándo?", sender=f"54938755504{number:02}") for number in range(5)]
    engines = [engine.Engine(), engine.Engine()]
    for each in engines:
        each.wake()
    try:
        for message in people:
            wait_for(message, "sent")
    finally:
        for each in engines:
            each.stop()
    run_jobs()
    assert (left(graph), states(), len(model_server.asked)) == ([FIRST] * 5, ["sent"] * 5, 5)


def test_a_worker_that_dies_before_its_word_is_written_sends_nothing_twice(inbox, graph, run_jobs):
    """The answer and its sending are one commit: whoever dies before it has done neither."""
    suggestion = propose(receive(inbox), mode=AssistantMode.AUTO)
    died = threading.Event()

    def die():
        try:
            with transaction.atomic():
                assert answer_if_allowed(suggestion=suggestion, actor=SYSTEM) is True
                connection.connection.close()  # as the kernel does for a process that is killed
        finally:
            died.set()

    with crowd(1) as worker, pytest.raises(Exception, match="closed"):
        worker.at_once(die)
    assert died.is_set()
    run_jobs()
    assert (left(graph), states()) == ([], ["shown"])
    with crowd(3) as workers:
        answered = workers.at_once(*[partial(answer_if_allowed, suggestion=suggestion, actor=SYSTEM)] * 3)
    run_jobs()
    assert (sorted(answered), left(graph), states()) == ([False, False, True], [FIRST], ["sent"])


def test_two_machines_end_their_talk(inbox, graph, assistant, run_jobs):
    settle(notice="")
    assistant.speak = lambda body: result(f"Con gusto. {len(assistant.asked)}")
    said = 0
    while not Conversation.objects.filter(assistant_pause="loop").exists():
        said += 1
        assert said < 8
        receive(inbox, f"Gracias por su mensaje número {said}")
        eventually(is_over, what="quiet")
        run_jobs()
    assert left(graph) == [*(f"Con gusto. {number}" for number in range(1, said)), HANDOFF_MESSAGE]
