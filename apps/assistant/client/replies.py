"""What a model said, and what of it is the answer to the person.

Asked for JSON, models also give plain words, JSON behind a greeting or a fence, numbers for words. Whatever can be
understood is; what cannot never reaches a person as it is.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic_core import from_json

from apps.assistant.types import Failure, ModelError, Reply
from providers.meta import clean_text

THOUGHT = re.compile(r"\s*<(think|thinking)>.*?(</\1>|\Z)", re.DOTALL)
"""What some models say to themselves first."""
OBJECT = re.compile(r'\{\s*"')
FENCE = re.compile(r"```[\w-]*\s*\n?")
SENTENCE = re.compile(r".*[.!?…](?=\s|\Z)", re.DOTALL)
REPLY_NAMES = ("reply", "respuesta", "answer", "response", "message", "text")
YES = frozenset({"true", "yes", "sí", "si", "1"})
REASON_LENGTH = 300
TAG_LENGTH = 60
TAGS = 10

type Partial = Literal["on", "trailing-strings"]


def words_so_far(raw: str) -> str:
    """Return the answer as far as it has come; "" while it is not clear where it begins."""
    text = _spoken(raw)
    at = _object_at(text)
    if at is None:
        return "" if text.startswith("{") else _plain(text).partition("```")[0].rstrip("{").rstrip()
    fields = _whole(text[at:]) or _fields(text[at:], "trailing-strings")
    reply = _reply_in(fields) if fields is not None else None
    return reply.strip() if reply else ""


def read_reply(raw: str, *, is_cut: bool) -> Reply:
    """Return the answer in all that was said. `is_cut`: the limit of its length came first.

    Raises: ModelError(EMPTY, UNREADABLE).
    """
    text = _spoken(raw)
    if not text:
        raise ModelError(Failure.EMPTY, "length" if is_cut else "no_words")
    at = _object_at(text)
    fields = _whole(text[at:]) if at is not None else None
    if fields is not None and (reply := _from_fields(fields)) is not None:
        return reply
    if at is not None and (fields is None or at == 0):
        return _cut_off(text, at, is_cut)
    if text.startswith(("{", "[")):
        raise ModelError(Failure.UNREADABLE, "not_json", raw=raw)
    plain = _plain(text)
    return _shortened(plain) if is_cut else _checked(Reply(text=plain))


def is_complete(raw: str) -> bool:
    """Tell whether all that was said is one answer that ended, where nobody says that it did: an object that is closed.

    Of plain words nobody knows.
    """
    text = _plain(_spoken(raw))
    try:
        fields = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and bool(_reply_in(fields))


def _spoken(raw: str) -> str:
    return THOUGHT.sub("", raw, count=1).strip()


def _object_at(text: str) -> int | None:
    found = OBJECT.search(text)
    return found.start() if found else None


def _plain(text: str) -> str:
    return FENCE.sub("", text, count=1).removesuffix("```").strip() if text.startswith("`") else text


def _whole(text: str) -> dict[str, Any] | None:
    """Return the object at the beginning of a text, if it is complete."""
    try:
        found, _end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _fields(text: str, partial: Partial) -> dict[str, Any] | None:
    """Return what there is of an object that is not complete."""
    try:
        found = from_json(text.encode("utf-8", "replace"), allow_partial=partial)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _reply_in(fields: dict[str, Any]) -> str | None:
    said = next((fields[name] for name in REPLY_NAMES if name in fields), None)
    if isinstance(said, list) and all(isinstance(line, str) for line in said):
        said = "\n".join(said)
    return clean_text(str(said)) if isinstance(said, str | int | float) and not isinstance(said, bool) else None


def _from_fields(fields: dict[str, Any]) -> Reply | None:
    text = _reply_in(fields)
    if text is None and "needs_human" not in fields:
        return None
    return _checked(
        Reply(
            text=(text or "").strip(),
            needs_human=_truth(fields.get("needs_human")),
            reason=clean_text(str(fields.get("reason") or "")).strip()[:REASON_LENGTH],
            suggested_tags=_tags(fields.get("suggested_tags")),
        )
    )


def _truth(value: object) -> bool:
    return value.strip().lower() in YES if isinstance(value, str) else bool(value)


def _tags(value: object) -> tuple[str, ...]:
    names: Iterable[object] = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    tags = (clean_text(name).strip()[:TAG_LENGTH] for name in names if isinstance(name, str) and name.strip())
    return tuple(dict.fromkeys(tags))[:TAGS]


def _checked(reply: Reply) -> Reply:
    if not reply.text and not reply.needs_human:
        raise ModelError(Failure.EMPTY, "no_reply")
    return reply


def _cut_off(text: str, at: int, is_cut: bool) -> Reply:
    """Return what an incomplete object holds: a reply that ended, or the sentences that did."""
    if reply := _reply_in(_fields(text[at:], "on") or {}):
        return Reply(text=reply.strip(), needs_human=True, reason=_cut_reason())
    if is_cut and (reply := _reply_in(_fields(text[at:], "trailing-strings") or {})):
        return _shortened(reply.strip())
    raise ModelError(Failure.UNREADABLE, "not_json", raw=text)


def _shortened(text: str) -> Reply:
    """Return the sentences that ended. Somebody looks at it before it leaves."""
    ended = SENTENCE.match(text)
    return _checked(Reply(text=ended[0].strip() if ended else text, needs_human=True, reason=_cut_reason()))


def _cut_reason() -> str:
    return str(_("The answer is not complete: the model was cut off."))
