"""The assistant in the admin: whom it asks, what it is like, what it would be told."""

from apps.assistant.admin import parameters, providers, respondents, settings  # noqa: F401 – importing registers
