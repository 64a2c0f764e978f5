"""Fields that are stored encrypted.

The first key of `ENCRYPTION_KEYS` writes, all of them read: a key is retired by putting the new one first
and running `manage.py rotate_keys`. What is stored names the row it was sealed for, so that a value that
somebody copied into another row opens nowhere.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class UnreadableSecret(Exception):
    """A stored secret opens with none of the keys in ENCRYPTION_KEYS, or was sealed for another row."""


@cache
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def keyring() -> MultiFernet:
    """Return the keys in force."""
    return _ring(tuple(settings.ENCRYPTION_KEYS))


class Sealed(Mapping[str, Any]):
    """Stored values that stay closed until one is read; `repr` and `str` show none, so that no log can leak them.

    Raises: UnreadableSecret when read, not when loaded: a lost key must not take down lists of rows.
    """

    __slots__ = ("_opened", "stored")

    def __init__(self, stored: str) -> None:
        self.stored = stored
        self._opened: tuple[str, dict[str, Any]] | None = None

    @classmethod
    def seal(cls, values: Mapping[str, Any], *, owner: str) -> "Sealed":
        """Close `values` for the row that `owner` names."""
        plain = json.dumps([owner, dict(values)], separators=(",", ":"))
        return cls(keyring().encrypt(plain.encode()).decode())

    def open_for(self, owner: str) -> dict[str, Any]:
        """Return the values. Raises UnreadableSecret also when they were sealed for another row."""
        sealed_for, values = self._open()
        if sealed_for != owner:
            raise UnreadableSecret("This secret was sealed for another row.")
        return dict(values)

    def is_current(self) -> bool:
        """Tell whether the first key closed this."""
        try:
            Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(self.stored.encode())
        except InvalidToken:
            return False
        return True

    def rotated(self) -> "Sealed":
        """Return the same closed with the first key. Raises UnreadableSecret."""
        self._open()
        return Sealed(keyring().rotate(self.stored.encode()).decode())

    def _open(self) -> tuple[str, dict[str, Any]]:
        if self._opened is None:
            try:
                owner, values = json.loads(keyring().decrypt(self.stored.encode()))
            except (InvalidToken, ValueError) as error:
                raise UnreadableSecret("No key of ENCRYPTION_KEYS opens this secret.") from error
            self._opened = (owner, values)
        return self._opened

    def __getitem__(self, name: str) -> Any:
        return self._open()[1][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open()[1])

    def __len__(self) -> int:
        return len(self._open()[1])

    def __repr__(self) -> str:
        return "<sealed>"


if TYPE_CHECKING:
    _TextField = models.TextField[Mapping[str, Any], Sealed]
else:
    _TextField = models.TextField


class EncryptedJSONField(_TextField):
    """A JSON object, encrypted at rest, bound to its row by the value of the field `owner`.

    Written by saving the row: `update()` does not know which row it seals for, and refuses.
    """

    def __init__(self, *args: Any, owner: str, **options: Any) -> None:
        self.owner = owner
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "owner": self.owner}

    def from_db_value(self, value: str | None, *_: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return Sealed(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        values = super().pre_save(model_instance, add)
        if isinstance(values, Mapping) and not isinstance(values, Sealed):
            values = Sealed.seal(values, owner=getattr(model_instance, self.owner))
            setattr(model_instance, self.attname, values)
        return values

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.stored
        raise TypeError("Secrets are written by saving their row.")

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.pre_save(obj, add=False)))
