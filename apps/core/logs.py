"""How a log line looks: one line, ids only, and no words of people."""

import logging
import traceback
from types import TracebackType

type ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Escapes line breaks, and tells of an exception its classes and places, never what it says.

    A message of an exception may quote what somebody wrote; the class and the place are enough to find it.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 – logging's own name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 – logging's own name
        chain = list(_chain(ei[1]))
        return "\n".join(f"{type(error).__name__}\n{_places(error)}".rstrip() for error in chain)


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an exception and what led to it, the last one first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
