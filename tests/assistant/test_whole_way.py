"""From the words of a person to what stands in the request at a model, and back to what an operator reads."""

import pytest

from apps.assistant.models import AssistantSettings, Completion
from tests.assistant.model_behaviour import replies
from tests.assistant.rig import wait_for
from tests.assistant.telling import furnish, say
from tests.factories import make_inbox, receive

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "Soy Ana, DNI 30.123.456. Llamame al 387 555-0101 o a la sede, 0387 421-5555"
HIDDEN = "Soy Ana, DNI [documento 1]. Llamame al [teléfono 1] o a la sede, 0387 421-5555"


def test_a_model_is_asked_with_masks_and_its_answer_is_read_without(assistant):
    # given somebody who tells their numbers, and a model that uses them
    assistant.script(replies("Te llamamos al [Teléfono 1], Ana.", needs_human=True, reason="Anotar [documento 1]"))

    # when
    suggestion = wait_for(receive(make_inbox(branch=furnish()), SAID))

    # then the request holds the courses, and masks for what is theirs alone
    asked = assistant.asked[0]
    system, last = asked.body["messages"][0], asked.body["messages"][-1]
    assert (system["role"], last) == ("system", {"role": "user", "content": HIDDEN})
    assert "- Curso: Robótica Kids | Modalidad: presencial" in system["content"]
    assert [own for own in ("555-0101", "30.123.456") if own in asked.words] == []
    # and who reads the answer reads the numbers; the log does not
    assert (suggestion.text, suggestion.reason) == ("Te llamamos al 387 555-0101, Ana.", "Anotar 30.123.456")
    assert suggestion.warnings == ["phone"]
    kept = Completion.objects.get()
    assert (kept.request or [None])[-1] == last
    assert "555-0101" not in str(kept.request) + kept.response


def test_what_the_house_says_raises_no_warning(assistant):
    text = "El lunes 1 de marzo de 2027 a las 18:00, $ 38.500. Escribí a hola@quirquincho.example o al 0387 421-5555."
    assistant.script(replies(text))
    suggestion = wait_for(receive(make_inbox(branch=furnish()), "¿Cuándo empieza Robótica Kids?"))
    assert (suggestion.text, suggestion.warnings) == (text, [])


def test_what_was_said_before_is_in_the_request_in_its_order(assistant):
    AssistantSettings.objects.create(history_messages=3)
    inbox = make_inbox(branch=furnish())
    first = receive(inbox, "Hola")
    wait_for(first)
    say(first.conversation, "¡Hola! ¿En qué te ayudo?")
    wait_for(receive(inbox, "¿Hay lugar?", reply_to=first.provider_message_id))
    told = [(each["role"], each["content"]) for each in assistant.asked[-1].body["messages"][1:]]
    assert told == [
        ("user", "Hola"),
        ("assistant", "¡Hola! ¿En qué te ayudo?"),
        ("user", "[responde a un mensaje suyo: «Hola»]\n¿Hay lugar?"),
    ]
