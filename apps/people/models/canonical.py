"""One written form for all the ways a number is written."""

import re
from functools import lru_cache
from typing import Any, Protocol, cast

import phonenumbers
from django.db import models

HOME = "AR"
"""Where a number is from that an operator wrote without its country."""
_MEXICAN_PREFIX = re.compile(r"(?:0?1|0?4[45])(?=\d{10}$)")


@lru_cache(maxsize=4096)
def canonical_number(number: str, *, region: str | None = None) -> str:
    """Return the digits by which a number is recognised, whichever of its forms is given; never to be dialled.

    Argentine mobiles lose their 9 and 15, Mexican ones their 1, Brazilian ones get the ninth digit they had
    to take. What is no number at all stays as it is.
    """
    digits = "".join(re.findall("[0-9]", number))
    try:
        parsed = phonenumbers.parse(number if region else f"+{digits}", region)
    except phonenumbers.NumberParseException:
        return digits or number.strip()
    national = phonenumbers.national_significant_number(parsed)
    match parsed.country_code:
        case 54:
            national = national.removeprefix("0")
            if len(national) in (11, 13):  # 13: with the 15 as well, which the next round takes
                national = national.removeprefix("9")
        case 52:
            national = _MEXICAN_PREFIX.sub("", national)
        case 55 if len(national) == 10 and national[2] in "6789":
            national = f"{national[:2]}9{national[2:]}"
    form = f"{parsed.country_code}{national}"
    return form if form == digits else canonical_number(form)


class HasCanonicalForm(Protocol):
    """A row that knows its canonical form."""

    def canonical_form(self) -> str: ...


class CanonicalField(models.CharField):  # type: ignore[type-arg]
    """The canonical form of a row's own number or address; written whenever this column is."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = cast("HasCanonicalForm", model_instance).canonical_form()
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> tuple[Any, ...]:
        """Stand in migrations as the plain column it is."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
