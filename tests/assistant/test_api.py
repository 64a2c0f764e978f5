"""The promised documents of the assistant, with everything that runs: a model, the engine, a worker, a socket."""

from apps.assistant.actions.defaults import ensure_defaults
from apps.conversations.models import Message
from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import Inbox
from graphql_api.ids import to_id
from tests.assistant.model_behaviour import replies
from tests.assistant.model_server import ModelServer
from tests.assistant.rig import wait_for
from tests.factories import make_inbox, make_token, make_user, receive
from tests.graphql_api.clients import Application, opened
from tests.graphql_api.documents import ACCEPT, ANOTHER, ASSISTANT, RATE, STREAM
from tests.waiting import eventually

ANSWER = "Empieza el lunes 7 a las 18, y quedan cuatro lugares."


def talk() -> tuple[Inbox, str, str]:
    """Begin a conversation that waits for nothing; return its inbox, its id, and a token for it."""
    inbox = make_inbox()
    first = receive(inbox, "Hola")
    wait_for(first)
    return inbox, to_id("Conversation", first.conversation_id), make_token(make_user(Role.OPERATOR, (inbox.branch,)))


def test_a_question_is_streamed_answered_with_other_words_and_rated(server: str, assistant: ModelServer):
    ensure_defaults(actor=SYSTEM)
    inbox, chat, token = talk()
    assistant.default = replies(ANSWER, pauses_after=(6, 9))

    with opened(server, token) as socket:
        socket.subscribe(STREAM, {"conversationId": chat})
        receive(inbox, "¿Cuándo empieza Robótica?")
        steps = [socket.next_step()]
        for words in ("Empieza el lunes", "Empieza el lunes 7 a las"):
            while steps[-1]["text"] != words:
                steps.append(socket.next_step())
            assistant.release()
        while (steps[-1]["state"], steps[-1]["text"]) != ("SHOWN", ANSWER):
            steps.append(socket.next_step())
    writer = Application(token)
    told = writer.ask(ASSISTANT, id=chat)["conversation"]
    about = {"suggestionId": told["suggestion"]["id"]}
    sent = writer.ask(ACCEPT, input={**about, "text": "El lunes a las 18.", "clientKey": "k"})["acceptSuggestion"]
    rated = writer.ask(RATE, input={**about, "rating": 4, "feedback": "corto"})["rateSuggestion"]

    ours = [step for step in steps if step["suggestionId"] == told["suggestion"]["id"]]
    assert "".join(step["delta"] for step in ours) == ours[-1]["text"] == ANSWER
    assert len({step["text"] for step in ours}) > 2  # it grew before their eyes
    assert told["suggestion"] == {
        "id": ours[0]["suggestionId"],
        "text": ANSWER,
        "state": "SHOWN",
        "rating": None,
        "needsHuman": False,
    }
    assert told["assistantMode"] == "SUGGEST"
    assert len(told["respondent"]["values"]) > 3
    assert (sent["state"], sent["message"]["text"], sent["message"]["sender"]) == (
        "EDITED",
        "El lunes a las 18.",
        "API",
    )
    assert (rated["rating"], rated["feedback"]) == (4, "corto")
    assert [message.text for message in Message.objects.filter(direction="out")] == ["El lunes a las 18."]


def test_another_one_is_written_by_the_wish_of_whoever_asked(server: str, assistant: ModelServer):
    inbox, chat, token = talk()
    assistant.script(replies("Primera."), replies("Segunda."))
    first = wait_for(receive(inbox, "¿Y los sábados?"))
    writer = Application(token)

    asked = writer.ask(ANOTHER, input={"conversationId": chat, "instruction": "en una línea"})["anotherSuggestion"]

    eventually(
        lambda: writer.ask(ASSISTANT, id=chat)["conversation"]["suggestion"]["state"] == "SHOWN", what="the other one"
    )
    proposed = writer.ask(ASSISTANT, id=chat)["conversation"]["suggestion"]
    assert (proposed["id"], proposed["text"]) == (asked["id"], "Segunda.")
    assert asked["id"] != to_id("Suggestion", first.pk)
    assert "en una línea" in assistant.asked[-1].words
