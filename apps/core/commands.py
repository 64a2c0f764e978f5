"""What the commands for scripts have in common: JSON on request, refusals as one plain sentence."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations


class ScriptCommand(BaseCommand):
    """A command that a script may call: it prints facts on standard output, and fails with words on the other."""

    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            facts = self.run(options)
        except ValidationError as refusal:
            raise CommandError(in_words(refusal)) from refusal
        self.show(facts, as_json=options["json"])

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Do what was asked and return the facts to print. Raises ValidationError, CommandError."""
        raise NotImplementedError

    def show(self, facts: dict[str, Any], *, as_json: bool) -> None:
        """Print the facts, one per line or as one object."""
        if as_json:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            self.stdout.write(f"{name}: {value}")


def in_words(refusal: ValidationError) -> str:
    """Return what an action refused, each error behind its field."""
    if not hasattr(refusal, "error_dict"):
        return " ".join(refusal.messages)
    return " ".join(
        f"{field}: {message}" if field != "__all__" else message
        for field, messages in refusal.message_dict.items()
        for message in messages
    )
