"""The engine: what people say is answered by a model, once, by the newest state, whatever the model does."""

import pytest

from apps.assistant.models import Suggestion
from tests.assistant.rig import outcomes_of, wait_for
from tests.factories import make_inbox, receive

pytestmark = pytest.mark.django_db(transaction=True)
State = Suggestion.State


def test_what_a_person_says_is_answered(assistant):
    message = receive(make_inbox(), "¿Cuándo empieza Robótica?")

    suggestion = wait_for(message)

    assert suggestion.text == "¡Hola! ¿En qué te ayudo?"
    assert outcomes_of(suggestion) == [("Modelos", "ok")]
    assert "¿Cuándo empieza Robótica?" in assistant.asked[0].last
