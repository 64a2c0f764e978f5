"""Our messages leave through real sockets: every trouble of the wire, every death of a worker."""

import time
from dataclasses import replace
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from apps.conversations import tasks
from apps.conversations.actions import deliver
from apps.conversations.actions.send import send_message
from apps.conversations.models import Message, SendAttempt
from apps.conversations.tasks import deliver_messages, sweep
from apps.core.actors import SYSTEM
from apps.core.jobs import only_one
from providers import http
from tests.conversations.sending import claim, one, pass_time, say, state, wait_seconds
from tests.crowd import crowd
from tests.factories import make_account, make_conversation, make_inbox, receive
from tests.providers import graph_behaviour as does
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


@committed
@pytest.mark.parametrize(
    ("_case", "behaviour", "expected"),
    [
        ("throttled", does.throttled(retry_after=40), "waiting"),
        ("refused for now", does.graph_error(131016, http_status=503), "waiting"),
        ("the person", does.graph_error(131026), "rejected"),
        ("the window", does.graph_error(131047), "window_closed"),
        ("the token", does.graph_error(190, http_status=401), "needs_auth"),
        ("anything", does.graph_error(131000, http_status=500), "uncertain"),
        ("a page of somebody", does.html(502), "uncertain"),
        ("a reset", does.reset(), "uncertain"),
        ("no answer", does.closed(), "uncertain"),
        ("half an answer", does.truncated(), "uncertain"),
        ("no id", does.without_id(), "uncertain"),
    ],
)
def test_each_trouble_costs_one_call_and_ends_as_its_class_says(_case, behaviour, expected, graph):
    message = one(make_inbox())
    graph.script(behaviour)
    deliver_messages()
    sweep()
    deliver_messages()
    assert (state(message)[0], len(graph.received)) == (expected, 1)
    if _case == "throttled":
        assert wait_seconds(message) > 38


@committed
def test_a_provider_nobody_listens_at_is_tried_again(graph, settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:1"
    message = one(make_inbox())
    deliver_messages()
    assert (state(message)[0], message.error_code) == ("waiting", "connection_refused")
    settings.META_GRAPH_URL = graph.url
    pass_time(message, hours=1)
    deliver_messages()
    assert (state(message)[0], len(graph.received)) == ("accepted", 1)


@committed
def test_four_workers_send_each_message_once_and_in_order(graph):
    inbox = make_inbox()
    chats = [make_conversation(inbox, sender=f"54938755502{number:02}") for number in range(8)]
    for chat in chats:
        say(chat, *"12345")
    with crowd(4) as together:
        until = time.monotonic() + 20
        for _ in range(5):
            together.at_once(*[lambda: tasks.dispatch(until=until)] * 4)
    assert len(graph.received) == 40
    for chat in chats:
        number = "+" + chat.identity.address
        assert [item.text for item in graph.received if item.body["to"] == number] == list("12345")
    assert set(Message.objects.filter(direction="out").values_list("dispatch", flat=True)) == {"accepted"}


@committed
def test_a_provider_that_hangs_stops_nobody_else(graph, monkeypatch):
    monkeypatch.setattr(tasks, "HttpClient", partial(http.HttpClient, total_seconds=2.0))
    hanging, well = make_inbox(), make_inbox(make_account())
    graph.choose = lambda body: does.hanging(delivers=False) if body["text"]["body"] == "hang" else None
    [stuck] = say(make_conversation(hanging), "hang")
    with crowd(1) as worker:
        sending = worker._pool.submit(deliver_messages)
        graph.wait_for(1)
        messages = [say(make_conversation(well, sender=f"5493875550{number:03}"), "Sí")[0] for number in range(3)]
        eventually(lambda: {state(message)[0] for message in messages} == {"accepted"})
        assert state(stuck)[0] == "sending"
        assert deliver_messages() == "another worker does it"  # and this one is free for what comes in
        sending.result(10)
    assert state(stuck)[0] == "uncertain"


@committed
def test_a_second_worker_helps_when_one_does_not_keep_up(graph):
    message = one(make_inbox())
    with only_one(tasks.DELIVERY), crowd(1) as worker:
        assert worker.at_once(deliver_messages) == ["another worker does it"]
        pass_time(message, seconds=tasks.BEHIND_SECONDS + 1)
        assert worker.at_once(deliver_messages) == ["1 handed over"]
    assert state(message)[0] == "accepted"


@committed
def test_a_fault_of_ours_makes_its_message_uncertain_and_no_other(graph, monkeypatch, caplog):
    inbox = make_inbox()
    messages = say(make_conversation(inbox), "fault") + [one(inbox) for _ in range(3)]
    from providers.whatsapp import outbound

    original = outbound.build

    def build(message, capabilities):
        if message.content.body == "fault":
            raise TypeError(message.content.body)
        return original(message, capabilities)

    monkeypatch.setattr(outbound, "build", build)
    deliver_messages()
    assert [state(message)[0] for message in messages] == ["uncertain", "accepted", "accepted", "accepted"]
    assert "send.fault" in caplog.text


@committed
def test_an_account_nobody_can_open_waits_and_stops_no_other(graph):
    closed, well = make_inbox(), make_inbox(make_account())
    stuck, fine = one(closed), one(well)
    with connection.cursor() as sql:
        sql.execute("UPDATE inboxes_provideraccount SET credentials = 'x' WHERE id = %s", [closed.account_id])
    deliver_messages()
    assert (state(stuck)[0], state(fine)[0]) == ("needs_auth", "accepted")
    assert SendAttempt.objects.get(message=stuck).write_started_at is None
    closed.account.refresh_from_db()
    assert (closed.account.state, closed.account.state_reason) == ("needs_auth", "unusable_credentials")


@committed
def test_a_process_that_slept_after_its_permit_does_not_write(graph, monkeypatch):
    message = one(make_inbox())
    original = deliver.permit

    def permit_and_sleep(**told):
        permitted = original(**told)
        monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 100)
        return permitted

    monkeypatch.setattr(deliver, "permit", permit_and_sleep)
    tasks.dispatch(until=time.monotonic() + 10)
    assert graph.received == []
    assert (state(message)[0], message.error_code) == ("waiting", "permit_expired")


