"""What is proposed above the box: to whom, in which words, and what becomes of each button."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue, Respondent, Suggestion
from apps.assistant.queries import current_suggestion
from apps.assistant.types import Failure
from apps.console.frames import draw_suggestion
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from apps.inboxes.models import AssistantMode
from apps.people.models import PersonTag, Tag
from tests.assistant.proposing import propose as proposed
from tests.factories import make_branch, make_conversation, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db

State = Suggestion.State
HOSTILE = "<img src=x onerror=alert(1)> {{ x }}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt; {{ x }}"
TEXT = "Sí, quedan dos lugares el sábado."


@pytest.fixture
def branch(db):
    return make_branch()


@pytest.fixture
def conversation(branch) -> Conversation:
    return make_conversation(make_inbox(branch=branch), text="¿Hay lugar?", name="Ana")


def propose(conversation: Conversation, text: str = TEXT, **fields: Any) -> Suggestion:
    suggestion: Suggestion = proposed(conversation.messages.latest("pk"), text, **fields)
    return suggestion


def enter(role: Role = Role.OPERATOR, *branches) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role, tuple(branches)))
    return client


def press(client: Client, url: str, **fields: Any):
    return client.post(url, fields, headers={"X-Fragment": "answer"})


def slot(conversation: Conversation) -> str:
    conversation.refresh_from_db()
    with translation.override("en"):
        return draw_suggestion(conversation)


def words(html: str) -> str:
    """Return what a reader reads: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_nothing_proposed_is_an_empty_place(conversation):
    assert slot(conversation) == f'<div class="slot" id="suggestion-{conversation.pk}" data-slot></div>'


@pytest.mark.parametrize(
    ("state", "fields", "head"),
    [
        (State.QUEUED, {}, "Suggestion, waiting its turn"),
        (State.GENERATING, {"lease_token": "0" * 32, "lease_until": timezone.now()}, "Suggestion, being written"),
        (State.SHOWN, {}, "Suggestion"),
    ],
)
def test_each_state_has_its_head_and_its_buttons(conversation, state, fields, head):
    suggestion = propose(conversation, state=state, **fields)
    html = slot(conversation)
    assert f'<span class="suggest__title">{head}</span>' in html
    assert ('aria-busy="true"' in html) == (state != State.SHOWN)
    assert TEXT in html
    accept = re.search(r'<button class="[^"]*" id="suggest-accept" ([^>]*)>', html)
    assert accept
    assert f'formaction="/chat/suggestions/{suggestion.pk}/accept/"' in accept[1]
    assert ("disabled" in accept[1]) == (state != State.SHOWN)
    assert (f'href="/chat/{conversation.pk}/?edit={suggestion.pk}"' in html) == (state == State.SHOWN)
    assert html.count('name="rating"') == (5 if state == State.SHOWN else 0)


def test_a_failure_says_why_and_what_to_do(conversation):
    propose(conversation, "", state=State.FAILED, failure=Failure.TOO_SLOW)
    read = words(slot(conversation))
    assert "There is no suggestion" in read
    assert "The model took too long. Ask for another answer, or answer yourself." in read
    assert "Another" in read
    assert "Accept" not in read


def test_a_failure_is_no_longer_shown_once_somebody_answered(conversation):
    failed = propose(conversation, "", state=State.FAILED, failure=Failure.TOO_SLOW)
    assert current_suggestion(conversation) == failed
    send_message(conversation=conversation, text="El lunes.", client_key="k", actor=SYSTEM)
    assert (words(slot(conversation)), current_suggestion(conversation)) == ("", None)


def test_what_to_look_at_before_it_leaves(conversation):
    flags: dict[str, Any] = {"needs_human": True, "reason": "No sé el precio", "warnings": ["link", "phone"]}
    PersonTag.objects.create(person=conversation.person, tag=Tag.objects.create(name="Hermanos"))
    propose(conversation, suggested_tags=["Beca", "hermanos"], **flags)
    read = words(slot(conversation))
    assert "A person should answer this. No sé el precio" in read
    assert "It holds a link that is not ours. It holds a phone number that is not ours." in read
    assert "Tags that would fit: Beca What to do" in read  # not those the person has


def test_values_model_and_time_say_why(conversation):
    provider = AIProvider.objects.create(name="Casa", endpoint_url="http://127.0.0.1/v1", is_simulated=True)
    model = AIModel.objects.create(provider=provider, name="modelo-1")
    respondent = Respondent.objects.create(conversation=conversation, seed=1)
    for position, (name, values) in enumerate([("Tono", ["Cercano", "Formal"]), ("Reglas", ["Las de siempre"])]):
        param = AIParam.objects.create(name=name, slug=name.lower(), position=position)
        made = [AIValue.objects.create(param=param, name=value, text=value) for value in values]
        respondent.drawn.create(param=param, value=made[0])
    began = timezone.now()
    propose(
        conversation, respondent=respondent, provider=provider, model=model, started_at=began,
        finished_at=began + timedelta(seconds=1.24), instruction="Más corta", config_problem="model_missing",
    )  # fmt: skip
    html = slot(conversation)
    assert '<span class="from cut only-wide">tono cercano</span>' in html  # what could not be otherwise says nothing
    told = (
        "Why it says this Tono Cercano Reglas Las de siempre Instruction Más corta Model modelo-1 · Casa "
        "Written in 1.2 s Setting Its model is not there any more; another one is asked."
    )
    assert told in words(html)
    assert ">Simulated</span>" in html


