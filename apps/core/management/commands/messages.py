"""manage.py messages: collect and compile the texts of the interface."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import catalogues


class Command(BaseCommand):
    help = "Collect the texts of the interface into locale/ and compile them; with --check, only say what is missing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a catalogue is not complete")

    def handle(self, *args: Any, **options: Any) -> None:
        found = catalogues.texts()
        if not options["check"]:
            for language in catalogues.LANGUAGES:
                catalogues.write_catalogue(language, found)
        problems = [line for language in catalogues.LANGUAGES for line in catalogues.problems(language, found)]
        if problems:
            raise CommandError("\n".join(["The catalogues are not complete:", *problems]))
        if options["verbosity"] > 1:
            self.stdout.write(f"{len(found)} texts, complete in {', '.join(catalogues.LANGUAGES)}.")