@committed
def test_a_database_that_is_away_between_send_and_record_costs_no_outcome(graph, database_proxy, caplog):
    message = one(make_inbox())
    graph.choose = lambda body: database_proxy.cut()  # before the answer
    with crowd(1) as worker:
        sending = worker._pool.submit(tasks.dispatch, until=time.monotonic() + 20)
        eventually(lambda: "send.outcome_waits" in caplog.text, what="the worker to notice")
        database_proxy.mend()
        assert sending.result(20) == 1
    assert (state(message), len(graph.received)) == (("accepted", "sent"), 1)


@committed
def test_nothing_of_a_message_reaches_logs_attempts_or_exceptions(graph, caplog):
    caplog.set_level("DEBUG")
    text, number = "canary of the text", "5493875550177"
    troubles = [
        does.graph_error(131026, message=f"Failed for +{number}: {text}"),
        does.graph_error(190, http_status=401),
        does.html(502),
        does.reset(),
        does.truncated(),
        does.without_id(),
    ]
    for trouble in troubles:
        inbox = make_inbox(make_account())
        say(make_conversation(inbox, sender=number, name="canary of the name"), text)
        graph.script(trouble)
        deliver_messages()
    assert len(graph.received) == len(troubles)
    written = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    kept = f"{list(SendAttempt.objects.values())}{list(Message.objects.values_list('error_code', 'error_text'))}"
    for canary in (text, number, "canary of the name", "access-token-of-tests"):
        assert canary not in written + kept


@committed
def test_a_worker_killed_in_the_middle_leaves_it_flagged_and_never_sent_again(graph, tmp_path):
    import os
    import signal
    import subprocess
    import sys

    message = one(make_inbox())
    graph.script(does.hanging())
    script = "import django; django.setup(); from apps.conversations.tasks import deliver_messages; deliver_messages()"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"],
        "META_GRAPH_URL": graph.url,
    }
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as killed:
        graph.wait_for(1, seconds=30)
        killed.send_signal(signal.SIGKILL)
    assert state(message) == ("sending", "sending")
    pass_time(message, seconds=121)
    sweep()
    deliver_messages()
    assert (state(message), len(graph.received)) == (("uncertain", "uncertain"), 1)
    # its provider tells of it later, by our token
    from apps.conversations.actions.statuses import apply_statuses
    from providers.types import DeliveryStatus, StatusUpdate

    told = StatusUpdate(
        path="",
        inbox_address="",
        provider_message_id=graph.received[0].message_id,
        status=DeliveryStatus.DELIVERED,
        callback_data=graph.received[0].callback_data,
    )
    apply_statuses(inbox=message.inbox, updates=[told], received_at=timezone.now(), actor=SYSTEM)
    assert state(message) == ("accepted", "delivered")


def test_a_claim_of_many_costs_few_statements(inbox, django_assert_max_num_queries):
    for number in range(20):
        say(make_conversation(inbox, sender=f"54938755502{number:02}"), "Sí")
    with django_assert_max_num_queries(26):  # of them one for the feed of each message
        assert len(claim()) == 20


def test_what_is_sent_carries_no_more_than_it_must(inbox):
    quoted = receive(inbox, "¿Hay lugar?", message_id="wamid.in")
    send_message(conversation=quoted.conversation, text="Sí", client_key="k", actor=SYSTEM, reply_to=quoted)
    [claimed] = claim()
    outbound = claimed.outbound()
    assert (outbound.reply_to, outbound.callback_data) == ("wamid.in", str(claimed.token))
    assert replace(outbound, callback_data="").content.body == "Sí"