def test_what_a_model_writes_is_only_ever_text(conversation):
    propose(
        conversation, HOSTILE, needs_human=True, reason=HOSTILE, suggested_tags=[HOSTILE], warnings=["<b>"],
        instruction=HOSTILE, feedback=HOSTILE,
    )  # fmt: skip
    html = slot(conversation)
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count(ESCAPED) == 5


def test_page_shows_it_and_only_who_may_answer_is_let(branch, conversation):
    suggestion = propose(conversation)
    operator, viewer = enter(Role.OPERATOR, branch), enter(Role.VIEWER, branch)
    pages = [one.get(f"/chat/{conversation.pk}/").content.decode() for one in (operator, viewer)]
    assert [TEXT in page for page in pages] == [True, True]
    assert ["data-may-send" in page for page in pages] == [True, False]  # the sheet of styles hides what needs it
    assert '<fieldset class="suggest__acts" data-needs="send">' in pages[1]
    for verb in ("accept", "discard", "rate"):
        assert press(viewer, f"/chat/suggestions/{suggestion.pk}/{verb}/", rating="5").status_code == 403
    for verb in ("another", "mode", "hand-back"):
        assert press(viewer, f"/chat/{conversation.pk}/{verb}/", mode="auto").status_code == 403
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.rating, Message.objects.count()) == (State.SHOWN, None, 1)


def test_other_branch_answers_like_nothing_at_all(conversation):
    suggestion = propose(conversation)
    client = enter(Role.OPERATOR, make_branch())
    for verb in ("accept", "discard", "rate"):
        hidden, nothing = (
            press(client, f"/chat/suggestions/{pk}/{verb}/", rating="5") for pk in (suggestion.pk, suggestion.pk + 1000)
        )
        assert (hidden.status_code, hidden.content) == (404, nothing.content)
    for verb in ("another", "mode", "hand-back"):
        assert press(client, f"/chat/{conversation.pk}/{verb}/", mode="off").status_code == 404
    assert Suggestion.objects.get().state == State.SHOWN


def test_accepted_it_leaves_once_and_its_rating_stays_at_hand_until_something_is_said(branch, conversation):
    suggestion = propose(conversation)
    client = enter(Role.OPERATOR, branch)
    answers = [press(client, f"/chat/suggestions/{suggestion.pk}/accept/") for _ in range(2)]
    message = Message.objects.get(direction="out")
    assert message.text == TEXT
    for answer in answers:
        assert f'id="m{message.pk}"' in answer.content.decode()
        assert "The suggestion left as it was. How was it?" in answer.content.decode()
    press(client, f"/chat/suggestions/{suggestion.pk}/rate/", rating="4", feedback="Faltó el precio")
    html = slot(conversation)
    assert re.findall(r'value="(\d)" id="rate-\d" checked', html) == ["4"]
    assert ">Faltó el precio</textarea>" in html
    receive(conversation.inbox, "¡Gracias!")
    assert "<section" not in slot(conversation)


def test_what_began_with_it_counts_as_its_answer(branch, conversation):
    suggestion = propose(conversation)
    fields = {"text": TEXT + " ¿Te anoto?", "client_key": "k", "suggestion": str(suggestion.pk)}
    sent = press(enter(Role.OPERATOR, branch), f"/chat/{conversation.pk}/messages/", **fields)
    assert sent.status_code == 200
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.sent_text) == (State.EDITED, TEXT + " ¿Te anoto?")
    assert "The suggestion left with changes. How was it?" in slot(conversation)


@pytest.mark.parametrize("source", ["overtaken", "discarded", "elsewhere", "nonsense", str(2**70)])
def test_what_began_with_one_that_does_not_count_any_more_is_a_message_of_its_own(branch, conversation, source):
    suggestion = propose(conversation)
    other = propose(make_conversation(make_inbox(branch=branch), text="Hola", sender="5493875550102"))
    if source == "overtaken":
        receive(conversation.inbox, "¿Y el domingo?")
    if source == "discarded":
        Suggestion.objects.filter(pk=suggestion.pk).update(state=State.DISCARDED)
    pk = {"overtaken": suggestion.pk, "discarded": suggestion.pk, "elsewhere": other.pk}.get(source, source)
    client = enter(Role.OPERATOR, branch)
    sent = press(client, f"/chat/{conversation.pk}/messages/", text="Sí", client_key="k", suggestion=pk)
    assert sent.status_code == 200
    assert Message.objects.get(direction="out").conversation_id == conversation.pk
    assert not Suggestion.objects.exclude(message=None).exists()


