"""Where a model may be: an address that a person of the house enters, and that carries a key and people's words."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.assistant.client import endpoint_problem

COMPLETIONS = "/chat/completions"
"""What is asked below the address; people paste it along."""


def clean_endpoint(url: str) -> str:
    """Return an address as it is stored: without what is asked below it, without a slash at its end.

    Raises: ValidationError (field endpoint_url) with the problem as its code.
    """
    url = url.strip()
    if problem := endpoint_problem(url):
        words = _("This is not the address of an API, such as https://api.example.com/v1.")
        if problem == "insecure":
            words = _("Across the internet only https: the key and what people say would be open to read.")
        raise ValidationError({"endpoint_url": ValidationError(words, code=problem)})
    return url.rstrip("/").removesuffix(COMPLETIONS).rstrip("/")
