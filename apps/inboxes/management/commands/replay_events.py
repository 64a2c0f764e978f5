"""manage.py replay_events: process webhooks of the journal again."""

import uuid
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from itertools import batched
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils import timezone

from apps.core.actors import SYSTEM
from apps.core.commands import ScriptCommand
from apps.inboxes.actions.journal import replay_events
from apps.inboxes.management.commands.add_inbox import account_of
from apps.inboxes.models import DeadLetter, WebhookEvent
from apps.inboxes.queries import events_for, with_body

BATCH = 1_000
STATES = ("dead", "ignored", "processed")


class Command(ScriptCommand):
    """What the webhooks said already changes nothing, so that replaying too much costs time only."""

    help = "Process webhooks again: the dead ones, or those the options choose."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--account", type=int, help="only those of the account with this id")
        parser.add_argument("--since", help="only those received at or after this time, as 2026-11-22T10:00")
        parser.add_argument("--state", choices=STATES, help="only those in this state; without it the dead ones")
        parser.add_argument("--class", dest="error_class", help="only those with an open dead letter of this error")
        parser.add_argument("--event", help="only this one, by its id")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = _chosen(options)
        uids = list(with_body(chosen).order_by("pk").values_list("uid", flat=True))
        gone = chosen.count() - len(uids)
        if not options["dry_run"]:
            for some in batched(uids, BATCH):
                replay_events(events=list(some), actor=SYSTEM)
        return {"events": len(uids), "without_body": gone, "dry_run": options["dry_run"]}


def _chosen(options: Mapping[str, Any]) -> QuerySet[WebhookEvent]:
    events = events_for(SYSTEM)
    if options["event"]:
        return _one(events, options["event"])
    if options["account"] is not None:
        events = events.filter(account=account_of(options["account"]))
    if options["since"]:
        events = events.filter(received_at__gte=_moment(options["since"]))
    if options["error_class"]:
        letters = DeadLetter.objects.filter(state=DeadLetter.State.OPEN, error_class=options["error_class"])
        events = events.filter(pk__in=letters.values("event"))
        return events.filter(state=options["state"]) if options["state"] else events
    return events.filter(state=options["state"] or WebhookEvent.State.DEAD)


def _one(events: QuerySet[WebhookEvent], uid: str) -> QuerySet[WebhookEvent]:
    try:
        events = events.filter(uid=uuid.UUID(uid))
    except ValueError:
        raise CommandError(f"“{uid}” is no id of a webhook.") from None
    if not events.exists():
        raise CommandError(f"There is no webhook {uid}.")
    return events


def _moment(text: str) -> datetime:
    """Return a time; one without a zone is meant in the zone of the house."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no time; write it as 2026-11-22T10:00.") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
