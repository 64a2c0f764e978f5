"""The simulated model's words as OpenAI's protocol says them."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from apps.simulator.language_model.answers import answer

NAME = "simulado-1"
PIECE = re.compile(r"\s*\S{1,8}|\s+")
LETTERS_OF_A_TOKEN = 4

type Json = dict[str, Any]


def pieces_of(text: str) -> list[str]:
    """Return a text in pieces as small as a model says them."""
    return PIECE.findall(text)


def speak(body: Json) -> str:
    """Return what the model says to a request: JSON, unless nobody asked for it."""
    told = [(str(message.get("role")), words_of(message)) for message in body["messages"]]
    instructions = "\n".join(words for role, words in told if role == "system")
    said = answer(instructions, [(role, words) for role, words in told if role != "system"])
    is_structured = "response_format" in body or "JSON" in instructions
    return json.dumps(asdict(said), ensure_ascii=False) if is_structured else said.reply


def words_of(message: Json) -> str:
    """Return the words of a message that may show pictures as well."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text") or "[imagen]") for part in content)


def usage_of(body: Json, text: str) -> Json:
    """Return what an answer to a request cost."""
    asked = sum(len(str(message.get("content") or "")) for message in body["messages"]) // LETTERS_OF_A_TOKEN
    said = -(-len(text) // LETTERS_OF_A_TOKEN)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def events(body: Json, text: str, *, finish_reason: str = "stop", field: str = "content") -> Iterator[str]:
    """Yield the events of a stream that says a text; `field` is "refusal" for one that declines."""
    yield _event(body, [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for piece in pieces_of(text):
        yield _event(body, [{"index": 0, "delta": {field: piece}, "finish_reason": None}])
    yield _event(body, [{"index": 0, "delta": {}, "finish_reason": finish_reason}])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event(body, [], usage=usage_of(body, text))
    yield "data: [DONE]\n\n"


def completion(body: Json, text: str) -> Json:
    """Return a whole answer, for who wants no stream."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return _told(body, "chat.completion", choices) | {"usage": usage_of(body, text)}


def error(message: str, *, code: str, kind: str = "invalid_request_error", param: str | None = None) -> Json:
    """Return a refusal as the protocol tells it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _event(body: Json, choices: list[Json], **more: Any) -> str:
    told = _told(body, "chat.completion.chunk", choices) | more
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n"


def _told(body: Json, kind: str, choices: list[Json]) -> Json:
    return {"id": "chatcmpl-sim", "object": kind, "created": 0, "model": body.get("model", NAME), "choices": choices}
