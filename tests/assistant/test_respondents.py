"""What the assistant is like in a conversation: drawn by weight, kept, drawn again, chosen by hand."""

import threading
from collections import Counter
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from apps.assistant.actions.respondents import choose_value, draw, pin, redraw, respondent_of
from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue, Respondent
from apps.assistant.queries import candidates, config_problems, current_respondent, drawable_params, drawn_values
from apps.conversations.models import Conversation
from apps.core.actors import ASSISTANT, SYSTEM, Role
from tests.factories import make_actor, make_conversation

pytestmark = pytest.mark.django_db
CHI_SQUARE_3 = 16.27
"""Three degrees of freedom: fair dice are above it once in a thousand times."""


def make_param(name="Tono", kind="prompt", **chances) -> AIParam:
    """Make a parameter with one value for each chance."""
    param = AIParam.objects.create(name=name, slug=name.lower(), kind=kind)
    for value, chance in chances.items():
        AIValue.objects.create(param=param, name=value, text=value, chance=chance)
    return param


def make_model(provider: str = "Uno", name: str = "m", **columns: object) -> AIModel:
    of_provider = {"name": provider, "endpoint_url": "http://localhost:1/v1", **columns}
    row, _ = AIProvider.objects.get_or_create(name=provider, defaults=of_provider)
    return AIModel.objects.create(provider=row, name=name)


def words(respondent: Respondent) -> list[str]:
    return [drawn.value.name for drawn in drawn_values(respondent)]


# Chance -------------------------------------------------------------------------------------


def test_values_are_drawn_in_proportion_to_their_chances() -> None:
    make_param(cercano=60, formal=25, breve=10, seco=5, nunca=0)
    params = drawable_params()
    drawn = Counter(value.name for seed in range(8_000) for value in draw(params, seed=seed).values())
    wanted = {"cercano": 4_800, "formal": 2_000, "breve": 800, "seco": 400}
    assert set(drawn) == set(wanted)
    assert sum((drawn[name] - count) ** 2 / count for name, count in wanted.items()) < CHI_SQUARE_3


def test_parameters_are_drawn_apart_from_each_other() -> None:
    make_param("Tono", a=1, b=1)
    make_param("Largo", c=1, d=1)
    params = drawable_params()
    pairs = Counter("".join(value.name for value in draw(params, seed=seed).values()) for seed in range(4_000))
    assert set(pairs) == {"ac", "ad", "bc", "bd"}
    assert sum((count - 1_000) ** 2 / 1_000 for count in pairs.values()) < CHI_SQUARE_3


def test_the_same_seed_draws_the_same() -> None:
    make_param(a=1, b=1, c=1, d=1)
    conversation = make_conversation()
    seen = [words(redraw(conversation=conversation, seed=seed, actor=SYSTEM)) for seed in (7, 8, 9, 7)]
    assert seen[0] == seen[3]
    assert Respondent.objects.get(is_current=True).seed == 7
    make_param("Largo", x=1)
    assert words(redraw(conversation=conversation, seed=7, actor=SYSTEM)) == [*seen[0], "x"]


# What is kept -------------------------------------------------------------------------------


def test_a_conversation_keeps_what_was_drawn() -> None:
    make_param(**{f"v{number}": 1 for number in range(50)})
    first, second = (make_conversation(sender=f"549387555010{number}") for number in range(2))
    drawn = respondent_of(conversation=first, actor=ASSISTANT)
    assert [respondent_of(conversation=first, actor=ASSISTANT) for _ in range(3)] == [drawn] * 3
    assert respondent_of(conversation=second, actor=ASSISTANT).seed != drawn.seed


def test_what_is_complete_costs_four_queries(django_assert_num_queries) -> None:
    for number in range(6):
        make_param(f"p{number}", a=1, b=1)
    conversation = make_conversation()
    respondent_of(conversation=conversation, actor=ASSISTANT)
    with django_assert_num_queries(4):
        respondent_of(conversation=conversation, actor=ASSISTANT)


