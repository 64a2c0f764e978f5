"""Asking a model: what is asked, what is heard, and what every fault is called."""

import json
import socket
import traceback
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.assistant.client import Client
from apps.assistant.types import (
    Answer,
    Endpoint,
    Failure,
    ModelError,
    Picture,
    Prompt,
    Reply,
    Role,
    Turn,
    Usage,
    failure_in_words,
)
from tests.assistant import model_behaviour as does
from tests.assistant.model_server import ModelServer

KEY = "sk-the-key-of-tests"
PROMPT = Prompt(
    instructions="Sos el asistente.",
    turns=(
        Turn(role=Role.PERSON, text="Hola"),
        Turn(role=Role.OURS, text="¡Hola!"),
        Turn(role=Role.PERSON, text="¿Precio?"),
    ),
    temperature=0.5,
)
PNG = b"\x89PNG picture"


def endpoint_of(server: ModelServer, **fields: Any) -> Endpoint:
    told = {
        "provider_id": 1,
        "model_id": 2,
        "base_url": server.url,
        "api_key": KEY,
        "model": "modelo-1",
        "takes_schema": True,
        "reads_images": False,
        "max_output_tokens": 300,
    }
    return Endpoint(**{**told, **fields})


async def ask(
    server: ModelServer,
    *,
    prompt: Prompt = PROMPT,
    client: Client | None = None,
    first_text_seconds: float = 5.0,
    deadline_seconds: float = 5.0,
    told: list[str] | None = None,
    **fields: Any,
) -> Answer:
    heard = [] if told is None else told
    limits = {"first_text_seconds": first_text_seconds, "deadline_seconds": deadline_seconds}
    endpoint = endpoint_of(server, **fields)
    if client is not None:
        return await client.ask(endpoint, prompt, on_text=heard.append, **limits)
    async with Client() as own:
        return await own.ask(endpoint, prompt, on_text=heard.append, **limits)


async def fault(server: ModelServer, *behaviours: does.Behaviour, **fields: Any) -> ModelError:
    server.script(*behaviours)
    with pytest.raises(ModelError) as raised:
        await ask(server, **fields)
    words = "".join(traceback.format_exception(raised.value))
    assert KEY not in words
    assert "Hola" not in words
    return raised.value


def explained(error: ModelError) -> tuple[Failure, str]:
    return error.failure, error.detail


# What is asked -----------------------------------------------------------------------------


async def test_structured_answer_is_streamed_and_counted(model_server):
    told: list[str] = []
    text = does.result("Sale $ 45.000.", needs_human=True, reason="Pide factura.", suggested_tags=("Beca",))
    model_server.script(does.says(text))
    answer = await ask(model_server, told=told)
    assert answer.reply == Reply(
        text="Sale $ 45.000.", needs_human=True, reason="Pide factura.", suggested_tags=("Beca",)
    )
    assert told == ["Sale", "Sale $", "Sale $ 45.000."]
    assert answer.raw == text
    assert answer.usage == Usage(prompt_tokens=8, completion_tokens=26)
    assert answer.request_id == "req-1"
    assert 0 <= answer.first_text_ms <= answer.latency_ms < 5000


