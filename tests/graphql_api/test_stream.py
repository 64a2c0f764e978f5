"""What is proposed, followed over a real socket while it is written."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actions import set_access
from apps.accounts.models import User
from apps.assistant.actions.announce import announce, announce_growth
from apps.assistant.models import Suggestion
from apps.conversations.models import Conversation, Message
from apps.core import live
from apps.core.actors import SYSTEM, Role
from graphql_api.ids import to_id
from tests.assistant.proposing import propose
from tests.factories import make_token, make_user, receive
from tests.graphql_api.clients import Socket, opened
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import EVENTS, STREAM
from tests.waiting import eventually

State = Suggestion.State


@pytest.fixture
def token(house: House) -> str:
    return make_token(make_user(Role.OPERATOR, (house.here,)))


def begin(conversation: Conversation, text: str = "") -> Suggestion:
    """Let something be written."""
    message = Message.objects.select_related("conversation__inbox").filter(conversation=conversation).latest("pk")
    leased = {"lease_token": uuid.uuid4(), "lease_until": timezone.now()}
    suggestion: Suggestion = propose(message, text, state=State.GENERATING, **leased)
    announce(suggestion)
    return suggestion


def write(suggestion: Suggestion, text: str, state: State = State.GENERATING) -> None:
    """Let it go on, and tell."""
    Suggestion.objects.filter(pk=suggestion.pk).update(text=text, state=state)
    is_text = state == State.GENERATING
    if is_text:
        announce_growth([suggestion])
    else:
        announce(suggestion)


def follow(socket: Socket, conversation: int) -> None:
    """Follow a conversation, and wait until the server does."""
    feeds = sum(len(reader.feeds) for reader in list(live._readers.values()))
    socket.subscribe(STREAM, {"conversationId": to_id("Conversation", conversation)})
    eventually(
        lambda: sum(len(reader.feeds) for reader in list(live._readers.values())) > feeds, what="the subscription"
    )


def step(suggestion: Suggestion, state: str, delta: str, text: str) -> dict[str, Any]:
    return {"suggestionId": to_id("Suggestion", suggestion.pk), "state": state, "delta": delta, "text": text}


def code(socket: Socket) -> str:
    answer = socket.hear()
    errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
    return str(errors[0]["extensions"]["code"])


def test_what_is_there_comes_first_and_then_what_it_grows_by(server: str, house: House, token: str):
    suggestion = begin(house.ours, "El curso")
    with opened(server, token) as socket:
        follow(socket, house.ours.pk)
        heard = [socket.next_step()]
        for text, state in [
            ("El curso empieza", State.GENERATING),
            ("Empieza el lunes", State.GENERATING),
            ("Empieza el lunes.", State.SHOWN),
        ]:
            write(suggestion, text, state)
            heard.append(socket.next_step())

    assert heard == [
        step(suggestion, "GENERATING", "El curso", "El curso"),
        step(suggestion, "GENERATING", " empieza", "El curso empieza"),
        step(suggestion, "GENERATING", "Empieza el lunes", "Empieza el lunes"),
        step(suggestion, "SHOWN", ".", "Empieza el lunes."),
    ]


def test_it_goes_on_with_the_next_suggestion_and_tells_how_the_last_one_ended(server: str, house: House, token: str):
    with opened(server, token) as socket:
        follow(socket, house.ours.pk)
        first = begin(house.ours, "Uno")
        heard = [socket.next_step()]
        write(first, "Uno", State.SUPERSEDED)
        heard.append(socket.next_step())
        second = begin(house.ours, "Dos")
        heard.append(socket.next_step())

    assert heard == [
        step(first, "GENERATING", "Uno", "Uno"),
        step(first, "SUPERSEDED", "", "Uno"),
        step(second, "GENERATING", "Dos", "Dos"),
    ]


def test_another_chat_is_silent(server: str, house: House, token: str):
    other = receive(house.ours.inbox, "otra", sender="5493875550303").conversation
    with opened(server, token) as socket:
        follow(socket, house.ours.pk)
        begin(other, "nada")
        ours = begin(house.ours, "esto sí")
        assert socket.next_step() == step(ours, "GENERATING", "esto sí", "esto sí")


def test_hidden_and_missing_conversations_are_not_found(server: str, house: House, token: str):
    begin(house.theirs, "nada para vos")
    with opened(server, token) as socket:
        for conversation in (house.theirs.pk, 10**9):
            socket.subscribe(STREAM, {"conversationId": to_id("Conversation", conversation)})
            assert code(socket) == "NOT_FOUND"
            assert socket.hear()["type"] == "complete"
        socket.subscribe(STREAM, {"conversationId": to_id("Message", house.ours.pk)})
        assert code(socket) == "BAD_USER_INPUT"


def test_whoever_moves_away_hears_nothing_more(server: str, house: House, token: str):
    suggestion = begin(house.ours, "El curso")
    with opened(server, token) as socket:
        follow(socket, house.ours.pk)
        socket.next_step()
        user = User.objects.get()
        set_access(user=user, role=Role.OPERATOR, is_active=True, branches=[house.elsewhere], actor=SYSTEM)
        write(suggestion, "El curso empieza")
        assert code(socket) == "NOT_FOUND"


def test_a_token_without_the_scope_hears_nothing(server: str, house: House):
    token = make_token(make_user(Role.OPERATOR, (house.here,)), "people:read")
    with opened(server, token) as socket:
        socket.subscribe(STREAM, {"conversationId": to_id("Conversation", house.ours.pk)})
        assert code(socket) == "PERMISSION"


def test_a_screen_that_fell_behind_reads_what_is_there(server: str, house: House, token: str):
    suggestion = begin(house.ours, "El curso")
    with opened(server, token) as socket:
        follow(socket, house.ours.pk)
        socket.next_step()
        for reader in list(live._readers.values()):
            for feed in list(reader.feeds):
                reader._loop.call_soon_threadsafe(feed.push, None)
        write(suggestion, "El curso empieza")
        assert socket.next_step() == step(suggestion, "GENERATING", " empieza", "El curso empieza")


def test_events_tell_of_changes_and_not_of_every_word(server: str, house: House, token: str):
    with opened(server, token) as socket:
        feeds = sum(len(reader.feeds) for reader in list(live._readers.values()))
        socket.subscribe(EVENTS)
        eventually(
            lambda: sum(len(reader.feeds) for reader in list(live._readers.values())) > feeds, what="the subscription"
        )
        suggestion = begin(house.ours, "Uno")
        assert socket.next_event()["kind"] == "SUGGESTION_CHANGED"
        write(suggestion, "Uno, dos")
        message = receive(house.ours.inbox, "¿Y?")
        event = socket.next_event()

    assert (event["kind"], event["messageId"]) == ("MESSAGE_ADDED", to_id("Message", message.pk))
