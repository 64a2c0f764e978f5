"""The assistant in the admin: whom it asks, what it is like, what it would be told, what it said."""

from apps.assistant.admin import log, parameters, providers, respondents, settings  # noqa: F401 – importing registers