async def test_request_says_what_the_protocol_wants(model_server):
    await ask(model_server)
    (asked,) = model_server.asked
    schema = asked.body.pop("response_format")["json_schema"]
    assert asked.body == {
        "model": "modelo-1",
        "messages": [
            {"role": "system", "content": "Sos el asistente."},
            {"role": "user", "content": "Hola"},
            {"role": "assistant", "content": "¡Hola!"},
            {"role": "user", "content": "¿Precio?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 300,
        "temperature": 0.5,
    }
    assert (schema["strict"], schema["schema"]["additionalProperties"]) == (True, False)
    assert schema["schema"]["required"] == ["reply", "needs_human", "reason", "suggested_tags"]
    assert (asked.path, asked.key, asked.headers["accept-encoding"]) == ("/v1/chat/completions", KEY, "identity")


async def test_model_without_schema_is_sent_none(model_server):
    await ask(model_server, takes_schema=False)
    (asked,) = model_server.asked
    assert asked.body.keys().isdisjoint({"response_format"})


async def test_pictures_go_to_models_that_read_them(model_server, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    there = default_storage.save("a.png", ContentFile(PNG))
    large = default_storage.save("large.png", ContentFile(b"x" * (4 * 1024 * 1024 + 1)))
    pictures = tuple(Picture(mime_type="image/png", file=name) for name in (there, large, "gone.png"))
    prompt = Prompt(instructions="", turns=(Turn(role=Role.PERSON, text="Mirá", pictures=pictures),))
    await ask(model_server, prompt=prompt, reads_images=True)
    await ask(model_server, prompt=prompt, reads_images=False)
    seen, blind = model_server.asked
    url = {"url": "data:image/png;base64,iVBORyBwaWN0dXJl"}
    assert seen.body["messages"][1]["content"] == [
        {"type": "text", "text": "Mirá"},
        {"type": "image_url", "image_url": url},
    ]
    assert blind.body["messages"][1]["content"] == "Mirá"


async def test_connection_is_kept_for_the_next_request(model_server):
    async with Client() as client:
        first = await ask(model_server, client=client)
        second = await ask(model_server, client=client)
    assert first.reply == second.reply
    assert len(model_server.peers) == 1


async def test_what_is_not_understood_is_left_out_and_remembered(model_server):
    model_server.script(does.fails(400, code="unknown_field", param="response_format"), does.says("Hola Ana"))
    async with Client() as client:
        answer = await ask(model_server, client=client)
        await ask(model_server, client=client)
    assert answer.reply == Reply(text="Hola Ana")
    assert answer.usage == Usage(prompt_tokens=30, completion_tokens=2, is_estimated=True)
    asked = [sorted(item.body.keys() & {"response_format", "stream_options"}) for item in model_server.asked]
    assert asked == [["response_format", "stream_options"], [], []]


async def test_modern_names_are_used_where_the_old_ones_are_refused(model_server):
    model_server.script(does.fails(400, code="unsupported_parameter", param="max_tokens"))
    await ask(model_server)
    _first, second = model_server.asked
    assert second.body["max_completion_tokens"] == 300
    assert second.body.keys().isdisjoint({"max_tokens", "temperature"})
    assert "response_format" in second.body


# What is heard -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("¡Hola, Ana!", Reply(text="¡Hola, Ana!")),
        ('```json\n{"reply": "Sí.", "needs_human": false}\n```', Reply(text="Sí.")),
        ('Acá va:\n{"reply": "Sí.", "extra": [1, {"a": 2}]}\nSaludos', Reply(text="Sí.")),
        ('<think>Pregunta {"reply": 1}</think>\n{"reply": "Sí."}', Reply(text="Sí.")),
        ("```\nHola\n```", Reply(text="Hola")),
        ('{"reply": "Uno\ndos"}', Reply(text="Uno\ndos")),
        ('{"reply": 45000, "needs_human": "no", "reason": null, "suggested_tags": null}', Reply(text="45000")),
        (
            '{"reply": ["Uno", "dos"], "needs_human": "Sí", "reason": 7, "suggested_tags": "Beca, Hermanos,, Beca"}',
            Reply(text="Uno\ndos", needs_human=True, reason="7", suggested_tags=("Beca", "Hermanos")),
        ),
        ('{"needs_human": true}', Reply(text="", needs_human=True)),
        ('{"respuesta": "Sí."}', Reply(text="Sí.")),
        ('{"reply": "\\ud83d\\ude00 \\ud83d \\u0000"}', Reply(text="\U0001f600 �")),
        ('Usá {"a": 1} en el código.', Reply(text='Usá {"a": 1} en el código.')),
    ],
)
async def test_answer_is_understood_in_whatever_form(model_server, text, reply):
    model_server.script(does.says(text))
    assert (await ask(model_server)).reply == reply


@pytest.mark.parametrize("text", ["{", '{"hola": 1}', "[1, 2]", '{"reply": {"a": 1}}', '{"reply": "Hol', "{no json}"])
async def test_what_cannot_be_understood_is_no_answer(model_server, text):
    error = await fault(model_server, does.says(text))
    assert explained(error) == (Failure.UNREADABLE, "not_json")
    assert error.raw == text


async def test_text_grows_without_the_form_around_it(model_server):
    told: list[str] = []
    model_server.script(does.says('```json\n{"reply": "Hola, Ana.\\nEmpieza el lunes.", "needs_human": false}\n```'))
    await ask(model_server, told=told)
    assert told[0] == "Hola,"
    assert told[-1] == "Hola, Ana.\nEmpieza el lunes."
    assert all("Hola, Ana.\nEmpieza el lunes.".startswith(text) for text in told)


async def test_whole_answer_is_as_good_as_a_stream(model_server):
    told: list[str] = []
    model_server.script(does.whole(does.result("Sí.")))
    answer = await ask(model_server, told=told)
    assert (answer.reply, told, answer.usage.is_estimated) == (Reply(text="Sí."), ["Sí."], False)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ('{"reply": "Empieza el lunes.", "needs_hu', "Empieza el lunes."),
        ('{"reply": "Empieza el lunes. Son 12 cl', "Empieza el lunes."),
        ("Empieza el lunes. Son 12 cl", "Empieza el lunes."),
        ("Empieza el", "Empieza el"),
    ],
)
async def test_answer_that_was_cut_off_waits_for_a_person(model_server, text, reply):
    model_server.script(does.says(text, finish_reason="length"))
    answer = await ask(model_server)
    assert (answer.reply.text, answer.reply.needs_human) == (reply, True)
    assert answer.reply.reason == "La respuesta está incompleta: el modelo se cortó."