def test_new_parameters_are_added_and_values_switched_off_drawn_again() -> None:
    make_param("Tono", a=1)
    conversation = make_conversation()
    first = respondent_of(conversation=conversation, actor=ASSISTANT)
    make_param("Largo", b=1)
    second = respondent_of(conversation=conversation, actor=ASSISTANT)
    assert (words(first), words(second), second.seed) == (["a"], ["a", "b"], first.seed)

    AIValue.objects.filter(name="a").update(is_enabled=False)
    third = respondent_of(conversation=conversation, actor=ASSISTANT)
    assert (words(third), words(second)) == (["b"], ["a", "b"])
    AIValue.objects.create(param=AIParam.objects.get(name="Tono"), name="c", text="c")
    assert words(respondent_of(conversation=conversation, actor=ASSISTANT)) == ["c", "b"]
    assert Respondent.objects.filter(conversation=conversation, is_current=True).count() == 1


def test_a_parameter_that_is_switched_off_is_left_out() -> None:
    param = make_param("Tono", a=1)
    make_param("Largo", b=1)
    conversation = make_conversation()
    respondent = respondent_of(conversation=conversation, actor=ASSISTANT)
    AIParam.objects.filter(pk=param.pk).update(is_enabled=False)
    assert respondent_of(conversation=conversation, actor=ASSISTANT) == respondent
    assert words(respondent) == ["b"]


def test_what_is_pinned_stays_until_it_is_switched_off() -> None:
    make_param(a=1, b=1)
    conversation = make_conversation()
    wanted = AIValue.objects.get(name="b")
    chosen = choose_value(conversation=conversation, value=wanted, actor=SYSTEM)
    assert (words(chosen), chosen.is_pinned) == (["b"], True)
    AIValue.objects.filter(pk=wanted.pk).update(chance=0)
    assert respondent_of(conversation=conversation, actor=ASSISTANT) == chosen
    AIValue.objects.filter(pk=wanted.pk).update(is_enabled=False)
    other = respondent_of(conversation=conversation, actor=ASSISTANT)
    assert (words(other), other.is_pinned) == (["a"], True)
    pin(conversation=conversation, is_pinned=False, actor=SYSTEM)
    assert not Respondent.objects.get(pk=other.pk).is_pinned
    with pytest.raises(ValidationError) as refusal:
        choose_value(conversation=conversation, value=AIValue.objects.get(name="b"), actor=SYSTEM)
    assert refusal.value.code == "switched_off"


