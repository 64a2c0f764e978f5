"""What the JSON of several providers has in common.

A key may be absent, null or "" for the same thing, numbers may come as strings and the other way
round. Unknown keys are ignored; unknown shapes of known keys fail, one item at a time.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from providers.meta import clean_id, clean_text

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_FIRST_MILLISECONDS = 10**11


def _text_or_number(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _id(value: Any) -> Any:
    value = _text_or_number(value)
    return clean_id(value) if isinstance(value, str) else value


def _words(value: Any) -> Any:
    value = _text_or_number(value)
    return clean_text(value) if isinstance(value, str) else value


def objects(value: Any) -> Any:
    """Take only the objects of a list that decorates its item."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_(value: Any) -> Any:
    """Take a missing, null or oddly typed object for an empty one: it only decorates its item."""
    return value if isinstance(value, dict) else {}


def flag(value: Any) -> bool:
    """Take only a true `true` for one."""
    return value is True


def _decoration(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean_text(str(value))


Id = Annotated[str, BeforeValidator(_id), Field(max_length=255)]
Word = Annotated[str, BeforeValidator(_id)]
Words = Annotated[str, BeforeValidator(_words)]
Decoration = Annotated[str, BeforeValidator(_decoration)]  #: whatever else stands there, it fails nothing
Flag = Annotated[bool, BeforeValidator(flag)]


class Wire(BaseModel):
    """Base of every model of their JSON."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def moment(number: str) -> datetime | None:
    """Return the time that seconds or milliseconds since 1970 stand for; None if they stand for none."""
    if not _NUMBER.fullmatch(number):
        return None
    value = int(number)
    seconds = value / 1000 if value >= _FIRST_MILLISECONDS else value
    try:
        return datetime.fromtimestamp(seconds, UTC) if value else None
    except (ValueError, OverflowError, OSError):
        return None


def word_of(value: object) -> str:
    """Return a word of theirs that is fit for a reason code, "?" if it is none."""
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    return text if _WORD.fullmatch(text) else "?"
