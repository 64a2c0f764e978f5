"""The AI provider and the settings an installation needs before its assistant can be measured.

A process of its own, so that the one that measures carries no Django.
"""

import argparse
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from apps.assistant.actions.defaults import ensure_defaults
from apps.assistant.actions.providers import add_provider
from apps.assistant.models import AssistantSettings
from apps.core.actors import SYSTEM

NO_LIMIT = 30_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    options = parser.parse_args()
    add_provider(name="Bench", endpoint_url=options.endpoint, api_key="key", model="bench", actor=SYSTEM)
    ensure_defaults(actor=SYSTEM)
    AssistantSettings.objects.create(debounce_seconds=0, conversation_daily_limit=NO_LIMIT)


if __name__ == "__main__":
    main()