@pytest.mark.parametrize("text", ['{"reply": "Sí.", "needs_human": false}', '```json\n{"reply": "Sí."}\n```\n'])
async def test_complete_object_is_an_answer_also_where_nobody_says_that_it_ended(model_server, text):
    model_server.script(does.unfinished(text))
    assert (await ask(model_server)).reply == Reply(text="Sí.")


@pytest.mark.parametrize("failure", [*Failure, "a new one"])
def test_operator_reads_a_sentence_for_every_failure(failure):
    words = failure_in_words(failure)
    assert words.endswith(".")
    assert len(words) > 40


# Faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "failure", "detail"),
    [
        (does.fails(500), Failure.FAULT, "http_500"),
        (does.fails(503, code="overloaded"), Failure.FAULT, "http_503 overloaded"),
        (does.fails(401, code="wrong_key", message=f"Wrong key {KEY}"), Failure.UNAUTHORIZED, "http_401 wrong_key"),
        (does.fails(402), Failure.LIMITED, "http_402"),
        (does.fails(403), Failure.UNAUTHORIZED, "http_403"),
        (does.fails(404, code="model_not_found"), Failure.NO_MODEL, "http_404 model_not_found"),
        (does.fails(409), Failure.REFUSED_REQUEST, "http_409"),
        (does.html(502), Failure.FAULT, "http_502"),
        (does.html(302), Failure.UNREADABLE, "http_302"),
        (does.html(200), Failure.UNREADABLE, "not_a_model text.html"),
        (does.broken_json(), Failure.UNREADABLE, "not_the_protocol"),
        (does.broken_json("application/json"), Failure.UNREADABLE, "not_the_protocol"),
        (does.Behaviour(answer="body", body="[]"), Failure.UNREADABLE, "not_the_protocol"),
        (does.Behaviour(answer="body", body="{}"), Failure.UNREADABLE, "no_choices"),
        (does.Behaviour(answer="body", body='{"choices": 3}'), Failure.UNREADABLE, "not_the_protocol"),
        (does.resets(), Failure.UNREACHABLE, "connection_lost"),
        (does.breaks_off("¡Hola, Ana! Empieza el lunes."), Failure.BROKEN_OFF, "connection_lost"),
        (does.unfinished("¡Hola, Ana!"), Failure.BROKEN_OFF, "no_end"),
        (does.says("Ho", finish_reason="error"), Failure.BROKEN_OFF, "error"),
        (does.unfinished('{"reply": "¡Hola, Ana!", "needs'), Failure.BROKEN_OFF, "no_end"),
        (does.unfinished('{"needs_human": true}'), Failure.BROKEN_OFF, "no_end"),
        (does.refuses(), Failure.REFUSED, "refusal"),
        (does.says("Ho", finish_reason="content_filter"), Failure.REFUSED, "content_filter"),
        (does.empty(), Failure.EMPTY, "no_words"),
        (does.says(" ", finish_reason="length"), Failure.EMPTY, "length"),
        (does.replies(""), Failure.EMPTY, "no_reply"),
    ],
)  # fmt: skip
async def test_fault_has_a_name(model_server, behaviour, failure, detail):
    error = await fault(model_server, behaviour)
    assert explained(error) == (failure, detail)
    assert len(model_server.asked) == 1


