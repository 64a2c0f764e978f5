"""manage.py add_ai_provider: a place that answers as OpenAI does, from a script."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError

from apps.assistant.actions.providers import add_provider
from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand

PRICES = ("daily_budget", "price_input", "price_output")
COUNTS = ("priority", "concurrency", "max_output_tokens")


class Command(ScriptCommand):
    help = "Add an AI provider with one model of it; prints their ids, never the key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True, help="how people call the provider")
        parser.add_argument("--endpoint", required=True, help="the address of its API, up to and including /v1")
        parser.add_argument("--key", default="", help="its key; “-” reads it from standard input; none for some")
        parser.add_argument("--model", required=True, help="the model, as the provider calls it")
        parser.add_argument("--priority", type=int, help="the lowest is asked first (10)")
        parser.add_argument("--concurrency", type=int, help="how many requests at once (5)")
        parser.add_argument("--daily-budget", help="what may be spent in a day; without it there is no limit")
        parser.add_argument("--currency", help="of the budget and the prices (USD)")
        parser.add_argument("--price-input", help="of a million tokens read (0)")
        parser.add_argument("--price-output", help="of a million tokens written (0)")
        parser.add_argument("--max-output-tokens", type=int, help="the longest answer (600)")
        parser.add_argument("--reads-images", action="store_true", default=None, help="the model reads images")
        parser.add_argument(
            "--no-schema", dest="takes_schema", action="store_false", default=None,
            help="the model takes no JSON schema",
        )  # fmt: skip

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        names = (*COUNTS, "currency", "reads_images", "takes_schema")
        given = {name: options[name] for name in names if options[name] is not None}
        given |= {name: _price(name, options[name]) for name in PRICES if options[name] is not None}
        provider = add_provider(
            name=options["name"],
            endpoint_url=options["endpoint"],
            api_key=sys.stdin.read() if options["key"] == "-" else options["key"],
            model=options["model"],
            actor=SYSTEM,
            **given,
        )
        model = provider.models.get()
        facts = {"id": provider.pk, "name": provider.name, "endpoint": provider.endpoint_url}
        return facts | {"model_id": model.pk, "model": model.name, "priority": provider.priority}


def _price(name: str, text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("nan")
    if not price.is_finite():
        raise CommandError(f"--{name.replace('_', '-')} is not a number.")
    return price
