"""The JSON that only numbers with the phone app have. Source: docs/reference/providers/whatsapp_coexistence.md"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from providers.whatsapp.wire import Error
from providers.wire import Decoration, Id, Wire, Word, object_, objects


def _whole(value: Any) -> Any:
    """Take what is no small whole number for 0: it only says how far something is."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def object_or_none(value: Any) -> Any:
    """Take anything but an object for nothing."""
    return value if isinstance(value, dict) else None


Whole = Annotated[int, BeforeValidator(_whole)]


class ChunkMetadata(Wire):
    phase: Whole = 0
    chunk_order: Whole = 0
    progress: Whole = 0


class Chunk(Wire):
    """A part of the phone's old messages, or why there are none."""

    metadata: Annotated[ChunkMetadata | None, BeforeValidator(object_or_none)] = None
    errors: Annotated[list[Error], BeforeValidator(objects)] = []


class ThreadContext(Wire):
    wa_id: Id = ""
    user_id: Id = ""
    parent_user_id: Id = ""
    username: Decoration = ""


class Thread(Wire):
    """The old messages with one person, whose number is the thread's id."""

    id: Id = ""
    context: Annotated[ThreadContext, BeforeValidator(object_)] = ThreadContext()


class BookContact(Wire):
    full_name: Decoration = ""
    first_name: Decoration = ""
    phone_number: Id = ""
    user_id: Id = ""
    parent_user_id: Id = ""


class BookMetadata(Wire):
    timestamp: Word = ""


class BookEntry(Wire):
    """Somebody was written into the phone's address book, or struck out."""

    type: Word
    action: Word
    contact: BookContact
    metadata: Annotated[BookMetadata, BeforeValidator(object_)] = BookMetadata()


class SyncAnswer(Wire):
    request_id: Annotated[Id, Field(min_length=1)]