async def test_bad_request_is_tried_once_more_and_no_oftener(model_server):
    error = await fault(model_server, does.fails(400, code="context_length_exceeded"), does.fails(422))
    assert explained(error) == (Failure.REFUSED_REQUEST, "http_422")
    assert len(model_server.asked) == 2


async def test_error_inside_a_stream_is_one(model_server):
    def told(error: dict[str, Any]) -> does.Behaviour:
        body = f"data: {json.dumps({'error': error})}\n\n"
        return does.Behaviour(answer="body", body=body, content_type="text/event-stream")

    limit, other = told({"code": "rate_limit_exceeded", "message": "Hola"}), told({"code": 7, "message": "Hola"})
    assert explained(await fault(model_server, limit)) == (Failure.LIMITED, "in_stream rate_limit_exceeded")
    assert explained(await fault(model_server, other)) == (Failure.FAULT, "in_stream 7")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("2.5", 2.5), ("999999999", 86400.0), ("", None), ("soon", None), ("-1", None), ("nan", None)],
)
async def test_limit_tells_how_long_to_rest(model_server, header, seconds):
    error = await fault(model_server, does.limited(header))
    assert explained(error) == (Failure.LIMITED, "http_429 rate_limit_exceeded")
    assert error.retry_after == seconds


async def test_limit_may_name_a_date(model_server, time_machine):
    time_machine.move_to("2026-12-01T10:00:00Z", tick=False)
    error = await fault(model_server, does.limited("Tue, 01 Dec 2026 10:00:30 GMT"))
    assert error.retry_after == 30.0


@pytest.mark.parametrize("behaviour", [does.hangs(), does.hangs_after_headers()])
async def test_model_without_a_first_word_is_too_slow(model_server, behaviour):
    error = await fault(model_server, behaviour, first_text_seconds=0.1)
    assert explained(error) == (Failure.TOO_SLOW, "no_first_word")
    assert error.usage is None
    model_server.wait_until_open(0)


async def test_model_without_a_last_word_is_too_slow(model_server):
    behaviour = does.slow(piece_seconds=0.09, text="¡Hola, Ana! Empieza el lunes a las 18 h.")
    error = await fault(model_server, behaviour, first_text_seconds=0.2, deadline_seconds=0.4)
    assert explained(error) == (Failure.TOO_SLOW, "no_last_word")
    assert error.raw.startswith("¡Hola, Ana!")
    assert error.usage is not None
    assert error.usage.is_estimated
    model_server.wait_until_open(0)


async def test_second_try_has_no_time_of_its_own(model_server):
    error = await fault(model_server, does.fails(400), does.hangs(), first_text_seconds=0.2)
    assert explained(error) == (Failure.TOO_SLOW, "no_first_word")


async def test_nobody_there_is_unreachable(model_server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        error = await fault(model_server, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert explained(error) == (Failure.UNREACHABLE, "no_connection")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://models.example/v1", "malformed"),
        ("https://", "malformed"),
        ("https://models.example:port/v1", "malformed"),
        ("https://mödels.example/v1", "malformed"),
        ("https://user:word@models.example/v1", "credentials"),
        ("https://models.example/v1?key=1", "query"),
        ("http://models.example/v1", "insecure"),
        ("http://8.8.8.8/v1", "insecure"),
        ("http://169.254.169.254/v1", "forbidden"),
        ("https://[::ffff:169.254.169.254]/v1", "forbidden"),
    ],
)
async def test_endpoint_that_may_not_be_one_is_never_asked(model_server, url, problem):
    error = await fault(model_server, base_url=url)
    assert explained(error) == (Failure.UNREACHABLE, f"endpoint_{problem}")


async def test_key_that_no_header_can_hold_is_wrong(model_server):
    for key in ("sk-\nHost: elsewhere", "sk-ñandú"):
        with pytest.raises(ModelError) as raised:
            await ask(model_server, api_key=key)
        assert explained(raised.value) == (Failure.UNAUTHORIZED, "unusable_key")
    assert model_server.asked == []
