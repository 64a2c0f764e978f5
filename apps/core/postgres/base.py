"""The backend Django loads by the name of this package."""

from types import TracebackType

import psycopg
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property


class TerseErrors(DatabaseErrorWrapper):
    """Cuts what PostgreSQL adds to an error: its DETAIL quotes rows and keys, which are people's words and numbers.

    An exception ends in logs, in failed tasks, in reports. Its first line says what is wrong.
    """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and isinstance(error, psycopg.Error):
            error.args = tuple(str(part).partition("\n")[0] for part in error.args[:1])
        super().__exit__(kind, error, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Django knows it, but for its errors."""

    @cached_property
    def wrap_database_errors(self) -> TerseErrors:
        return TerseErrors(self)