def test_two_who_edit_the_same_send_one(branch, conversation):
    suggestion = propose(conversation)
    first, second = (
        press(
            enter(Role.OPERATOR, branch), f"/chat/{conversation.pk}/messages/",
            text=f"De {number}", client_key="k", suggestion=suggestion.pk,
        )
        for number in (1, 2)
    )  # fmt: skip
    assert (first.status_code, second.status_code) == (200, 422)
    assert "Somebody decided about this suggestion already." in second.content.decode()
    assert Message.objects.get(direction="out").text == "De 1"


def test_discarded_it_is_gone_and_another_one_is_asked_for(branch, conversation):
    suggestion = propose(conversation)
    client = enter(Role.OPERATOR, branch)
    gone = press(client, f"/chat/suggestions/{suggestion.pk}/discard/")
    assert "<section" not in gone.content.decode()
    asked = press(client, f"/chat/{conversation.pk}/another/", instruction=" Más\n corta ")
    assert "Suggestion, waiting its turn" in asked.content.decode()
    newest = Suggestion.objects.latest("pk")
    assert (newest.state, newest.instruction) == (State.QUEUED, "Más corta")
    assert Suggestion.objects.get(pk=suggestion.pk).state == State.DISCARDED


def test_refusals_are_sentences(branch, conversation):
    suggestion = propose(conversation)
    client = enter(Role.OPERATOR, branch)
    unrated = press(client, f"/chat/suggestions/{suggestion.pk}/rate/", feedback="bien")
    assert (unrated.status_code, "A rating is a number from 1 to 5." in unrated.content.decode()) == (422, True)
    receive(conversation.inbox, "¿Y el domingo?")
    late = press(client, f"/chat/suggestions/{suggestion.pk}/accept/")
    assert (late.status_code, "The chat went on meanwhile" in late.content.decode()) == (422, True)
    assert not Message.objects.filter(direction="out").exists()


def test_everything_works_by_plain_forms(branch, conversation):
    suggestion = propose(conversation)
    client = enter(Role.OPERATOR, branch)
    page = client.get(f"/chat/{conversation.pk}/?edit={suggestion.pk}").content.decode()
    assert f">{TEXT}</textarea>" in page
    assert f'name="suggestion" value="{suggestion.pk}"' in page
    assert page.count("csrfmiddlewaretoken") >= 9
    back = client.post(f"/chat/suggestions/{suggestion.pk}/rate/", {"rating": "5"})
    assert back.headers["Location"] == f"/chat/{conversation.pk}/"
    for wrong in (str(suggestion.pk + 1), "x"):
        assert f">{TEXT}</textarea>" not in client.get(f"/chat/{conversation.pk}/?edit={wrong}").content.decode()
    accepted = client.post(f"/chat/suggestions/{suggestion.pk}/accept/")
    assert accepted.headers["Location"] == f"/chat/{conversation.pk}/"


@pytest.mark.parametrize(
    ("settings_of", "look", "sentence"),
    [
        ({"assistant_mode": "auto"}, "auto", "The assistant answers by itself"),
        ({}, "suggest", "The assistant proposes, and you decide"),
        (
            {"assistant_mode": "auto", "assistant_pause": "operator", "assistant_paused_at": timezone.now()},
            "paused",
            "Automatic answers are paused: Somebody of the team answered",
        ),
        ({"assistant_mode": "off"}, "off", "The assistant is off in this conversation"),
    ],
)
def test_bar_says_what_the_assistant_does_here_and_why(branch, conversation, settings_of, look, sentence):
    Conversation.objects.filter(pk=conversation.pk).update(**settings_of)
    page = enter(Role.OPERATOR, branch).get(f"/chat/{conversation.pk}/").content.decode()
    assert f'class="pill pill--{look}"' in page
    assert f'title="{sentence}"' in page
    assert ("Let the assistant go on" in page) == (look == "paused")
    viewed = enter(Role.VIEWER, branch).get(f"/chat/{conversation.pk}/").content.decode()
    assert f'<span class="pill pill--{look}" id="mode" title="{sentence}">' in viewed
    assert 'id="modes"' not in viewed


def test_inbox_that_is_off_leaves_nothing_to_choose(branch, conversation):
    conversation.inbox.assistant_mode = AssistantMode.OFF
    conversation.inbox.save()
    page = enter(Role.OPERATOR, branch).get(f"/chat/{conversation.pk}/").content.decode()
    assert 'title="The assistant is off in this inbox"' in page
    assert 'name="mode"' not in page


def test_mode_is_changed_and_the_assistant_goes_on(branch, conversation):
    client = enter(Role.OPERATOR, branch)
    answer = press(client, f"/chat/{conversation.pk}/mode/", mode="auto").content.decode()
    assert 'class="pill pill--auto"' in answer
    paused = {"assistant_pause": "phone", "assistant_paused_at": timezone.now()}
    Conversation.objects.filter(pk=conversation.pk).update(**paused)
    press(client, f"/chat/{conversation.pk}/hand-back/")
    conversation.refresh_from_db()
    assert (conversation.assistant_mode, conversation.assistant_paused_at) == ("auto", None)
    assert press(client, f"/chat/{conversation.pk}/mode/", mode="everything").status_code == 200
    conversation.refresh_from_db()
    assert conversation.assistant_mode == "suggest"
