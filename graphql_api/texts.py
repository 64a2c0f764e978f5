"""Texts as clients send them."""

from django.utils.translation import gettext as _

from graphql_api.errors import BadInput


def require_storable(text: str, *, field: str, longest: int | None = None) -> str:
    """Return the text. Raises BadInput for what PostgreSQL could not hold, or is longer than `longest`."""
    is_too_long = longest is not None and len(text) > longest
    if is_too_long or "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadInput(_("This text cannot be used."), code="invalid_text", field=field)
    return text