def test_who_may_not_handle_a_conversation_draws_nothing() -> None:
    param = make_param(a=1)
    conversation = make_conversation()
    strangers = [make_actor(Role.VIEWER, (conversation.inbox.branch,)), make_actor(Role.OPERATOR)]
    for actor in strangers:
        for deed in (
            lambda actor: respondent_of(conversation=conversation, actor=actor),
            lambda actor: redraw(conversation=conversation, actor=actor),
            lambda actor: pin(conversation=conversation, is_pinned=True, actor=actor),
            lambda actor: choose_value(conversation=conversation, value=param.values.get(), actor=actor),
        ):
            with pytest.raises(PermissionDenied):
                deed(actor)
    assert not Respondent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_drawn_at_once_it_is_one_respondent() -> None:
    make_param(**{f"v{number}": 1 for number in range(20)})
    conversation = make_conversation()
    starting_line, found = threading.Barrier(6), []

    def run() -> None:
        try:
            own = Conversation.objects.select_related("inbox").get(pk=conversation.pk)
            starting_line.wait(10)
            found.append(respondent_of(conversation=own, actor=ASSISTANT).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [Respondent.objects.get().pk] * 6


# Whom to ask --------------------------------------------------------------------------------


def names(respondent: Respondent | None) -> list[str]:
    return [f"{model.provider.name} {model.name}" for model in candidates(respondent).models]


def test_providers_are_asked_in_their_order_each_with_its_first_model() -> None:
    make_model("Tercero", priority=30)
    make_model("Primero", "b", priority=1)
    make_model("Primero", "a")
    make_model("Segundo", priority=2)
    make_model("Apagado", priority=0, is_enabled=False)
    AIModel.objects.filter(name="b").update(position=20)
    assert names(None) == ["Primero a", "Segundo m", "Tercero m"]


def test_what_is_simulated_answers_only_while_nothing_real_does() -> None:
    make_model("De mentira", priority=1, is_simulated=True)
    assert names(None) == ["De mentira m"]
    AIProvider.objects.create(name="Sin modelos", endpoint_url="http://localhost:1/v1")
    assert names(None) == ["De mentira m"]
    make_model("De verdad", priority=99)
    assert names(None) == ["De verdad m"]


def test_a_drawn_model_is_asked_first() -> None:
    make_model("Uno", priority=1)
    chosen = make_model("Dos", "otro", priority=2)
    make_model("Dos", "m")
    param = make_param("Modelo", kind="model")
    AIValue.objects.create(param=param, name="otro", model=chosen)
    respondent = respondent_of(conversation=make_conversation(), actor=ASSISTANT)
    assert (names(respondent), candidates(respondent).problem) == (["Dos otro", "Uno m"], "")


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda model: model.delete(), "model_missing"),
        (lambda model: AIModel.objects.filter(pk=model.pk).update(is_enabled=False), "model_disabled"),
        (lambda model: AIProvider.objects.filter(name="Dos").update(is_enabled=False), "provider_disabled"),
    ],
    ids=["gone", "off", "provider off"],
)
def test_a_drawn_model_that_cannot_be_asked_is_said_and_another_one_asked(break_it, problem) -> None:
    make_model("Uno")
    param = make_param("Modelo", kind="model")
    AIValue.objects.create(param=param, name="otro", model=make_model("Dos", priority=1))
    respondent = respondent_of(conversation=make_conversation(), actor=ASSISTANT)
    break_it(AIModel.objects.get(provider__name="Dos"))
    found = candidates(respondent)
    assert (names(respondent), found.problem) == (["Uno m"], problem)
    assert problem in [trouble.code for trouble in config_problems(SYSTEM)]


# What is wrong ------------------------------------------------------------------------------


def told() -> list[tuple[str, str]]:
    return [(trouble.code, str(trouble.subject or "")) for trouble in config_problems(SYSTEM)]


def test_an_empty_house_says_what_is_missing() -> None:
    assert told() == [("no_provider", ""), ("no_params", "")]
    respondent = respondent_of(conversation=make_conversation(), actor=ASSISTANT)
    assert (words(respondent), candidates(respondent).models) == ([], [])


def test_what_cannot_be_drawn_or_says_nothing_is_told_and_left_out() -> None:
    AIProvider.objects.create(name="Sin modelos", endpoint_url="http://localhost:1/v1")
    make_param("Vacío")
    make_param("Nunca", nada=0)
    AIValue.objects.filter(param=make_param("Mudo", mudo=1)).update(text=" ")
    number = make_param("Temperature", kind="number", nada=1, mucho=1)
    number.values.filter(name="mucho").update(number=Decimal("2.5"))
    assert told() == [
        ("no_model", "Sin modelos"),
        ("nothing_to_draw", "Vacío"),
        ("nothing_to_draw", "Nunca"),
        ("text_missing", "mudo"),
        ("number_missing", "nada"),
        ("temperature", "mucho"),
    ]
    assert len(words(respondent_of(conversation=make_conversation(), actor=ASSISTANT))) == 2
    assert all(str(trouble.words) for trouble in config_problems(SYSTEM))
    assert config_problems(make_actor(Role.OPERATOR)) == []


def test_the_current_respondent_is_asked_for_without_drawing() -> None:
    conversation = make_conversation()
    assert current_respondent(conversation) is None
    drawn = redraw(conversation=conversation, actor=SYSTEM)
    assert current_respondent(conversation) == drawn
    assert current_respondent(make_conversation(sender="5493875550102")) is None
