"""What other applications decide about what is proposed."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.assistant.models import Suggestion
from apps.conversations.models import Conversation, Message
from apps.core.actors import Role, Scope
from graphql_api.ids import to_id
from tests.assistant.proposing import ANSWER, propose
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import ACCEPT, ANOTHER, ASSISTANT, DISCARD, RATE, RESUME, SET_MODE

type MakeApplication = Callable[..., Application]

MISSING = 10**9


@pytest.fixture
def proposed(house: House) -> Suggestion:
    return proposed_in(house.ours)


def proposed_in(conversation: Conversation) -> Suggestion:
    found: Suggestion = propose(Message.objects.select_related("conversation__inbox").get(conversation=conversation))
    return found


def ids(suggestion: Suggestion) -> dict[str, str]:
    return {"suggestionId": to_id("Suggestion", suggestion.pk)}


def refusal(payload: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    assert payload["__typename"] == "OperationInfo"
    return [(message["kind"], message["field"], message["code"]) for message in payload["messages"]]


def sent() -> list[str]:
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def test_what_is_proposed_is_sent(proposed: Suggestion, application: MakeApplication):
    given = {**ids(proposed), "text": ANSWER, "clientKey": "k"}
    writer = application()

    answers = [writer.ask(ACCEPT, input=given)["acceptSuggestion"] for _ in range(2)]

    message = Message.objects.get(direction="out")
    assert answers[0] == answers[1]
    assert answers[0] == {
        "__typename": "Suggestion",
        "id": to_id("Suggestion", proposed.pk),
        "state": "ACCEPTED",
        "sentText": ANSWER,
        "message": {"id": to_id("Message", message.pk), "text": ANSWER, "status": "QUEUED", "sender": "API"},
    }


@pytest.mark.parametrize(
    ("_case", "told", "state", "text"),
    [("nothing said", {}, "ACCEPTED", ANSWER), ("other words", {"text": "El martes."}, "EDITED", "El martes.")],
)
def test_words_may_be_left_out_or_changed(
    proposed: Suggestion, application: MakeApplication, _case: str, told: dict[str, str], state: str, text: str
):
    answer = application().ask(ACCEPT, input={**ids(proposed), **told, "clientKey": "k"})["acceptSuggestion"]

    assert (answer["state"], answer["sentText"], sent()) == (state, text, [text])


def test_another_application_is_told_that_it_was_late(proposed: Suggestion, application: MakeApplication):
    given = {**ids(proposed), "text": ANSWER}
    application().ask(ACCEPT, input={**given, "clientKey": "k"})

    answer = application().ask(ACCEPT, input={**given, "clientKey": "k"})["acceptSuggestion"]

    assert refusal(answer) == [("VALIDATION", None, "already_decided")]
    assert sent() == [ANSWER]


def test_what_is_proposed_is_dropped(house: House, proposed: Suggestion, application: MakeApplication):
    writer = application()

    assert writer.ask(DISCARD, input=ids(proposed))["discardSuggestion"] == {
        "__typename": "Suggestion",
        "id": to_id("Suggestion", proposed.pk),
        "state": "DISCARDED",
    }
    assert writer.ask(ASSISTANT, id=to_id("Conversation", house.ours.pk))["conversation"]["suggestion"] is None


def test_another_one_is_asked_for(house: House, proposed: Suggestion, application: MakeApplication):
    given = {"conversationId": to_id("Conversation", house.ours.pk), "instruction": "más corto"}

    answer = application().ask(ANOTHER, input=given)["anotherSuggestion"]

    other = Suggestion.objects.latest("pk")
    proposed.refresh_from_db()
    assert (other.pk > proposed.pk, proposed.state) == (True, "superseded")
    assert answer == {
        "__typename": "Suggestion",
        "id": to_id("Suggestion", other.pk),
        "state": "QUEUED",
        "instruction": "más corto",
    }


def test_what_is_proposed_is_rated(proposed: Suggestion, application: MakeApplication):
    writer = application()

    rated = writer.ask(RATE, input={**ids(proposed), "rating": 5, "feedback": "justo"})["rateSuggestion"]
    wrong = writer.ask(RATE, input={**ids(proposed), "rating": 6})["rateSuggestion"]

    assert rated == {
        "__typename": "Suggestion",
        "id": to_id("Suggestion", proposed.pk),
        "rating": 5,
        "feedback": "justo",
    }
    assert refusal(wrong) == [("VALIDATION", "rating", "bad_rating")]
    proposed.refresh_from_db()
    assert (proposed.rating, proposed.feedback) == (5, "justo")


def every_deed(suggestion: int, conversation: int) -> list[tuple[str, str, set[str], dict[str, Any]]]:
    """Return each mutation of the assistant: its document, its name, the scopes it needs, and what it is given."""
    about = {"suggestionId": to_id("Suggestion", suggestion)}
    here = {"conversationId": to_id("Conversation", conversation)}
    read, write, send = Scope.CONVERSATIONS_READ, Scope.CONVERSATIONS_WRITE, Scope.MESSAGES_SEND
    return [
        (ACCEPT, "acceptSuggestion", {read, send}, {**about, "text": "x", "clientKey": "k"}),
        (ANOTHER, "anotherSuggestion", {read, send, write}, here),
        (DISCARD, "discardSuggestion", {read, write}, about),
        (RATE, "rateSuggestion", {read, write}, {**about, "rating": 1}),
        (SET_MODE, "setAssistantMode", {read, write}, {**here, "mode": "AUTO"}),
        (RESUME, "resumeAssistant", {read, write}, here),
    ]


def picture(suggestion: Suggestion) -> tuple[object, ...]:
    """Return everything a mutation could have changed."""
    suggestion.refresh_from_db()
    suggestion.conversation.refresh_from_db()
    mode = suggestion.conversation.assistant_mode
    return suggestion.state, suggestion.rating, mode, Suggestion.objects.count(), sent()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR])
def test_what_is_hidden_and_what_is_missing_are_the_same_answer(house: House, application: MakeApplication, role: Role):
    theirs = proposed_in(house.theirs)
    before = picture(theirs)
    writer = application(role)

    hidden = [writer.ask(doc, input=given)[name] for doc, name, _, given in every_deed(theirs.pk, house.theirs.pk)]
    missing = [writer.ask(doc, input=given)[name] for doc, name, _, given in every_deed(MISSING, MISSING)]

    told = ("PERMISSION", None, "permission_denied") if role == Role.VIEWER else ("ERROR", None, "not_found")
    assert hidden == missing
    assert [refusal(answer) for answer in hidden] == [[told]] * 6
    assert picture(theirs) == before


@pytest.mark.parametrize("place", range(6))
def test_a_token_needs_every_scope(house: House, proposed: Suggestion, application: MakeApplication, place: int):
    document, name, scopes, given = every_deed(proposed.pk, house.ours.pk)[place]
    before = picture(proposed)

    for missing in scopes:
        others = sorted(set(Scope) - {missing})
        answer = application(Role.ADMINISTRATOR, *others).ask(document, input=given)[name]
        assert refusal(answer) == [("PERMISSION", None, "permission_denied")]
    assert picture(proposed) == before
    answer = application(Role.OPERATOR, *sorted(scopes)).ask(document, input=given)[name]
    assert answer["__typename"] in {"Suggestion", "Conversation"}
