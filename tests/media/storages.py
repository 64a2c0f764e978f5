"""Storages for tests, named by their dotted path as a setting names any other."""

import errno
from typing import Any

from django.core.files.storage import FileSystemStorage


class FullStorage(FileSystemStorage):
    """A disk without room: it takes the first bytes of a file and no more."""

    def _save(self, name: str, content: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")
