"""The assistant as other applications see it: what it proposes, what it is like, what it may do."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.assistant.models import AssistantSettings, Suggestion
from apps.conversations.actions.assist import pause_assistant
from apps.conversations.models import Conversation, Message, Pause
from apps.core.actors import SYSTEM, Role
from apps.core.models import SiteSettings
from apps.inboxes.models import AssistantMode, Inbox
from graphql_api.ids import to_id
from tests.assistant.proposing import ANSWER, propose
from tests.factories import make_ai_provider, make_respondent, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import ASSISTANT, ME, RESUME, SET_MODE

type MakeApplication = Callable[..., Application]

WHOLE = """query ($id: ID!) { conversation(id: $id) { suggestion { state text sentText instruction reason suggestedTags isSimulated feedback
  warnings { code message } failure { code message } trigger { text } message { id } decidedBy { name } decidedAt } } }"""  # noqa: E501
MANY = """{ conversations(first: 50) { edges { node { id assistantMode assistantPause { reason }
  respondent { values { param value } }
  suggestion { text isSimulated trigger { text sender author { name } } message { text } decidedBy { name } } } } } }"""


def asked(house: House) -> Message:
    """Return the question in our conversation."""
    return Message.objects.select_related("conversation__inbox").get(conversation=house.ours)


def told(application: Application, conversation: Conversation, document: str = ASSISTANT) -> dict[str, object]:
    found: dict[str, object] = application.ask(document, id=to_id("Conversation", conversation.pk))["conversation"]
    return found


def test_a_conversation_shows_what_is_proposed_and_who_answers(house: House, application: MakeApplication):
    make_respondent(house.ours, tone="cercano", greeting="sin saludo")
    suggestion = propose(asked(house), rating=4, needs_human=True)

    assert told(application(), house.ours) == {
        "assistantMode": "SUGGEST",
        "suggestion": {
            "id": to_id("Suggestion", suggestion.pk),
            "text": ANSWER,
            "state": "SHOWN",
            "rating": 4,
            "needsHuman": True,
        },
        "respondent": {"values": [{"param": "tone", "value": "cercano"}, {"param": "greeting", "value": "sin saludo"}]},
    }


def test_where_nothing_happened_there_is_nothing(house: House, application: MakeApplication):
    assert told(application(), house.ours) == {"assistantMode": "SUGGEST", "suggestion": None, "respondent": None}


@pytest.mark.parametrize("state", Suggestion.State)
def test_what_was_decided_or_overtaken_is_no_longer_proposed(
    house: House, application: MakeApplication, state: Suggestion.State
):
    leased: dict[str, Any] = (
        {"lease_token": uuid.uuid4(), "lease_until": timezone.now()} if state == "generating" else {}
    )
    propose(asked(house), "antes", state=Suggestion.State.SUPERSEDED)
    propose(asked(house), state=state, **leased)

    proposed = told(application(), house.ours)["suggestion"]

    is_shown = state in {"queued", "generating", "shown", "failed"}
    assert (proposed is not None) is is_shown
    if isinstance(proposed, dict):
        assert proposed["state"] == state.name


def test_everything_of_a_suggestion(house: House, application: MakeApplication):
    propose(
        asked(house),
        provider=make_ai_provider(is_simulated=True),
        instruction="más corto",
        reason="no sé el precio",
        suggested_tags=["Interesada"],
        warnings=["phone"],
    )

    assert told(application(), house.ours, WHOLE)["suggestion"] == {
        "state": "SHOWN",
        "text": ANSWER,
        "sentText": None,
        "instruction": "más corto",
        "reason": "no sé el precio",
        "suggestedTags": ["Interesada"],
        "isSimulated": True,
        "feedback": "",
        "warnings": [{"code": "phone", "message": "Tiene un teléfono que no es nuestro."}],
        "failure": None,
        "trigger": {"text": "Hola"},
        "message": None,
        "decidedBy": None,
        "decidedAt": None,
    }


def test_a_failure_is_told_as_a_code_and_in_words(house: House, application: MakeApplication):
    propose(asked(house), "", state=Suggestion.State.FAILED, failure="too_slow")

    proposed = told(application(), house.ours, WHOLE)["suggestion"]

    assert isinstance(proposed, dict)
    assert proposed["failure"] == {
        "code": "too_slow",
        "message": "El modelo tardó demasiado. Pedí otra respuesta o respondé vos.",
    }


def test_the_narrowest_setting_is_the_mode(house: House, application: MakeApplication):
    reader = application()

    def mode(**changes: object) -> object:
        for model, change in changes.items():
            {
                "chat": Conversation.objects.filter(pk=house.ours.pk),
                "inbox": Inbox.objects.filter(pk=house.ours.inbox_id),
            }[model].update(assistant_mode=change)
        return told(reader, house.ours)["assistantMode"]

    SiteSettings.objects.update_or_create(defaults={"auto_reply": True})
    assert mode() == "AUTO"
    assert mode(inbox=AssistantMode.SUGGEST) == "SUGGEST"
    assert mode(chat=AssistantMode.AUTO) == "AUTO"
    assert mode(inbox=AssistantMode.OFF) == "OFF"
    assert mode(inbox="") == "AUTO"
    AssistantSettings.objects.create(is_enabled=False)
    assert mode() == "OFF"


def test_the_mode_is_set_and_a_pause_is_over(house: House, application: MakeApplication):
    pause_assistant(conversation=house.ours, pause=Pause.ASKED, needs_somebody=True, actor=SYSTEM)
    writer = application()
    chat = to_id("Conversation", house.ours.pk)
    document = "query ($id: ID!) { conversation(id: $id) { assistantPause { reason message since } } }"

    house.ours.refresh_from_db()
    assert house.ours.assistant_paused_at is not None
    assert told(writer, house.ours, document)["assistantPause"] == {
        "reason": "ASKED",
        "message": "La persona pidió que la atienda alguien",
        "since": house.ours.assistant_paused_at.isoformat(),
    }
    for mode in ("AUTO", "SUGGEST", "OFF"):
        answer = writer.ask(SET_MODE, input={"conversationId": chat, "mode": mode})["setAssistantMode"]
        assert answer == {"__typename": "Conversation", "id": chat, "assistantMode": mode, "assistantPause": None}


def test_a_paused_conversation_is_handed_back(house: House, application: MakeApplication):
    pause_assistant(conversation=house.ours, pause=Pause.TURNS, needs_somebody=False, actor=SYSTEM)
    chat = to_id("Conversation", house.ours.pk)

    answer = application().ask(RESUME, input={"conversationId": chat})["resumeAssistant"]

    assert answer == {"__typename": "Conversation", "id": chat, "assistantMode": "SUGGEST", "assistantPause": None}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMINISTRATOR])
def test_a_list_reads_the_assistant_of_all_rows_at_once(
    house: House, application: MakeApplication, django_assert_num_queries: DjangoAssertNumQueries, role: Role
):
    provider = make_ai_provider()
    for number in range(10):
        message = receive(house.ours.inbox, "uno", sender=f"54938755510{number:02}")
        propose(message, provider=provider)
        make_respondent(message.conversation, tone="cercano", greeting="sin saludo")
    reader = application(role)
    reader.ask(ME)

    # token, branches of an operator, page, two settings, respondents, their values, suggestions
    with django_assert_num_queries(8 if role == Role.OPERATOR else 7):
        edges = reader.ask(MANY)["conversations"]["edges"]

    assert [edge["node"]["suggestion"] is None for edge in edges].count(False) == 10
    assert [len(edge["node"]["respondent"]["values"]) for edge in edges if edge["node"]["respondent"]] == [2] * 10
