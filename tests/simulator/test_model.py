"""The simulated model over HTTP: asked as any other."""

import json

import pytest
from django.test import Client as Browser

from apps.assistant.client import Client
from apps.assistant.models import AIProvider
from apps.assistant.types import Endpoint, Failure, ModelError, Prompt, Role, Turn
from apps.simulator.queries import model_key
from apps.simulator.views import model as view

PATH = "/simulator/model/v1/chat/completions"
HELLO = {"model": "simulado-1", "messages": [{"role": "user", "content": "Hola"}]}
PROMPT = Prompt(
    instructions="- Curso: Robótica Kids | Precio: 4 cuotas\n  - Edición: Centro | Comienza: lunes 1 de marzo de 2027\n"
    "Respondé con JSON.",
    turns=(Turn(role=Role.PERSON, text="¿Cuánto sale Robótica Kids?"),),
)


def post(body, key=None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Browser().post(PATH, body, content_type="application/json", headers=headers)


async def ask(url: str, *, key: str, model: str = "simulado-1"):
    provider = AIProvider(is_simulated=True, endpoint_url="http://127.0.0.1:1/elsewhere")
    assert provider.base_url == f"{url}/simulator/model/v1"
    endpoint = Endpoint(
        provider_id=1, model_id=1, base_url=provider.base_url, api_key=key, model=model, takes_schema=True,
        reads_images=False, max_output_tokens=300,
    )  # fmt: skip
    told: list[str] = []
    async with Client() as client:
        answer = await client.ask(endpoint, PROMPT, first_text_seconds=5, deadline_seconds=10, on_text=told.append)
    return answer, told


@pytest.mark.django_db(transaction=True)
async def test_it_streams_behind_the_real_server(server, monkeypatch):
    monkeypatch.setattr(view, "PIECE_SECONDS", 0.001)
    answer, told = await ask(server, key=model_key())
    expected = "La próxima edición de Robótica Kids comienza el lunes 1 de marzo de 2027 en Centro. Precio: 4 cuotas."
    assert answer.reply.text == told[-1] == expected
    assert len(told) > 5
    assert (answer.usage.is_estimated, answer.request_id[:4]) == (False, "sim-")
    for key, model, failure in (("sim-0", "simulado-1", Failure.UNAUTHORIZED), (model_key(), "x", Failure.NO_MODEL)):
        with pytest.raises(ModelError) as raised:
            await ask(server, key=key, model=model)
        assert raised.value.failure == failure


def test_whoever_wants_no_stream_gets_the_whole(db):
    told = post(HELLO, model_key()).json()
    assert told["choices"][0]["message"]["content"] == "¡Hola! Por ahora no tenemos cursos con fecha."
    assert told["usage"] == {"prompt_tokens": 1, "completion_tokens": 12, "total_tokens": 13}


def test_the_models_are_listed(db):
    listed = Browser().get("/simulator/model/v1/models", headers={"Authorization": f"Bearer {model_key()}"}).json()
    assert [model["id"] for model in listed["data"]] == ["simulado-1"]
    assert Browser().get("/simulator/model/v1/models").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        json.dumps({"model": "simulado-1"}),
        json.dumps({"model": "simulado-1", "messages": []}),
        json.dumps({"model": "simulado-1", "messages": ["Hola"]}),
        json.dumps({"model": "simulado-1", "messages": [{"role": "user", "content": 7}]}),
        json.dumps({**HELLO, "messages": [{"role": "user"}] * 501}),
        json.dumps({**HELLO, "model": ["simulado-1"]}),
        json.dumps({**HELLO, "stream_options": 3}),
        json.dumps({**HELLO, "user": "x" * 1024 * 1024}),
    ],
)
def test_what_is_no_request_is_refused(db, body):
    response = post(body, model_key())
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")


def test_without_the_key_nothing_is_read(db):
    assert [post("{", key).status_code for key in (None, "x", model_key()[:-1], "ñ")] == [401, 401, 401, 401]
