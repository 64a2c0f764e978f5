"""What a provider is asked, as its protocol wants it."""

import asyncio
import base64
from dataclasses import dataclass, replace
from typing import Any, Self

from django.core.files.storage import default_storage

from apps.assistant.types import Endpoint, Picture, Prompt, Turn

PICTURE_BYTES = 4 * 1024 * 1024

SCHEMA: dict[str, Any] = {
    "name": "answer",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {
            "reply": {"type": "string", "description": "Lo que se le responde a la persona, listo para enviar."},
            "needs_human": {"type": "boolean", "description": "Si tiene que seguir una persona del equipo."},
            "reason": {"type": "string", "description": "Para el equipo: por qué. Vacío si no hace falta."},
            "suggested_tags": {"type": "array", "items": {"type": "string"}, "description": "Etiquetas que convienen."},
        },
        "required": ["reply", "needs_human", "reason", "suggested_tags"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the protocol an endpoint understands. Nobody says so beforehand; its 400 does."""

    has_schema: bool
    tells_usage: bool = True
    is_modern: bool = False  #: counts `max_completion_tokens` and has no temperature

    def without(self, param: str | None) -> Self | None:
        """Return the shape to try once more after a 400 that blames `param`; None when nothing is left to leave out."""
        if param in ("max_tokens", "temperature") and not self.is_modern:
            return replace(self, is_modern=True)
        if self.has_schema or self.tells_usage:
            return replace(self, has_schema=False, tells_usage=False)
        return None


def body_of(endpoint: Endpoint, prompt: Prompt, turns: list[dict[str, Any]], shape: Shape) -> dict[str, Any]:
    """Return the body of one request."""
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [{"role": "system", "content": prompt.instructions}, *turns],
        "stream": True,
        "max_completion_tokens" if shape.is_modern else "max_tokens": endpoint.max_output_tokens,
    }
    if shape.has_schema:
        body["response_format"] = {"type": "json_schema", "json_schema": SCHEMA}
    if shape.tells_usage:
        body["stream_options"] = {"include_usage": True}
    if prompt.temperature is not None and not shape.is_modern:
        body["temperature"] = prompt.temperature
    return body


async def turns_of(prompt: Prompt, *, with_pictures: bool) -> list[dict[str, Any]]:
    """Return the turns of the conversation; pictures are read from the storage meanwhile."""
    if not with_pictures or not any(turn.pictures for turn in prompt.turns):
        return [{"role": str(turn.role), "content": turn.text} for turn in prompt.turns]
    return await asyncio.to_thread(lambda: [_with_pictures(turn) for turn in prompt.turns])


def _with_pictures(turn: Turn) -> dict[str, Any]:
    urls = [url for picture in turn.pictures if (url := _data_url(picture))]
    if not urls:
        return {"role": str(turn.role), "content": turn.text}
    shown: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
    shown += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": str(turn.role), "content": shown}


def _data_url(picture: Picture) -> str:
    """Return a picture as a URL that holds it; "" for one that is gone or too large."""
    try:
        with default_storage.open(picture.file, "rb") as file:
            content = file.read(PICTURE_BYTES + 1)
    except OSError:
        return ""
    if not content or len(content) > PICTURE_BYTES:
        return ""
    return f"data:{picture.mime_type};base64,{base64.b64encode(content).decode()}"
