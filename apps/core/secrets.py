"""Fields that are stored encrypted.

The first key of `ENCRYPTION_KEYS` writes, all of them read: a key is retired by putting the new one first
and running `manage.py rotate_keys`.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class UnreadableSecret(Exception):
    """A stored secret opens with none of the keys in ENCRYPTION_KEYS."""


@cache
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def keyring() -> MultiFernet:
    """Return the keys in force."""
    return _ring(tuple(settings.ENCRYPTION_KEYS))


class SealedJSON(dict[str, Any]):
    """Decrypted values; its `repr` and `str` show the names only, so that no log can leak them."""

    def __repr__(self) -> str:
        return f"<sealed: {', '.join(sorted(self))}>"

    __str__ = __repr__


def seal(values: Mapping[str, Any]) -> str:
    """Return a JSON object as it is stored."""
    return keyring().encrypt(json.dumps(values, separators=(",", ":")).encode()).decode()


def unseal(stored: str) -> SealedJSON:
    """Return what was sealed. Raises UnreadableSecret when no key fits."""
    try:
        return SealedJSON(json.loads(keyring().decrypt(stored.encode())))
    except InvalidToken as error:
        raise UnreadableSecret("No key of ENCRYPTION_KEYS opens this secret.") from error


if TYPE_CHECKING:
    _TextField = models.TextField[Mapping[str, Any], SealedJSON]
else:
    _TextField = models.TextField


class EncryptedJSONField(_TextField):
    """A JSON object, encrypted at rest.

    Raises: UnreadableSecret when read with keys that do not fit.
    """

    def from_db_value(self, value: str | None, *_: object) -> SealedJSON | None:
        return None if value is None else unseal(value)

    def to_python(self, value: Any) -> Any:
        return unseal(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return seal(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))
